//! The public notice: masked, for everybody, with objections and answers; and what the calendar does to approvals (H4, P2).

use crate::{
    support::{
        app::{App, on_both},
        trade::{Trade, id},
    },
    verification::{Newcomer, step},
};
use serde_json::{Value, json};
use xiaonong::{
    jobs,
    suppliers::verification::{objections_to_reseal, reseal_objections, settle_due},
};

const PERSON: &str = "203.0.113.9";

fn said() -> Value {
    json!({"statement": "该地块已流转他人，并非其种植", "name": "张三丰", "phone": "199 0000 0099"})
}

async fn told(app: &App, token: &str, topic: &str) -> usize {
    while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
    let page = app.get("/notifications?unread=true&limit=200").by(token).await.ok();
    page["items"].as_array().expect("items").iter().filter(|item| item["topic"] == topic).count()
}

on_both! {
    async fn everybody_reads_the_notice_and_objects(app: &App) {
        let new = Newcomer::of(app).await;
        assert_eq!(app.get("/public-notices").await.ok()["items"], json!([]));
        let published = new.published(app).await;
        let page = app.get("/public-notices?division=520500").await.ok();
        assert_eq!(page["items"], json!([{
            "id": published["id"], "supplier_name": "威宁新合作社", "supplier_kind": "cooperative", "division_code": "520526",
            "division_name": page["items"][0]["division_name"], "from_on": "2026-03-02", "until_on": "2026-03-08",
        }]), "{page}");
        assert_eq!(app.get("/public-notices?division=520100").await.ok()["items"], json!([]));

        let path = format!("/public-notices/{}/objections", id(&published));
        let before = app.snapshot().await;
        for (change, pointer, code) in [
            (json!({"statement": "假"}), "/statement", "too_short"),
            (json!({"statement": "电话 19900000001 可证明"}), "/statement", "number_in_text"),
            (json!({"name": null}), "/name", "required"),
            (json!({"phone": null}), "/phone", "required"),
            (json!({"phone": "12900000099"}), "/phone", "phone_malformed"),
            (json!({"id": "01990000-0000-4000-8000-000000000001"}), "/id", "id_not_uuid_v7"),
        ] {
            let mut body = said();
            for (field, value) in change.as_object().expect("fields") {
                body[field] = value.clone();
            }
            app.post(&path, body).from(PERSON).await.points_at(pointer, code);
        }
        app.post(&path, said()).by("a.b.c").await.refused(401, "token_invalid");
        app.post("/public-notices/01990000-0000-7000-8000-0000000000ab/objections", said()).await.refused(404, "not_found");
        assert_eq!(app.snapshot().await, before);
        let mut body = said();
        body["id"] = "01990000-0000-7000-8000-0000000000e1".into();
        let raised = app.post(&path, body.clone()).from(PERSON).await;
        assert_eq!(raised.status, 201, "{}", raised.text());
        let raised = raised.ok();
        assert_eq!((&raised["contact_name"], &raised["contact_phone"]), (&json!("张*"), &json!("199****0099")));
        app.post(&path, body).from(PERSON).await.refused(409, "id_taken");
        let dump = app.dump().await;
        assert!(!dump.contains("张三丰") && !dump.contains("19900000099"), "sealed at rest");
        // In the name of an account no contact is asked for.
        let buyer = app.login("yunong").await;
        app.post(&path, said()).by(&buyer).await.points_at("/name", "not_needed");
        let own = app.post(&path, json!({"statement": "未见该社在本地种植"})).by(&buyer).await.ok();
        assert_eq!(told(app, &new.second, "verification.objected").await, 1);

        // The supplier reads what is said, not by whom.
        let listed = format!("/verifications/{}/objections", id(&published));
        let seen = app.get(&listed).by(&new.owner).await.ok();
        assert_eq!((&seen["items"][0]["statement"], &seen["items"][0]["contact_name"], &seen["items"][1]["account_id"]), (&said()["statement"], &Value::Null, &Value::Null));
        let seen = app.get(&listed).by(&new.officer).await.ok();
        assert_eq!(seen["items"][0]["contact_phone"], "199****0099");
        let reveal = format!("/objections/{}/reveal", id(&raised));
        app.post(&reveal, json!({"reason": "电话核实异议"})).by(&new.owner).await.refused(403, "forbidden");
        let shown = app.post(&reveal, json!({"reason": "电话核实异议"})).by(&new.officer).await;
        assert_eq!((shown.header("cache-control"), &shown.ok()["phone"]), ("no-store", &json!("19900000099")));
        app.get(&format!("/objections/{}", id(&own))).by(&buyer).await.ok();
        app.get(&format!("/objections/{}", id(&raised))).by(&buyer).await.refused(404, "not_found");

        let new = new.after(app, 7).await;
        app.post(&path, said()).from(PERSON).await.refused(404, "not_found");
        assert_eq!(app.get("/public-notices").await.ok()["items"], json!([]), "the notice is over");
        step(app, &published, "approve", &json!({}), &new.second).await.refused(409, "objections_unanswered");
        let answer = |of: &Value, body: Value, by: &str| app.post(&format!("/objections/{}/answer", id(of)), body).by(by);
        let dismissed = json!({"outcome": "dismissed", "answer": "经实地核查，地块为其承包"});
        answer(&raised, dismissed.clone(), &new.officer).await.refused(403, "own_work");
        answer(&raised, json!({"outcome": "dismissed", "answer": ""}), &new.second).await.points_at("/answer", "required");
        answer(&raised, dismissed.clone(), &new.second).header("if-match", "\"7\"").await.refused(412, "stale_version");
        answer(&raised, dismissed.clone(), &new.second).await.ok();
        answer(&raised, dismissed.clone(), &new.second).await.refused(409, "objection_answered");
        step(app, &published, "approve", &json!({}), &new.second).await.refused(409, "objections_unanswered");
        answer(&own, json!({"outcome": "upheld", "answer": "经查属实，并无种植"}), &new.second).await.ok();
        let buyer = app.login("yunong").await;
        assert_eq!(told(app, &buyer, "objection.answered").await, 1);
        step(app, &published, "approve", &json!({}), &new.second).await.refused(409, "objection_upheld");
        step(app, &published, "refuse", &json!({"reason": "异议经查属实"}), &new.second).await.ok();
    }

    async fn an_address_objects_a_few_times_a_day(app: &App) {
        let new = Newcomer::of(app).await;
        let path = format!("/public-notices/{}/objections", id(&new.published(app).await));
        for _ in 0..10 {
            app.post(&path, said()).from(PERSON).await.ok();
        }
        app.post(&path, said()).from(PERSON).await.refused(429, "too_many_requests");
        app.post(&path, said()).from("198.51.100.7").await.ok();
        assert_eq!(app.number("select count(*) from objection").await, 11);
    }

    async fn a_contact_is_sealed_anew_with_the_keys(app: &App) {
        let new = Newcomer::of(app).await;
        let path = format!("/public-notices/{}/objections", id(&new.published(app).await));
        let raised = app.post(&path, said()).from(PERSON).await.ok();
        assert_eq!(objections_to_reseal(&app.ctx).await.expect("counts"), 0);
        let txn = app.ctx.store.begin().await.expect("begins");
        app.ctx.vault.rotate(&txn, &app.ctx.ids, app.ctx.clock.now()).await.expect("a new key");
        txn.commit().await.expect("commits");
        assert_eq!(objections_to_reseal(&app.ctx).await.expect("counts"), 1);
        assert_eq!(reseal_objections(&app.ctx).await.expect("seals"), 1);
        assert_eq!(objections_to_reseal(&app.ctx).await.expect("counts"), 0);
        let reveal = format!("/objections/{}/reveal", id(&raised));
        let shown = app.post(&reveal, json!({"reason": "电话核实异议"})).by(&new.officer).await.ok();
        assert_eq!(shown["phone"], "19900000099");
    }

    async fn whom_to_call_is_forgotten_a_month_after_the_answer(app: &App) {
        let new = Newcomer::of(app).await;
        let path = format!("/public-notices/{}/objections", id(&new.published(app).await));
        let (answered, open) = (app.post(&path, said()).from(PERSON).await.ok(), app.post(&path, said()).from(PERSON).await.ok());
        let verdict = json!({"outcome": "dismissed", "answer": "经实地核查，地块为其承包"});
        app.post(&format!("/objections/{}/answer", id(&answered)), verdict).by(&new.second).await.ok();
        let sealed = || app.number("select count(*) from objection where contact_sealed <> ''");
        let new = new.after(app, 30).await;
        jobs::purge(&app.ctx).await.expect("purges");
        assert_eq!(sealed().await, 2, "not before the month is over");
        app.wait_millis(1);
        jobs::purge(&app.ctx).await.expect("purges");
        assert_eq!(sealed().await, 1, "the one that waits for an answer is kept");
        let shown = app.get(&format!("/objections/{}", id(&answered))).by(&new.officer).await.ok();
        assert_eq!((&shown["contact_phone"], &shown["statement"]), (&Value::Null, &said()["statement"]));
        let reason = json!({"reason": "电话核实异议"});
        app.post(&format!("/objections/{}/reveal", id(&answered)), reason.clone()).by(&new.officer).await.refused(404, "not_found");
        let shown = app.post(&format!("/objections/{}/reveal", id(&open)), reason).by(&new.officer).await.ok();
        assert_eq!(shown["phone"], "19900000099");
    }

    async fn a_household_is_masked_in_the_notice(app: &App) {
        let new = Newcomer::of(app).await;
        let agent = app.login("demo-agent").await;
        let household = app.supplier("hh-weining-01").await;
        let applied = app.post(&format!("/suppliers/{}/applications", household.id), json!({})).by(&agent).await.ok();
        for (name, by) in [("recommend", &new.officer), ("review", &new.second), ("publish", &new.second)] {
            step(app, &applied, name, &json!({}), by).await.ok();
        }
        let text = app.get("/public-notices").await.text().to_owned();
        assert!(!text.contains(&household.name) && text.contains('*'), "{text}");
    }

    async fn each_step_tells_who_is_next(app: &App) {
        let new = Newcomer::of(app).await;
        let applied = new.apply(app).await;
        let province = app.login("demo-province").await;
        assert_eq!((told(app, &new.officer, "verification.applied").await, told(app, &new.owner, "verification.applied").await), (1, 0));
        assert_eq!(told(app, &province, "verification.applied").await, 0, "the county is next");
        step(app, &applied, "recommend", &json!({}), &new.officer).await.ok();
        assert_eq!((told(app, &new.second, "verification.recommended").await, told(app, &new.officer, "verification.recommended").await), (1, 0));
        assert_eq!(told(app, &province, "verification.recommended").await, 1);
        step(app, &applied, "review", &json!({}), &new.second).await.ok();
        assert_eq!(told(app, &new.officer, "verification.reviewed").await, 1);
        step(app, &applied, "publish", &json!({}), &new.officer).await.ok();
        assert_eq!(told(app, &new.owner, "verification.noticed").await, 1);
        assert_eq!(settle_due(&app.ctx).await.expect("settles"), 0);
        let new = new.after(app, 7).await;
        assert_eq!((settle_due(&app.ctx).await.expect("settles"), settle_due(&app.ctx).await.expect("settles")), (1, 0), "told once");
        assert_eq!(told(app, &new.second, "verification.notice_over").await, 1);
        step(app, &applied, "approve", &json!({"expires_on": "2026-06-30"}), &new.second).await.ok();
        assert_eq!(told(app, &new.owner, "verification.approved").await, 1);
        // A second suspension is told as new.
        for _ in 0..2 {
            step(app, &applied, "suspend", &json!({"reason": "抽检不合格"}), &new.second).await.ok();
            assert_eq!(told(app, &new.owner, "verification.suspended").await, 1);
            let page = app.get("/notifications?unread=true").by(&new.owner).await.ok();
            for item in page["items"].as_array().expect("items") {
                app.post(&format!("/notifications/{}/read", id(item)), json!({})).by(&new.owner).await.ok();
            }
            app.wait_millis(1_000);
            step(app, &applied, "reinstate", &json!({"reason": "整改完毕，恢复供货"}), &new.second).await.ok();
        }
    }

    async fn an_approval_runs_out_and_is_spoken_of_before(app: &App) {
        let new = Newcomer::of(app).await;
        let published = new.published(app).await;
        let new = new.after(app, 7).await;
        step(app, &published, "approve", &json!({"expires_on": "2026-04-30"}), &new.second).await.ok();
        assert_eq!(settle_due(&app.ctx).await.expect("settles"), 0);
        let new = new.after(app, 30).await;
        assert_eq!((settle_due(&app.ctx).await.expect("settles"), settle_due(&app.ctx).await.expect("settles")), (1, 0));
        assert_eq!((told(app, &new.owner, "verification.expiring").await, told(app, &new.officer, "verification.expiring").await), (1, 1));
        // Its last day counts.
        let new = new.after(app, 22).await;
        assert_eq!(settle_due(&app.ctx).await.expect("settles"), 0);
        let new = new.after(app, 1).await;
        assert_eq!(settle_due(&app.ctx).await.expect("settles"), 1);
        let shown = app.get(&format!("/verifications/{}", id(&published))).by(&new.owner).await.ok();
        let last = shown["steps"].as_array().expect("steps").last().expect("a step");
        assert_eq!((&shown["state"], &last["step"], &last["account_id"]), (&json!("expired"), &json!("expire"), &Value::Null));
        assert_eq!(app.supplier("new-coop").await.status, entity::supplier::SupplierStatus::Expired);
        assert_eq!(told(app, &new.owner, "verification.expired").await, 1);
        assert_eq!(app.number("select count(*) from audit_entry where action = 'verification.expire'").await, 1);
        step(app, &published, "suspend", &json!({"reason": "抽检不合格"}), &new.second).await.refused(409, "verification_state");
        // It applies anew.
        new.apply(app).await;
    }

    async fn an_expired_supplier_sells_nothing(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let basket = trade.basket(&[("potato", "20", "jin")]).await;
        app.execute("update verification set expires_on = '2026-03-01' where supplier_id = (select id from supplier where code = 'weining-potato-coop')").await;
        assert_eq!(settle_due(&app.ctx).await.expect("settles"), 1);
        let refused = app.post("/orders", basket).by(&trade.buyer).key("k").await;
        refused.points_at("/lines/0/listing_id", "supplier_not_approved");
    }
}
