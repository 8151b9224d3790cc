//! Months that are closed: proven from the ledger, chained, opened again, and what comes late is shown in the next.

use crate::{
    share::buy_at_random,
    support::{
        app::{App, on_both},
        people::At,
        trade::{Trade, fresh_key, id},
    },
};
use entity::{membership::Role, time::Timestamp};
use ring::digest;
use serde_json::{Value, json};
use xiaonong::{
    http::hex,
    statements::{self, Month},
};

async fn close(app: &App, token: &str, unit: &str, month: &str) -> crate::support::call::Answer {
    let body = json!({ "reporting_unit_code": unit, "month": month });
    app.post("/statements", body).by(token).key(&fresh_key()).await
}

async fn differences(app: &App, unit: &str, month: &str) -> Vec<String> {
    let month: Month = month.parse().expect("a month");
    let proof = statements::prove(&app.ctx, unit, month).await.expect("proves");
    assert!(!proof.statements.is_empty(), "{unit} has statements");
    proof.differences
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn body(statement: &Value) -> Value {
    serde_json::from_str(statement["body"].as_str().expect("a text")).expect("JSON")
}

fn total(sums: &Value, what: &str) -> i64 {
    sums.as_array().expect("sums").iter().map(|one| one[what].as_i64().expect("a number")).sum()
}

/// Every unit below before its own.
async fn units_upwards(app: &App, top: &str) -> Vec<String> {
    let mut units = vec![top.to_owned()];
    let mut next = 0;
    while let Some(unit) = units.get(next).cloned() {
        let sql = format!("select code from reporting_unit where parent_code = '{unit}' order by code");
        units.extend(app.texts(&sql).await);
        next += 1;
    }
    units.reverse();
    units
}

async fn declare(app: &App, day: &str) -> crate::support::call::Answer {
    let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
    let lines = json!([{ "category_code": "VEGETABLE", "amount": "77.00", "weight": "10.000" }]);
    let body = json!({ "canteen_id": trade.canteen_id, "seller_name": "集市", "purchased_on": day, "lines": lines });
    app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await
}

/// A line of January is taken back by its school.
async fn correct_one(app: &App) -> i64 {
    let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
    let path = format!("/ledger?school_id={}&from=2026-01-01&to=2026-01-31&limit=200", trade.school_id);
    let page = app.get(&path).by(&trade.buyer).await.ok();
    let lines = page["items"].as_array().expect("lines");
    let corrected: Vec<&Value> = lines.iter().filter_map(|line| line.get("corrects_line_id")).collect();
    let line = lines.iter().find(|line| line["corrects_line_id"].is_null() && !corrected.contains(&&line["id"]));
    let line = line.expect("a line that stands");
    let purchase = line["declared_purchase_id"].as_str().expect("declared");
    let body = json!({ "reason": "重复录入", "lines": [{ "line_id": line["id"] }] });
    let path = format!("/declared-purchases/{purchase}/corrections");
    app.post(&path, body).by(&trade.buyer).key(&fresh_key()).await.ok();
    line["amount"].as_str().expect("yuan").replace('.', "").parse().expect("fen")
}

on_both! {
    async fn a_closed_month_is_proven_by_anybody_who_has_it(app: &App) {
        buy_at_random(app, 2_026).await;
        let officer = app.login("demo-weining").await;
        let statement = close(app, &officer, "520526", "2026-01").await.ok();
        let said = body(&statement);
        let of_month = "from purchase_line where reporting_unit_code = '520526' and month = 202601";
        let lines = app.number(&format!("select count(*) {of_month}")).await;
        assert!(lines > 5);
        assert_eq!((said["lines"]["count"].as_i64(), statement["lines"].as_i64()), (Some(lines), Some(lines)));
        for (stated, column) in [("amount_fen", "amount_fen"), ("weight_gram", "coalesce(weight_gram, 0)")] {
            let sum = app.number(&format!("select cast(sum({column}) as bigint) {of_month}")).await;
            assert_eq!(total(&said["whole"], stated), sum);
        }
        let share = app.get("/shares/reporting-units/520526?from=2026-01-01&to=2026-01-31").by(&officer).await.ok();
        assert_eq!(statement["amount"], share["figures"]["headline"]["amount"]);
        assert_eq!(statement["meets_target"], share["figures"]["headline"]["meets_target"]);
        assert_eq!(statement["coverage"], share["coverage"]);

        // What a third party does: hash the text, hash the lines, check the signature with the public key.
        let text = statement["body"].as_str().expect("a text");
        assert_eq!(sha256(text), statement["hash"].as_str().expect("a hash"));
        let path = format!("/statements/{}", id(&statement));
        let export = app.get(&format!("{path}/lines")).by(&officer).await;
        assert_eq!(sha256(export.text()), said["lines"]["sha256"].as_str().expect("a hash"));
        assert_eq!(i64::try_from(export.text().lines().count()), Ok(lines));
        let bytes = |name: &str| xiaonong::http::unhex(statement[name].as_str().expect("hex")).expect("hex");
        let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, bytes("public_key"));
        key.verify(text.as_bytes(), &bytes("signature")).expect("the signature holds");
        let keys = app.call("GET", "/.well-known/jwks.json").await.ok();
        assert_eq!(keys["keys"][0]["kid"], statement["key_id"]);

        assert_eq!(differences(app, "520526", "2026-01").await, Vec::<String>::new());
        close(app, &officer, "520526", "2026-01").await.refused(409, "month_closed");
        let listed = app.get("/statements?unit=520526&month=2026-01&standing=true").by(&officer).await.ok();
        assert_eq!(listed["items"][0]["hash"], statement["hash"]);
        assert_eq!(app.get(&path).by(&officer).await.ok(), statement);
        let page = app.get(&format!("{path}/print")).by(&officer).await;
        assert!(page.text().contains("月结单") && page.text().contains(statement["hash"].as_str().expect("a hash")));
        assert!(app.get(&format!("{path}/print")).english().by(&officer).await.text().contains("Totals by class"));
    }

    async fn the_province_takes_in_what_its_units_closed(app: &App) {
        buy_at_random(app, 2_026).await;
        app.member("province-keeper", Role::AuthorityManager, At::Unit("520000")).await;
        let keeper = app.login("province-keeper").await;
        close(app, &keeper, "520000", "2026-01").await.refused(409, "units_below_open");
        let mut last = Value::Null;
        for unit in units_upwards(app, "520000").await {
            last = close(app, &keeper, &unit, "2026-01").await.ok();
        }
        let said = body(&last);
        let sum = app.number("select cast(sum(amount_fen) as bigint) from purchase_line where month = 202601").await;
        assert_eq!((last["reporting_unit_code"].as_str(), total(&said["whole"], "amount_fen")), (Some("520000"), sum));
        let share = app.get("/shares/reporting-units/520000?from=2026-01-01&to=2026-01-31").by(&keeper).await.ok();
        assert_eq!((&last["amount"], &last["coverage"]), (&share["figures"]["headline"]["amount"], &share["coverage"]));
        assert_eq!(differences(app, "520000", "2026-01").await, Vec::<String>::new());

        // What the province has taken in is not opened below it.
        let county = app.get("/statements?unit=520526").by(&keeper).await.ok();
        let reopen = |statement: &Value| {
            let path = format!("/statements/{}/reopen", id(statement));
            app.post(&path, json!({ "reason": "漏报" })).by(&keeper).key(&fresh_key())
        };
        reopen(&county["items"][0]).await.refused(409, "unit_above_closed");
        reopen(&last).await.ok();
        reopen(&county["items"][0]).await.ok();
        close(app, &keeper, "520000", "2026-01").await.refused(409, "units_below_open");
        assert_eq!(differences(app, "520000", "2026-01").await, Vec::<String>::new(), "the old one stands as it was");
    }

    async fn in_a_closed_month_a_correction_counts_for_no_more(app: &App) {
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        let (own, school) = (app.login("weining-keeper").await, app.login("yunong").await);
        let declared = declare(app, "2026-01-20").await.ok();
        let again = |declared: &Value, amount: &str, more: &Value| {
            let mut instead = json!({ "category_code": "VEGETABLE", "amount": amount, "weight": "10.000" });
            instead.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
            let line = json!({ "line_id": declared["lines"][0]["id"], "instead": instead });
            let path = format!("/declared-purchases/{}/corrections", id(declared));
            app.post(&path, json!({ "reason": "金额录入错误", "lines": [line] })).by(&school).key(&fresh_key())
        };
        close(app, &own, "520526", "2026-01").await.ok();
        let before = app.snapshot().await;
        let paper = json!({"kind": "county_certificate", "number": "CD-1", "issued_on": "2026-01-19", "issuer": "迤那镇", "origin_division_code": "520526"});
        for (amount, more) in [
            ("9999.00", json!({})),
            ("77.00", json!({"weight": "10.001"})),
            ("77.00", json!({"origin_division_code": "520526", "documents": [paper]})),
        ] {
            again(&declared, amount, &more).await.points_at("/lines/0/instead", "month_closed");
        }
        assert_eq!(app.snapshot().await, before);
        assert_eq!(again(&declared, "70.00", &json!({})).await.ok()["amount"], "70.00");
        // In a month that is open it may say anything.
        let february = declare(app, "2026-02-20").await.ok();
        assert_eq!(again(&february, "9999.00", &json!({})).await.ok()["amount"], "9999.00");
    }

    async fn what_comes_late_is_shown_in_the_next(app: &App) {
        buy_at_random(app, 2_026).await;
        app.member("province-keeper", Role::AuthorityManager, At::Unit("520000")).await;
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        let (keeper, own) = (app.login("province-keeper").await, app.login("weining-keeper").await);
        let january = close(app, &own, "520526", "2026-01").await.ok();
        declare(app, "2026-01-20").await.points_at("/purchased_on", "month_closed");
        declare(app, "2026-02-20").await.ok();
        let taken_back = correct_one(app).await;
        assert_eq!(differences(app, "520526", "2026-01").await, Vec::<String>::new(), "the statement stays");

        let february = close(app, &own, "520526", "2026-02").await.ok();
        let said = body(&february);
        assert_eq!(said["previous"], january["hash"]);
        let adjustment = &said["adjustments"][0];
        assert_eq!((&adjustment["month"], &adjustment["version"]), (&json!("2026-01"), &json!(1)));
        assert_eq!((total(&adjustment["sums"], "amount_fen"), total(&adjustment["sums"], "lines")), (-taken_back, -1));
        assert_eq!((said["adjusted"].clone(), february["adjustments"].clone()), (adjustment["sums"].clone(), json!(1)));
        assert_eq!(differences(app, "520526", "2026-02").await, Vec::<String>::new());

        // Opened again by the unit above, with a reason; then declared into, and closed as a version of its own.
        let path = format!("/statements/{}/reopen", id(&january));
        let reopen = |token: &str, reason: &str| app.post(&path, json!({ "reason": reason })).by(token).key(&fresh_key());
        reopen(&own, "漏报").await.refused(403, "unit_above_only");
        reopen(&keeper, " ").await.points_at("/reason", "required");
        let opened = reopen(&keeper, "漏报一张凭证").await.ok();
        assert_eq!(opened["reopen_reason"], "漏报一张凭证");
        reopen(&keeper, "再次").await.refused(409, "month_open");
        declare(app, "2026-01-20").await.ok();
        let second = close(app, &own, "520526", "2026-01").await.ok();
        assert_eq!((second["version"].as_i64(), second["seq"].as_i64()), (Some(2), Some(3)));
        let of_month = "from purchase_line where reporting_unit_code = '520526' and month = 202601";
        let sum = app.number(&format!("select cast(sum(amount_fen) as bigint) {of_month}")).await;
        let whole = |statement: &Value| total(&body(statement)["whole"], "amount_fen");
        assert_eq!((whole(&second), whole(&january) - taken_back + 7_700), (sum, sum));
        assert_eq!(body(&second)["adjustments"], json!([]), "the version holds what came late itself");
        assert_eq!(differences(app, "520526", "2026-01").await, Vec::<String>::new(), "both versions hold");
        correct_one(app).await;
        for month in ["2026-01", "2026-02"] {
            assert_eq!(differences(app, "520526", month).await, Vec::<String>::new());
        }
    }

    async fn what_was_tampered_with_is_named(app: &App) {
        buy_at_random(app, 2_026).await;
        let officer = app.login("demo-weining").await;
        close(app, &officer, "520526", "2026-01").await.ok();
        correct_one(app).await;
        close(app, &officer, "520526", "2026-02").await.ok();
        let kept = app.texts("select body from statement order by seq").await;
        for (change, month, named) in [
            ("update statement set body = replace(body, '\"count\":', '\"count\":1') where seq = 1", "2026-01", "hash"),
            ("update statement set hash = 'x' where seq = 1", "2026-02", "does not follow"),
            ("update statement set signature = '00' where seq = 2", "2026-02", "signature"),
            ("delete from late_line", "2026-01", "the ledger has"),
        ] {
            app.execute(change).await;
            let found = differences(app, "520526", month).await;
            assert!(found.iter().any(|what| what.contains(named)), "{change}: {found:?}");
            let restored = format!("update statement set body = '{}' where seq = 1", kept[0].replace('\'', "''"));
            app.execute(&restored).await;
        }
    }

    async fn what_is_no_month_is_not_closed(app: &App) {
        let officer = app.login("demo-weining").await;
        let before = app.snapshot().await;
        for month in ["2026-3", "2026-13", "march", ""] {
            close(app, &officer, "520526", month).await.points_at("/month", "month_malformed");
        }
        close(app, &officer, "520526", "2026-03").await.points_at("/month", "month_not_over");
        close(app, &officer, "520526", "2030-01").await.points_at("/month", "month_not_over");
        close(app, &officer, "999999", "2026-02").await.points_at("/reporting_unit_code", "unit_unknown");
        close(app, &officer, "520500", "2026-02").await.points_at("/reporting_unit_code", "unit_unknown");
        let school = app.login("yunong").await;
        close(app, &school, "520526", "2026-02").await.refused(403, "forbidden");
        app.get("/statements?month=2026").by(&officer).await.refused(400, "month_malformed");
        assert_eq!(app.snapshot().await, before);
        // Half an hour after the month's end a receipt of its last evening may still be on its way.
        let midnight = 1_774_972_800_000;
        for (minutes, status) in [(30, 422), (61, 201)] {
            app.clock.set(Timestamp(midnight + minutes * 60_000));
            let officer = app.login("demo-weining").await;
            assert_eq!(close(app, &officer, "520526", "2026-03").await.status, status, "{minutes}");
        }
    }

    async fn two_who_close_at_once_make_one_statement(app: &App) {
        buy_at_random(app, 2_026).await;
        let officer = app.login("demo-weining").await;
        let (one, two) = tokio::join!(close(app, &officer, "520526", "2026-01"), close(app, &officer, "520526", "2026-01"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        assert_eq!(app.number("select count(*) from statement").await, 1);
    }
}
