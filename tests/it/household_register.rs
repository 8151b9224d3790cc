//! The register of households as its county keeps it: entered once, moved, with two histories that are never deleted.

use crate::support::{
    app::{App, on_both},
    papers::photo,
    people::At,
    trade::{Trade, accepted, fresh_key, id},
};
use entity::membership::Role;
use serde_json::{Value, json};

/// Synthetic, as all numbers here.
const NUMBER: &str = "520000190001019996";
const NOWHERE: &str = "01990000-0000-7000-8000-0000000000ab";
/// The head of h-520526-01.
const TAKEN: &str = "520000190001010019";

async fn manager(app: &App) -> String {
    app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-keeper").await
}

async fn household(app: &App, token: &str, code: &str) -> Value {
    let page = app.get(&format!("/households?code={code}")).by(token).await.ok();
    page["items"][0].clone()
}

async fn statuses(app: &App, token: &str, household: &Value, query: &str) -> Vec<Value> {
    let page = app.get(&format!("/households/{}/statuses{query}", id(household))).by(token).await.ok();
    page["items"].as_array().expect("items").clone()
}

fn zhang() -> Value {
    json!({"code": "h-520526-99", "name": "张某", "division_code": "520526109", "id_number": NUMBER, "phone": "19900000099"})
}

fn lifted() -> Value {
    json!({"history": "registration", "status": "lifted", "from_on": "2021-01-01", "proof_number": "FPSC-99"})
}

on_both! {
    async fn an_officer_enters_and_moves_a_household(app: &App) {
        let officer = app.login("demo-weining").await;
        let key = fresh_key();
        let made = app.post("/households", zhang()).by(&officer).key(&key).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.ok();
        assert_eq!((&made["name"], &made["id_number"]), (&json!("张*"), &json!("520000********9996")));
        assert_eq!((&made["county_code"], &made["statuses"]), (&json!("520526"), &json!([])));
        let again = app.post("/households", zhang()).by(&officer).key(&key).await;
        assert_eq!((again.ok(), again.header("idempotency-replayed")), (made.clone(), "true"));
        let path = format!("/households/{}", id(&made));
        let moved = app.patch(&path, json!({"division_code": "520526105"})).by(&officer).header("if-match", "\"1\"").await.ok();
        assert_eq!((&moved["division_code"], &moved["version"]), (&json!("520526105"), &json!(2)));
        let renamed = app.patch(&path, json!({"name": "章某"})).by(&officer).header("if-match", "\"2\"").await.ok();
        assert_eq!((&renamed["name"], &renamed["division_code"]), (&json!("章*"), &json!("520526105")));
        app.patch(&path, json!({"name": "张某"})).by(&officer).header("if-match", "\"2\"").await.refused(412, "stale_version");
        let found = app.post("/households/search", json!({"id_number": NUMBER})).by(&officer).await.ok();
        assert_eq!(found["items"][0]["id"], made["id"]);
        let dump = app.dump().await;
        assert!(!dump.contains(NUMBER) && !dump.contains("19900000099"), "sealed at rest");
        let told = app.texts("select detail from audit_entry where action = 'household.update' order by at, id").await;
        assert!(told.iter().any(|one| one.contains("520526105")) && told.iter().all(|one| !one.contains("章某")), "{told:?}");
    }

    async fn a_name_holds_nobodys_number(app: &App) {
        let officer = app.login("demo-weining").await;
        let body = json!({"code": "h-x", "name": "张某 19912345678", "division_code": "520526109"});
        app.post("/households", body).by(&officer).await.points_at("/name", "number_in_text");
        let body = json!({"code": "h-11010519491231002X", "name": "张某", "division_code": "520526109"});
        app.post("/households", body).by(&officer).await.points_at("/code", "number_in_text");
    }

    async fn who_may_not_or_what_is_wrong_changes_nothing(app: &App) {
        let officer = app.login("demo-weining").await;
        let shown = household(app, &officer, "h-520526-01").await;
        let path = format!("/households/{}", id(&shown));
        let before = app.snapshot().await;
        for (change, pointer, code) in [
            (json!({"id_number": "520000201501010016"}), "/id_number", "id_number_child"),
            (json!({"id_number": "520000203001010019"}), "/id_number", "id_number_date"),
            (json!({"id_number": "520000190001019997"}), "/id_number", "id_number_checksum"),
            (json!({"phone": "12900000099"}), "/phone", "phone_malformed"),
            (json!({"code": " "}), "/code", "required"),
            (json!({"name": "张\u{202e}某"}), "/name", "hidden_character"),
            (json!({"division_code": "520525"}), "/division_code", "division_unknown"),
            (json!({"division_code": "520500"}), "/division_code", "division_unknown"),
            (json!({"division_code": "999999"}), "/division_code", "division_unknown"),
            (json!({"id": "01990000-0000-4000-8000-000000000001"}), "/id", "id_not_uuid_v7"),
        ] {
            let mut body = zhang();
            for (field, value) in change.as_object().expect("fields") {
                body[field] = value.clone();
            }
            let answer = app.post("/households", body).by(&officer).key(&fresh_key()).await;
            answer.refused(422, "invalid");
            answer.points_at(pointer, code);
        }
        // One person and one certificate, one household.
        let mut body = zhang();
        body["id_number"] = TAKEN.into();
        let theirs = app.post("/households", body).by(&officer).await;
        theirs.refused(409, "id_number_taken");
        assert!(!theirs.text().contains("h-520526-01") && !theirs.text().contains(TAKEN), "{}", theirs.text());
        let mut body = zhang();
        body["code"] = "h-520526-01".into();
        app.post("/households", body).by(&officer).await.refused(409, "household_code_taken");
        // Who tries numbers is told a few times a day only: the answer looks past the county's border.
        let strict = app.replica(|settings| settings.taken_numbers_per_day = 1).await;
        let mut body = zhang();
        body["id_number"] = TAKEN.into();
        strict.post("/households", body.clone()).by(&officer).await.refused(409, "id_number_taken");
        strict.post("/households", body).by(&officer).await.refused(429, "too_many_requests");
        strict.ctx.store.close().await;
        let answer = app.patch(&path, json!({})).by(&officer).await;
        answer.points_at("", "nothing_to_change");
        let answer = app.patch(&path, json!({"division_code": "520525"})).by(&officer).await;
        answer.points_at("/division_code", "division_unknown");
        for who in ["demo-auditor", "demo-admin", "yunong", "weining-potato-coop"] {
            let token = app.login(who).await;
            app.post("/households", zhang()).by(&token).await.refused(403, "forbidden");
            app.patch(&path, json!({"name": "张某"})).by(&token).await.refused(403, "forbidden");
        }
        let bijie = app.login("demo-bijie").await;
        app.post("/households", zhang()).by(&bijie).await.points_at("/division_code", "division_unknown");
        app.patch(&path, json!({"name": "张某"})).by(&bijie).await.refused(404, "not_found");
        assert_eq!(app.snapshot().await, before);
    }

    async fn both_histories_run_side_by_side_and_are_read_as_of_a_day(app: &App) {
        let officer = app.login("demo-weining").await;
        let made = app.post("/households", zhang()).by(&officer).await.ok();
        let path = format!("/households/{}/statuses", id(&made));
        let poor = json!({"history": "registration", "status": "registered_poor", "from_on": "2016-01-01", "proof_number": "FPSC-99"});
        let poor = app.post(&path, poor).by(&officer).header("if-match", "\"1\"").await;
        assert_eq!(poor.status, 201, "{}", poor.text());
        assert_eq!(poor.ok()["to_on"], "2020-12-31", "nobody was registered poor after 2020");
        app.post(&path, lifted()).by(&officer).header("if-match", "\"1\"").await.refused(412, "stale_version");
        let brought = app.upload("handbook", "image/jpeg", &photo("手册")).by(&officer).await.ok();
        let mut proven = lifted();
        proven["document_id"] = brought["id"].clone();
        let proven = app.post(&path, proven).by(&officer).header("if-match", "\"2\"").await.ok();
        let papers = app.get(&format!("/documents?subject=household_status&subject_id={}", id(&proven))).by(&officer).await.ok();
        assert_eq!(papers["items"][0]["id"], brought["id"], "{papers}");
        let watched = json!({"history": "monitoring", "status": "unstable_lifted", "from_on": "2022-03-01", "proof_number": "JC-1"});
        let watched = app.post(&path, watched).by(&officer).await.ok();
        assert_eq!(household(app, &officer, "h-520526-99").await["statuses"], json!(["lifted", "unstable_lifted"]));
        let ended = app.post(&format!("/household-statuses/{}/end", id(&watched)), json!({"to_on": "2023-11-30"})).by(&officer).await;
        assert_eq!(ended.ok()["to_on"], "2023-11-30");
        let cleared = json!({"history": "monitoring", "status": "risk_cleared", "from_on": "2023-12-01", "proof_number": "JC-2"});
        app.post(&path, cleared).by(&officer).await.ok();

        let of = |rows: Vec<Value>| rows.into_iter().map(|row| row["status"].clone()).collect::<Vec<_>>();
        for (query, expected) in [
            ("?on=2015-12-31", json!([])),
            ("?on=2020-12-31", json!(["registered_poor"])),
            ("?on=2021-01-01", json!(["lifted"])),
            ("?on=2023-11-30", json!(["lifted", "unstable_lifted"])),
            ("?on=2023-12-01", json!(["lifted", "risk_cleared"])),
            ("?history=monitoring", json!(["unstable_lifted", "risk_cleared"])),
        ] {
            assert_eq!(json!(of(statuses(app, &officer, &made, query).await)), expected, "{query}");
        }
        let first = app.get(&format!("{path}?limit=3")).by(&officer).await.ok();
        let next = app.get(&format!("{path}?limit=3&cursor={}", first["next_cursor"].as_str().expect("more"))).by(&officer).await.ok();
        assert_eq!((first["items"].as_array().map(Vec::len), &next["items"][0]["status"]), (Some(3), &json!("risk_cleared")));
        assert_eq!(next["next_cursor"], Value::Null);
    }

    async fn what_breaks_a_history_is_refused(app: &App) {
        let officer = app.login("demo-weining").await;
        let made = app.post("/households", zhang()).by(&officer).await.ok();
        let path = format!("/households/{}/statuses", id(&made));
        let held = app.post(&path, lifted()).by(&officer).await.ok();
        let before = app.snapshot().await;
        for (change, pointer, code) in [
            (json!({"from_on": "2022-01-01"}), "/from_on", "period_overlaps"),
            (json!({"from_on": "2021-01-01", "to_on": "2021-01-01"}), "/from_on", "period_overlaps"),
            (json!({"from_on": "2020-12-31", "to_on": "2020-12-31"}), "/from_on", "status_period"),
            (json!({"status": "registered_poor", "from_on": "2013-01-01"}), "/from_on", "status_period"),
            (json!({"status": "registered_poor", "from_on": "2016-01-01", "to_on": "2021-01-01"}), "/to_on", "status_period"),
            (json!({"status": "registered_poor", "from_on": "2016-01-01", "to_on": "2015-01-01"}), "/to_on", "period_reversed"),
            (json!({"history": "monitoring"}), "/status", "status_of_other_history"),
            (json!({"status": "marginal_at_risk"}), "/status", "status_of_other_history"),
            (json!({"history": "monitoring", "status": "risk_cleared"}), "/status", "nothing_to_clear"),
            (json!({"history": "monitoring", "status": "marginal_at_risk", "from_on": "2026-03-03"}), "/from_on", "date_in_future"),
            (json!({"history": "monitoring", "status": "marginal_at_risk", "proof_number": ""}), "/proof_number", "required"),
            (json!({"status": "rich"}), "/status", "unknown_value"),
            (json!({"history": "monitoring", "status": "marginal_at_risk", "document_id": NOWHERE}), "/document_id", "document_unknown"),
        ] {
            let mut body = lifted();
            for (field, value) in change.as_object().expect("fields") {
                body[field] = value.clone();
            }
            let answer = app.post(&path, body.clone()).by(&officer).key(&fresh_key()).await;
            assert_eq!(answer.status, 422, "{body}");
            answer.points_at(pointer, code);
        }
        let end = format!("/household-statuses/{}/end", id(&held));
        for (day, code) in [("2020-12-31", "period_reversed"), ("2026-03-03", "date_in_future")] {
            app.post(&end, json!({"to_on": day})).by(&officer).await.points_at("/to_on", code);
        }
        let bijie = app.login("demo-bijie").await;
        app.post(&end, json!({"to_on": "2026-03-01"})).by(&bijie).await.refused(404, "not_found");
        let auditor = app.login("demo-auditor").await;
        app.post(&end, json!({"to_on": "2026-03-01"})).by(&auditor).await.refused(403, "forbidden");
        assert_eq!(app.snapshot().await, before);
        app.post(&end, json!({"to_on": "2026-03-01"})).by(&officer).await.ok();
        app.post(&end, json!({"to_on": "2026-03-02"})).by(&officer).await.refused(409, "status_over");
        // The day after is free.
        let mut body = lifted();
        body["from_on"] = "2026-03-02".into();
        app.post(&path, body).by(&officer).await.ok();
    }

    async fn an_annulled_status_stays_and_counts_no_more(app: &App) {
        let manager = manager(app).await;
        let trade = Trade::between(app, "yunong", "hh-weining-01").await;
        let sent = trade.under_way(&[("potato", "20", "jin")]).await;
        trade.receive(&sent, accepted).await.ok();
        let shown = household(app, &manager, "h-520526-01").await;
        let held = statuses(app, &manager, &shown, "?on=2026-03-02").await;
        assert_eq!(held[0]["status"], "lifted");
        let path = format!("/household-statuses/{}/annul", id(&held[0]));
        let before = app.snapshot().await;
        for (body, code) in [
            (json!({"reason": ""}), "required"),
            (json!({"reason": "错录 5224 2719 8002 2900 16"}), "number_in_reason"),
        ] {
            app.post(&path, body).by(&manager).await.points_at("/reason", code);
        }
        let officer = app.login("demo-weining").await;
        let why = json!({"reason": "错录为另一农户"});
        app.post(&path, why.clone()).by(&officer).await.refused(403, "forbidden");
        app.post(&path, why.clone()).by(&manager).header("if-match", "\"9\"").await.refused(412, "stale_version");
        assert_eq!(app.snapshot().await, before);

        let lines = app.texts("select producer_status from purchase_line").await;
        let annulled = app.post(&path, why.clone()).by(&manager).await.ok();
        assert_eq!((&annulled["ledger_lines"], &annulled["schools"]), (&json!(1), &json!(1)), "{annulled}");
        assert_eq!((&annulled["first_on"], &annulled["last_on"]), (&json!("2026-03-02"), &json!("2026-03-02")));
        assert_eq!(app.texts("select producer_status from purchase_line").await, lines, "lines stay as they are");
        app.post(&path, why).by(&manager).await.refused(409, "status_annulled");

        // Every read passes over it, the row is there.
        assert_eq!(household(app, &manager, "h-520526-01").await["statuses"], json!([]));
        assert_eq!(statuses(app, &manager, &shown, "?on=2026-03-02").await, Vec::<Value>::new());
        let kept = statuses(app, &manager, &shown, "?annulled=true").await;
        assert_eq!((kept.len(), &kept[1]["annul_reason"]), (2, &json!("错录为另一农户")));
        let linked = app.number("select count(*) from beneficiary_link k join household h on h.id = k.household_id where h.code = 'h-520526-01'").await;
        assert!(linked > 0, "somebody's links would count it");
        // The same day can be entered anew.
        app.post(&format!("/households/{}/statuses", id(&shown)), lifted()).by(&manager).await.ok();
        assert_eq!(household(app, &manager, "h-520526-01").await["statuses"], json!(["lifted"]));
        let told = app.texts("select detail from audit_entry where action = 'household_status.annul'").await;
        assert!(told.len() == 1 && told[0].contains("\"ledger_lines\":1"), "{told:?}");
    }

    async fn two_who_change_one_history_at_once_do_not_overlap(app: &App) {
        let officer = app.login("demo-weining").await;
        let made = app.post("/households", zhang()).by(&officer).await.ok();
        let path = format!("/households/{}/statuses", id(&made));
        let one = app.post(&path, lifted()).by(&officer);
        let two = app.post(&path, lifted()).by(&officer);
        let (one, two) = tokio::join!(one, two);
        let mut answered = [one.status, two.status];
        answered.sort_unstable();
        assert_eq!(answered[0], 201, "{answered:?}");
        assert!([412, 422].contains(&answered[1]), "{answered:?}");
        assert_eq!(statuses(app, &officer, &made, "").await.len(), 1);
    }
}
