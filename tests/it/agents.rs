//! Agents act for households on recorded consent, from a day to a day, and every record says for whom (H5).

use crate::support::{
    app::{App, on_both},
    call::Call,
    people::At,
    trade::{Trade, batch, fresh_key, id},
};
use entity::{household_consent, membership::Role};
use serde_json::{Value, json};
use xiaonong::clock::Clock;

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

fn offer(app: &App, token: &str, supplier: &str) -> Call {
    let body = json!({
        "supplier_id": supplier, "product_code": "potato", "origin_division_code": "520526", "price": "1.20",
        "unit": "jin", "stock": {"quantity": "100", "unit": "jin"}, "deliver_from_on": "2026-03-03",
        "deliver_to_on": "2026-12-31",
    });
    app.post("/listings", body).by(token).key(&fresh_key())
}

async fn manager(app: &App) -> String {
    app.member("weining-manager", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-manager").await
}

on_both! {
    async fn an_agent_acts_from_the_first_to_the_last_day_of_a_consent(app: &App) {
        let manager = manager(app).await;
        let agent_id = app.member("agent", Role::Agent, At::Unit("520526")).await;
        let household = app.supplier("hh-weining-02").await.id.to_string();
        let agent = app.login("agent").await;
        app.get("/orders").by(&agent).await.refused(403, "forbidden");
        app.get("/divisions").by(&agent).await.refused(403, "forbidden");
        let consent = json!({
            "account_id": agent_id, "supplier_id": household, "from_on": "2026-03-03", "to_on": "2026-03-04",
            "proof_number": "WT-2026-0001",
        });
        let recorded = app.post("/consents", consent.clone()).by(&manager).key("consent").await;
        assert_eq!(recorded.status, 201);
        assert_eq!(recorded.json()["household"], "玉龙镇农户罗某");
        assert_eq!(app.post("/consents", consent.clone()).by(&manager).key("consent").await.json(), recorded.json());
        app.post("/consents", consent).by(&manager).await.refused(409, "consent_held");
        let other = app.supplier("hh-weining-01").await.id.to_string();
        for (day, status) in [(2, 403), (3, 201), (4, 201), (5, 403)] {
            let agent = app.login("agent").await;
            assert_eq!(offer(app, &agent, &household).await.status, status, "on the {day}th");
            if status == 201 {
                // Another household did not consent, and a cooperative never does.
                offer(app, &agent, &other).await.refused(404, "not_found");
                let consents = app.get("/consents").by(&agent).await.ok();
                assert_eq!(consents["items"].as_array().map(Vec::len), Some(1));
            }
            app.wait_millis(DAY_MILLIS);
        }
    }

    async fn every_record_of_an_agent_names_the_household_and_the_consent(app: &App) {
        let trade = Trade::between(app, "yunong", "hh-weining-01").await;
        let agent = app.login("demo-agent").await;
        let household = app.supplier("hh-weining-01").await.id.to_string();
        let consents = app.get("/consents").by(&agent).await.ok();
        let consent = id(&consents["items"][0]).to_owned();
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let confirmed = app.post(&format!("/orders/{}/confirm", id(&order)), json!({})).by(&agent).await.ok();
        let lines: Vec<Value> = confirmed["lines"].as_array().expect("lines").iter().map(batch).collect();
        let path = format!("/orders/{}/consignments", id(&order));
        app.post(&path, json!({ "lines": lines })).by(&agent).await.ok();
        offer(app, &agent, &household).await.ok();
        let account = app.account_id("demo-agent").await;
        let told = "select action || ' ' || detail from audit_entry where outcome = 'done' and action not like 'session.%' \
                    and request_id <> 'bootstrap' order by at, id";
        let told = app.texts(told).await;
        let mut seen = Vec::new();
        for line in told {
            let (action, detail) = line.split_once(' ').expect("two parts");
            let detail: Value = serde_json::from_str(detail).expect("JSON");
            let expected = json!({"supplier_id": household, "consent_id": consent});
            if action.ends_with(".import") {
                continue;
            }
            if action == "order.place" {
                assert!(detail.get("on_behalf_of").is_none(), "the school acts for itself: {detail}");
            } else {
                assert_eq!(detail["on_behalf_of"], expected, "{action}");
                seen.push(action.to_owned());
            }
        }
        seen.sort();
        assert_eq!(seen, ["consignment.send", "listing.create", "order.confirm"]);
        let by = match app.ctx.store.backend() {
            sea_orm::DbBackend::Postgres => format!("account_id = '{account}'"),
            _ => format!("account_id = x'{}'", account.replace('-', "")),
        };
        assert_eq!(app.number(&format!("select count(*) from audit_entry where {by} and resource <> 'session'")).await, 3);

        // The household itself acts for nobody else, even where it holds the agent's role too.
        let trade = Trade::between(app, "yunong", "hh-weining-01").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        trade.confirm(&order).await;
        let told = app.texts("select detail from audit_entry where action = 'order.confirm'").await;
        assert_eq!(told.iter().filter(|detail| detail.contains("on_behalf_of")).count(), 1);
    }

    async fn an_agent_hears_of_the_orders_and_keeps_no_accounts(app: &App) {
        let trade = Trade::between(app, "yunong", "hh-weining-01").await;
        trade.order(&[("potato", "20", "jin")]).await;
        while xiaonong::jobs::run_once(&app.ctx).await.expect("runs") > 0 {}
        let agent = app.login("demo-agent").await;
        let told = app.get("/notifications").by(&agent).await.ok();
        assert_eq!(told["items"][0]["topic"], "order.placed");
        app.get("/accounts").by(&agent).await.refused(403, "forbidden");
        let clerk = app.login("weining-potato-coop-2").await;
        app.get("/notifications").by(&clerk).await.ok();
        app.get("/accounts").by(&clerk).await.refused(403, "forbidden");
        app.get("/consents").by(&clerk).await.refused(403, "forbidden");
    }

    async fn a_consent_joins_an_agent_and_a_household_within_reach(app: &App) {
        let manager = manager(app).await;
        let agent = app.member("agent", Role::Agent, At::Unit("520526")).await;
        let far = app.member("far-agent", Role::Agent, At::Unit("520525")).await;
        let both = app.member("both", Role::AuthorityManager, At::Unit("520526")).await;
        let admin = app.login("demo-admin").await;
        let role = app.role(Role::Agent, At::Unit("520526")).await;
        app.post(&format!("/accounts/{both}/memberships"), role).by(&admin).await.ok();
        let both_token = app.login("both").await;
        let supplier = async |code: &str| json!(app.supplier(code).await.id);
        let household = supplier("hh-weining-02").await;
        let inspector = json!(app.account_id("yunong-2").await);
        let before = app.snapshot().await;
        for (token, account, supplier, pointer, code) in [
            (&manager, json!(agent), supplier("hh-nayong-01").await, "/supplier_id", "household_unknown"),
            (&manager, json!(agent), supplier("weining-potato-coop").await, "/supplier_id", "household_unknown"),
            (&manager, json!(agent), json!("01990000-0000-7000-8000-0000000000ab"), "/supplier_id", "household_unknown"),
            (&manager, json!(far), household.clone(), "/account_id", "agent_unknown"),
            (&manager, inspector, household.clone(), "/account_id", "agent_unknown"),
            // Nobody empowers themselves.
            (&both_token, json!(both), household.clone(), "/account_id", "agent_unknown"),
        ] {
            let body = json!({"account_id": account, "supplier_id": supplier, "proof_number": "WT-1"});
            let answer = app.post("/consents", body).by(token).await;
            answer.refused(422, "invalid");
            answer.points_at(pointer, code);
        }
        let body = json!({"account_id": agent, "supplier_id": household, "proof_number": " ", "from_on": "2026-03-01"});
        let answer = app.post("/consents", body).by(&manager).await;
        answer.points_at("/proof_number", "required");
        answer.points_at("/from_on", "from_on_past");
        assert_eq!(app.snapshot().await, before);
    }

    async fn an_agent_acts_for_so_many_households_and_no_more(app: &App) {
        let manager = manager(app).await;
        let agent = app.member("agent", Role::Agent, At::Unit("520526")).await;
        let supplier = app.supplier("hh-weining-02").await.id;
        let ended = chrono::NaiveDate::from_ymd_opt(2026, 3, 1);
        // One is over already and does not count.
        let rows: Vec<household_consent::Model> = (0..500)
            .map(|number| household_consent::Model {
                id: app.ctx.ids.next(),
                account_id: agent,
                supplier_id: supplier,
                from_on: chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day"),
                to_on: if number == 0 { ended } else { None },
                proof_number: format!("WT-{number}"),
                recorded_at: app.clock.now(),
                withdrawn_at: None,
                version: 1,
            })
            .collect();
        let txn = app.ctx.store.begin().await.expect("begins");
        xiaonong::store::bulk::insert(&txn, &rows).await.expect("inserts");
        txn.commit().await.expect("commits");
        let record = async |household: &str| {
            let supplier = app.supplier(household).await.id;
            let body = json!({"account_id": agent, "supplier_id": supplier, "proof_number": "WT-1"});
            app.post("/consents", body).by(&manager).await
        };
        assert_eq!(record("hh-weining-01").await.status, 201);
        record("hh-weining-01").await.refused(409, "too_many_consents");
    }

    async fn a_household_takes_its_consent_back(app: &App) {
        let household = app.login("hh-weining-01").await;
        let agent = app.login("demo-agent").await;
        app.get("/orders").by(&agent).await.ok();
        let seen = app.get("/consents").by(&household).await.ok();
        assert_eq!(seen["items"][0]["agent"], "迤那镇代办员");
        let path = format!("/consents/{}/withdraw", id(&seen["items"][0]));
        let now = json!({"to_on": "2026-03-01"});
        let stranger = app.login("hh-weining-02").await;
        app.post(&path, now.clone()).by(&stranger).await.refused(404, "not_found");
        app.post(&path, now.clone()).by(&agent).await.refused(403, "forbidden");
        app.post(&path, json!({"to_on": "2026-02-01"})).by(&household).await.points_at("/to_on", "to_on_past");
        app.post(&path, now.clone()).by(&household).header("if-match", "\"4\"").await.refused(412, "stale_version");
        app.post(&path, json!({"to_on": "9999-12-31"})).by(&household).await.points_at("/to_on", "to_on_too_far");
        // Given notice first, and then brought forward.
        app.post(&path, json!({"to_on": "2026-06-30"})).by(&household).header("if-match", "\"1\"").await.ok();
        app.get("/orders").by(&agent).await.ok();
        app.post(&path, json!({"to_on": "2026-07-31"})).by(&household).await.points_at("/to_on", "to_on_later");
        let taken = app.post(&path, now.clone()).by(&household).header("if-match", "\"2\"").await.ok();
        assert_eq!((&taken["to_on"], &taken["version"]), (&json!("2026-03-01"), &json!(3)));
        assert!(taken["withdrawn_at"].is_string());
        app.get("/orders").by(&agent).await.refused(403, "forbidden");
        app.post(&path, now).by(&household).await.refused(409, "consent_withdrawn");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'consent.withdraw'").await, 2);
    }

    async fn an_agent_whose_role_ended_acts_for_nobody(app: &App) {
        let manager = manager(app).await;
        let agent = app.login("demo-agent").await;
        app.get("/orders").by(&agent).await.ok();
        let held = crate::support::people::People::of(app).await.membership("demo-agent");
        app.post(&format!("/memberships/{held}/end"), json!({"to_on": "2026-03-01"})).by(&manager).await.ok();
        app.get("/orders").by(&agent).await.refused(403, "forbidden");
    }
}
