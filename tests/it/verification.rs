//! How a supplier is let in: application, recommendation, review, notice, approval; and what ends it (H4).

use crate::support::{
    app::{App, on_both},
    people::At,
    trade::{Trade, accepted, fresh_key, id},
};
use entity::membership::Role;
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600 * 1000;

/// A cooperative of Weining that nobody has let in yet, its owner, and two officers and a manager of the county.
pub struct Newcomer {
    pub supplier: String,
    pub owner: String,
    pub officer: String,
    pub second: String,
    pub manager: String,
}

impl Newcomer {
    pub async fn of(app: &App) -> Self {
        app.member("register-officer", Role::AuthorityOfficer, At::Unit("520526")).await;
        let supplier = json!({
            "code": "new-coop", "name": "威宁新合作社", "kind": "cooperative", "division_code": "520526",
            "social_credit_code": "93520526MA6WNNG01E",
        });
        let entered = app.post("/suppliers", supplier).by(&app.login("register-officer").await).await.ok();
        let id = id(&entered).to_owned();
        app.member("new-owner", Role::Supplier, At::Supplier("new-coop")).await;
        app.member("second-officer", Role::AuthorityOfficer, At::Unit("520526")).await;
        app.member("county-manager", Role::AuthorityManager, At::Unit("520526")).await;
        Self::logged_in(app, id).await
    }

    async fn logged_in(app: &App, supplier: String) -> Self {
        Self {
            supplier,
            owner: app.login("new-owner").await,
            officer: app.login("demo-weining").await,
            second: app.login("second-officer").await,
            manager: app.login("county-manager").await,
        }
    }

    /// Days later, all logged in anew.
    pub async fn after(self, app: &App, days: i64) -> Self {
        app.wait_millis(days * DAY);
        Self::logged_in(app, self.supplier).await
    }

    pub async fn apply(&self, app: &App) -> Value {
        let path = format!("/suppliers/{}/applications", self.supplier);
        let answer = app.post(&path, json!({"note": "种植土豆"})).by(&self.owner).key(&fresh_key()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.ok()
    }

    /// As far as the public notice.
    pub async fn published(&self, app: &App) -> Value {
        let applied = self.apply(app).await;
        step(app, &applied, "recommend", &json!({"note": "实地核查属实"}), &self.officer).await.ok();
        step(app, &applied, "review", &json!({}), &self.second).await.ok();
        step(app, &applied, "publish", &json!({}), &self.officer).await.ok()
    }

    /// As far as the approval.
    pub async fn approved(self, app: &App) -> (Self, Value) {
        let published = self.published(app).await;
        let this = self.after(app, 7).await;
        let approved = step(app, &published, "approve", &json!({}), &this.second).await.ok();
        (this, approved)
    }
}

pub fn step(app: &App, of: &Value, name: &str, body: &Value, by: &str) -> crate::support::call::Call {
    app.post(&format!("/verifications/{}/{name}", id(of)), body.clone()).by(by)
}

async fn status(app: &App, newcomer: &Newcomer) -> Value {
    app.get(&format!("/suppliers/{}", newcomer.supplier)).by(&newcomer.officer).await.ok()["status"].clone()
}

on_both! {
    async fn who_sells_from_another_province_is_let_in_by_the_province(app: &App) {
        for name in ["p-register", "p-first", "p-second"] {
            app.member(name, Role::AuthorityOfficer, At::Unit("520000")).await;
        }
        let (register, county) = (app.login("p-register").await, app.login("demo-weining").await);
        let trader = |place: &str| json!({
            "code": "cd-trade", "name": "成都配送公司", "kind": "distributor", "division_code": place,
            "social_credit_code": "91520526MA6WNNG03T",
        });
        app.post("/suppliers", trader("510000")).by(&county).await.points_at("/division_code", "division_unknown");
        let entered = app.post("/suppliers", trader("510000")).by(&register).await.ok();
        app.member("cd-owner", Role::Supplier, At::Supplier("cd-trade")).await;
        let applying = format!("/suppliers/{}/applications", id(&entered));
        let applied = app.post(&applying, json!({})).by(&app.login("cd-owner").await).await.ok();
        for lower in [&county, &app.login("demo-bijie").await] {
            step(app, &applied, "recommend", &json!({}), lower).await.refused(404, "not_found");
        }
        let (first, second) = (app.login("p-first").await, app.login("p-second").await);
        step(app, &applied, "recommend", &json!({}), &register).await.refused(403, "own_work");
        step(app, &applied, "recommend", &json!({}), &first).await.ok();
        step(app, &applied, "review", &json!({}), &second).await.ok();
        step(app, &applied, "publish", &json!({}), &first).await.ok();
        app.wait_millis(7 * DAY);
        let approved = step(app, &applied, "approve", &json!({}), &app.login("p-second").await).await.ok();
        assert_eq!(approved["state"], "approved");
        // A household there is in that province's register, not in this one.
        let household = json!({"code": "h-away", "name": "张某", "division_code": "431226"});
        app.post("/households", household).by(&app.login("p-first").await).await.points_at("/division_code", "division_unknown");
    }

    async fn a_supplier_is_let_in_step_by_step_and_by_four_eyes(app: &App) {
        let new = Newcomer::of(app).await;
        let applied = new.apply(app).await;
        assert_eq!((&applied["state"], &applied["version"], &applied["steps"][0]["step"]), (&json!("applied"), &json!(1), &json!("apply")));
        let path = format!("/suppliers/{}/applications", new.supplier);
        app.post(&path, json!({})).by(&new.owner).await.refused(409, "application_under_way");
        // Out of order, and by who may not.
        for (name, body) in [("review", json!({})), ("publish", json!({})), ("approve", json!({})), ("suspend", json!({"reason": "抽检不合格"})), ("reinstate", json!({"reason": "整改完毕了"}))] {
            step(app, &applied, name, &body, &new.officer).await.refused(409, "verification_state");
            step(app, &applied, name, &body, &new.owner).await.refused(403, "forbidden");
        }
        let bijie = app.login("demo-bijie").await;
        step(app, &applied, "recommend", &json!({}), &bijie).await.refused(404, "not_found");
        app.get(&format!("/verifications/{}", id(&applied))).by(&bijie).await.refused(404, "not_found");
        step(app, &applied, "recommend", &json!({}), &new.officer).header("if-match", "\"9\"").await.refused(412, "stale_version");

        let recommended = step(app, &applied, "recommend", &json!({"note": "实地核查属实"}), &new.officer).header("if-match", "\"1\"").await.ok();
        assert_eq!((&recommended["state"], &recommended["version"]), (&json!("recommended"), &json!(2)));
        step(app, &applied, "review", &json!({}), &new.officer).await.refused(403, "own_work");
        step(app, &applied, "review", &json!({}), &new.second).await.ok();
        let published = step(app, &applied, "publish", &json!({}), &new.officer).await.ok();
        assert_eq!((&published["notice_from_on"], &published["notice_until_on"]), (&json!("2026-03-02"), &json!("2026-03-08")));
        step(app, &applied, "approve", &json!({}), &new.second).await.refused(409, "notice_runs");
        assert_eq!(status(app, &new).await, "pending");

        let new = new.after(app, 7).await;
        step(app, &applied, "approve", &json!({}), &new.officer).await.refused(403, "own_work");
        for day in ["2026-03-09", "2031-03-10"] {
            step(app, &applied, "approve", &json!({"expires_on": day}), &new.second).await.points_at("/expires_on", "date_out_of_range");
        }
        let key = fresh_key();
        let approve = || step(app, &applied, "approve", &json!({"expires_on": "2027-08-31"}), &new.second).key(&key);
        let approved = approve().await.ok();
        assert_eq!((&approved["state"], &approved["expires_on"]), (&json!("approved"), &json!("2027-08-31")));
        assert_eq!(approve().await.header("idempotency-replayed"), "true");
        let steps: Vec<&Value> = approved["steps"].as_array().expect("steps").iter().map(|step| &step["step"]).collect();
        assert_eq!(steps, ["apply", "recommend", "review", "publish", "approve"]);
        assert_eq!(approved["steps"][1]["reason"], "实地核查属实");
        assert_eq!(status(app, &new).await, "approved");
        let told = app.number("select count(*) from audit_entry where resource = 'verification' and outcome = 'done'").await;
        assert_eq!(told, 5);
    }

    async fn who_entered_a_supplier_does_not_let_it_in(app: &App) {
        let new = Newcomer::of(app).await;
        let entered = app.login("register-officer").await;
        let applied = new.apply(app).await;
        step(app, &applied, "recommend", &json!({}), &entered).await.refused(403, "own_work");
        let waiting = app.get("/verifications?waiting=true").by(&entered).await.ok();
        assert_eq!(waiting["items"], json!([]));
        step(app, &applied, "recommend", &json!({}), &new.officer).await.ok();
    }

    async fn officers_see_what_waits_for_them(app: &App) {
        let new = Newcomer::of(app).await;
        let waiting = async |token: &str| {
            let page = app.get("/verifications?waiting=true").by(token).await.ok();
            page["items"].as_array().expect("items").iter().map(|one| one["state"].as_str().expect("a state").to_owned()).collect::<Vec<_>>()
        };
        let applied = new.apply(app).await;
        assert_eq!((waiting(&new.officer).await, waiting(&new.second).await), (vec!["applied".to_owned()], vec!["applied".to_owned()]));
        assert_eq!(waiting(&new.owner).await, Vec::<String>::new());
        let bijie = app.login("demo-bijie").await;
        assert_eq!(waiting(&bijie).await, Vec::<String>::new());
        step(app, &applied, "recommend", &json!({}), &new.officer).await.ok();
        assert_eq!((waiting(&new.officer).await.len(), waiting(&new.second).await.len()), (0, 1));
        step(app, &applied, "review", &json!({}), &new.second).await.ok();
        assert_eq!((waiting(&new.officer).await.len(), waiting(&new.second).await.len()), (1, 1), "anybody may publish");
        step(app, &applied, "publish", &json!({}), &new.officer).await.ok();
        assert_eq!((waiting(&new.officer).await.len(), waiting(&new.second).await.len()), (0, 0), "the notice runs");
        let new = new.after(app, 7).await;
        assert_eq!((waiting(&new.officer).await.len(), waiting(&new.second).await.len()), (0, 1));
        // The supplier sees its own; a page holds as many as asked for.
        let Newcomer { owner, officer, .. } = &new;
        let own = app.get("/verifications").by(owner).await.ok();
        assert_eq!((own["items"].as_array().map(Vec::len), &own["items"][0]["supplier_name"]), (Some(1), &json!("威宁新合作社")));
        let first = app.get("/verifications?state=approved&limit=1").by(officer).await.ok();
        let cursor = first["next_cursor"].as_str().expect("more");
        let next = app.get(&format!("/verifications?state=approved&limit=1&cursor={cursor}")).by(officer).await.ok();
        assert_ne!(first["items"][0]["id"], next["items"][0]["id"]);
        let of = app.get(&format!("/verifications?supplier_id={}", new.supplier)).by(officer).await.ok();
        assert_eq!(of["items"][0]["id"], applied["id"]);
    }

    async fn an_application_is_refused_or_taken_back_and_made_anew(app: &App) {
        let new = Newcomer::of(app).await;
        let applied = new.apply(app).await;
        let why = json!({"reason": "材料与实地核查不符"});
        step(app, &applied, "refuse", &json!({"reason": ""}), &new.officer).await.points_at("/reason", "required");
        step(app, &applied, "refuse", &why, &new.owner).await.refused(403, "forbidden");
        let refused = step(app, &applied, "refuse", &why, &new.officer).await.ok();
        assert_eq!((&refused["state"], &refused["steps"][1]["reason"]), (&json!("refused"), &why["reason"]));
        step(app, &applied, "recommend", &json!({}), &new.officer).await.refused(409, "verification_state");
        let again = new.apply(app).await;
        step(app, &again, "withdraw", &why, &new.officer).await.refused(403, "forbidden");
        let back = step(app, &again, "withdraw", &why, &new.owner).await.ok();
        assert_eq!((&back["state"], status(app, &new).await), (&json!("withdrawn"), json!("pending")));
        // Somebody else's, and nobody's.
        let coop = app.login("weining-potato-coop").await;
        app.post(&format!("/suppliers/{}/applications", new.supplier), json!({})).by(&coop).await.refused(404, "not_found");
        let answer = app.post(&format!("/suppliers/{}/applications", new.supplier), json!({"note": "电话 19900000001"})).by(&new.owner).await;
        answer.points_at("/note", "number_in_text");
    }

    async fn an_agent_applies_on_consent_and_counts_as_itself(app: &App) {
        let agent = app.login("demo-agent").await;
        let household = app.supplier("hh-weining-01").await.id.to_string();
        let applied = app.post(&format!("/suppliers/{household}/applications"), json!({})).by(&agent).await.ok();
        assert_ne!(applied["steps"][0]["consent_id"], Value::Null);
        assert_eq!(applied["steps"][0]["account_id"], app.account_id("demo-agent").await);
        let officer = app.login("demo-weining").await;
        let seen = app.get(&format!("/verifications/{}", id(&applied))).by(&officer).await.ok();
        assert_eq!(seen["supplier_name"], applied["supplier_name"]);
        let auditor = app.login("demo-admin").await;
        app.get(&format!("/verifications/{}", id(&applied))).by(&auditor).await.ok();
        let told = app.texts("select detail from audit_entry where action = 'verification.apply'").await;
        assert!(told.len() == 1 && told[0].contains("on_behalf_of"), "{told:?}");
        let other = app.supplier("weining-potato-coop").await.id.to_string();
        app.post(&format!("/suppliers/{other}/applications"), json!({})).by(&agent).await.refused(404, "not_found");
    }

    async fn what_the_province_suspended_no_county_reinstates(app: &App) {
        for (name, unit) in [("p-manager", "520000"), ("c-manager", "520526"), ("c-second", "520526")] {
            app.member(name, Role::AuthorityManager, At::Unit(unit)).await;
        }
        let (province, county) = (app.login("p-manager").await, app.login("c-manager").await);
        let seller = app.supplier("weining-potato-coop").await.id;
        let held = app.get(&format!("/verifications?supplier_id={seller}")).by(&county).await.ok()["items"][0].clone();
        let why = json!({"reason": "抽检不合格，暂停供货"});
        step(app, &held, "suspend", &why, &province).await.ok();
        let back = json!({"reason": "县里恢复供货"});
        step(app, &held, "reinstate", &back, &county).await.refused(403, "suspended_from_above");
        app.member("p-second", Role::AuthorityManager, At::Unit("520000")).await;
        assert_eq!(step(app, &held, "reinstate", &back, &app.login("p-second").await).await.ok()["state"], "approved");
        // Its own suspension the county takes back itself.
        step(app, &held, "suspend", &why, &county).await.ok();
        assert_eq!(step(app, &held, "reinstate", &back, &app.login("c-second").await).await.ok()["state"], "approved");
    }

    async fn who_is_not_approved_offers_and_sells_nothing(app: &App) {
        let new = Newcomer::of(app).await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let seller = app.supplier("weining-potato-coop").await;
        let waiting = trade.order(&[("potato", "20", "jin")]).await;
        let sent = trade.under_way(&[("potato", "20", "jin")]).await;
        let basket = trade.basket(&[("potato", "20", "jin")]).await;
        let held = app.get(&format!("/verifications?supplier_id={}", seller.id)).by(&new.officer).await.ok();
        let held = held["items"][0].clone();
        assert_eq!((&held["state"], &held["expires_on"]), (&json!("approved"), &json!("2029-03-02")), "it came with the county's list");
        let offers = async || {
            let found = app.get("/listings?product=potato&limit=200").by(&trade.buyer).await.ok();
            let found = found["items"].as_array().expect("items").iter();
            found.filter(|offer| offer["supplier"]["id"] == seller.id.to_string()).count()
        };
        assert!(offers().await > 0);

        let why = json!({"reason": "抽检不合格，暂停供货"});
        let suspended = step(app, &held, "suspend", &why, &new.officer).await.ok();
        assert_eq!(suspended["state"], "suspended");
        assert_eq!(offers().await, 0);
        let refused = app.post("/orders", basket.clone()).by(&trade.buyer).key(&fresh_key()).await;
        refused.points_at("/lines/0/listing_id", "supplier_not_approved");
        app.post("/baskets/quote", json!({"canteen_id": trade.canteen_id, "lines": basket["lines"]})).by(&trade.buyer).await
            .points_at("/lines/0/listing_id", "supplier_not_approved");
        app.post(&format!("/orders/{}/confirm", id(&waiting)), json!({})).by(&trade.seller).await.refused(409, "supplier_not_approved");
        app.post(&format!("/suppliers/{}/applications", seller.id), json!({})).by(&trade.seller).await.refused(409, "supplier_suspended");
        // What is under way arrives.
        trade.receive(&sent, accepted).await.ok();
        app.post(&format!("/orders/{}/decline", id(&waiting)), json!({"reason": "暂停供货"})).by(&trade.seller).await.ok();

        let reinstated = step(app, &held, "reinstate", &json!({"reason": "整改合格，恢复供货"}), &new.officer).await.ok();
        assert_eq!((&reinstated["state"], &reinstated["expires_on"]), (&json!("approved"), &json!("2029-03-02")));
        app.post("/orders", basket).by(&trade.buyer).key(&fresh_key()).await.ok();
    }

    async fn an_approval_is_renewed_by_the_next_one(app: &App) {
        let new = Newcomer::of(app).await;
        let (new, first) = new.approved(app).await;
        let next = new.published(app).await;
        assert_eq!(status(app, &new).await, "approved", "it goes on selling");
        let new = new.after(app, 7).await;
        step(app, &next, "approve", &json!({"expires_on": "2029-12-31"}), &new.second).await.ok();
        let old = app.get(&format!("/verifications/{}", id(&first))).by(&new.second).await.ok();
        assert_eq!(old["state"], "renewed");
        assert_eq!(app.number("select count(*) from verification v join supplier s on s.id = v.supplier_id where s.code = 'new-coop' and v.state = 'approved'").await, 1);
    }

    async fn a_step_that_was_taken_is_never_changed(app: &App) {
        for sql in ["update verification_step set at = 2", "delete from verification_step"] {
            let told = app.try_execute(sql).await.expect_err(sql).to_string();
            assert!(told.contains("verification_step is append-only"), "{told}");
        }
    }

    async fn two_who_decide_at_once_decide_once(app: &App) {
        let new = Newcomer::of(app).await;
        let published = new.published(app).await;
        let Newcomer { second, manager, .. } = new.after(app, 7).await;
        let approve = |by: &str| step(app, &published, "approve", &json!({}), by);
        let (one, two) = tokio::join!(approve(&second), approve(&manager));
        let mut answered = [one.status, two.status];
        answered.sort_unstable();
        assert_eq!(answered[0], 200, "{answered:?}");
        assert!([409, 412].contains(&answered[1]), "{answered:?}");
    }
}
