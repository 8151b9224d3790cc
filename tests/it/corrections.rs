//! Declared purchases that were wrong: taken back and replaced, never changed.

use crate::support::{
    app::{App, on_both},
    trade::{Trade, fresh_key, id},
};
use serde_json::{Value, json};
use xiaonong::share;

const MARCH: &str = "from=2026-03-01&to=2026-03-31";

fn line(amount: &str, proven: bool) -> Value {
    let mut line = json!({
        "category_code": "VEGETABLE", "amount": amount, "weight": "10.000", "origin_division_code": "520526",
    });
    if proven {
        line["documents"] = json!([{
            "kind": "commitment_certificate", "number": "N", "issued_on": "2026-03-01", "issuer": "I",
            "origin_division_code": "520526",
        }]);
    }
    line
}

async fn declared(app: &App, trade: &Trade<'_>, lines: &[Value]) -> Value {
    let body = json!({
        "canteen_id": trade.canteen_id, "seller_name": "集市", "purchased_on": "2026-03-02", "lines": lines,
    });
    app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok()
}

/// Numerator and denominator of the school's share, and its lines.
async fn share_of(app: &App, trade: &Trade<'_>) -> (String, String, i64) {
    let view = app.get(&format!("/shares/schools/{}?{MARCH}", trade.school_id)).by(&trade.buyer).await.ok();
    let amount = &view["figures"]["headline"]["amount"];
    let text = |value: &Value| value.as_str().expect("a decimal").to_owned();
    (text(&amount["numerator"]), text(&amount["denominator"]), view["figures"]["lines"].as_i64().expect("lines"))
}

fn shown(numerator: &str, denominator: &str, lines: i64) -> (String, String, i64) {
    (numerator.to_owned(), denominator.to_owned(), lines)
}

async fn verified(app: &App) {
    let found = share::verify(&app.ctx).await.expect("verifies");
    assert_eq!(found.differences.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
}

on_both! {
    async fn a_wrong_amount_is_taken_back_and_replaced(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let purchase = declared(app, &trade, &[line("630.00", true), line("40.00", false)]).await;
        assert_eq!(share_of(app, &trade).await, shown("630.00", "670.00", 2));
        let first = &purchase["lines"][0]["id"];
        let path = format!("/declared-purchases/{}/corrections", id(&purchase));
        let body = json!({ "reason": "凭证为 63.00 元", "lines": [{ "line_id": first, "instead": line("63.00", true) }] });
        let corrected = app.post(&path, body.clone()).by(&trade.buyer).key("once").await.ok();
        assert_eq!((&corrected["amount_before"], &corrected["amount"]), (&json!("630.00"), &json!("63.00")));
        assert_eq!(share_of(app, &trade).await, shown("63.00", "103.00", 2));
        verified(app).await;

        // A retry is the same correction; a second one finds nothing left to correct.
        let again = app.post(&path, body.clone()).by(&trade.buyer).key("once").await;
        assert_eq!((again.json(), again.header("idempotency-replayed")), (corrected.clone(), "true"));
        app.post(&path, body).by(&trade.buyer).key("twice").await.points_at("/lines/0/line_id", "line_unknown");

        // What stands in its place is corrected in turn, and the other line is taken back for nothing.
        let (replaced, second) = (&corrected["lines"][0]["id"], &purchase["lines"][1]["id"]);
        let lines = json!([{ "line_id": replaced, "instead": line("60.00", false) }, { "line_id": second }]);
        let body = json!({ "reason": "合格证不符", "lines": lines });
        app.post(&path, body).by(&trade.buyer).key(&fresh_key()).await.ok();
        assert_eq!(share_of(app, &trade).await, shown("0.00", "60.00", 1));
        verified(app).await;

        let ledger = app.get(&format!("/ledger?school_id={}&{MARCH}", trade.school_id)).by(&trade.buyer).await.ok();
        let ledger = ledger["items"].as_array().expect("lines");
        assert_eq!(ledger.len(), 2 + 2 + 3);
        let back: Vec<&Value> = ledger.iter().filter(|line| line["correction_reason"].is_string()).collect();
        assert_eq!(back.len(), 3);
        assert!(back.iter().all(|line| line["amount"].as_str().expect("yuan").starts_with('-')));
        let reasons = |reason: &str| back.iter().filter(|line| line["correction_reason"] == reason).count();
        assert_eq!((reasons("凭证为 63.00 元"), reasons("合格证不符")), (1, 2));
    }

    async fn what_does_not_fit_corrects_nothing(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let purchase = declared(app, &trade, &[line("63.00", true)]).await;
        let other = declared(app, &trade, &[line("5.00", true)]).await;
        let (first, foreign) = (&purchase["lines"][0]["id"], &other["lines"][0]["id"]);
        let path = format!("/declared-purchases/{}/corrections", id(&purchase));
        let before = app.snapshot().await;
        let refused = [
            (json!({ "reason": "", "lines": [{ "line_id": first }] }), "/reason", "required"),
            (json!({ "reason": "x", "lines": [] }), "/lines", "line_count"),
            (json!({ "reason": "x", "lines": [{ "line_id": foreign }] }), "/lines/0/line_id", "line_unknown"),
            (json!({ "reason": "x", "lines": [{ "line_id": first }, { "line_id": first }] }), "/lines/1/line_id", "line_repeated"),
            (
                json!({ "reason": "x", "lines": [{ "line_id": first, "instead": line("0.00", true) }] }),
                "/lines/0/instead/amount", "amount_not_positive",
            ),
            (
                json!({ "reason": "x", "lines": [{ "line_id": first, "instead": { "category_code": "NONE", "amount": "1.00" } }] }),
                "/lines/0/instead/category_code", "category_unknown",
            ),
        ];
        for (body, pointer, code) in refused {
            let answer = app.post(&path, body).by(&trade.buyer).key(&fresh_key()).await;
            answer.points_at(pointer, code);
        }
        let body = json!({ "reason": "x", "lines": [{ "line_id": first }] });
        app.post(&path, body.clone()).by(&trade.buyer).await.refused(400, "idempotency_key_required");
        let elsewhere = app.login("gz-520526-001").await;
        app.post(&path, body.clone()).by(&elsewhere).key("k").await.refused(404, "not_found");
        let officer = app.login("demo-weining").await;
        app.post(&path, body).by(&officer).key("k").await.refused(403, "forbidden");
        assert_eq!(app.snapshot().await, before);
    }

    async fn two_corrections_at_once_take_a_line_back_once(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let purchase = declared(app, &trade, &[line("63.00", true)]).await;
        let path = format!("/declared-purchases/{}/corrections", id(&purchase));
        let body = json!({ "reason": "x", "lines": [{ "line_id": purchase["lines"][0]["id"], "instead": line("36.00", true) }] });
        let ask = |key: &str| app.post(&path, body.clone()).by(&trade.buyer).key(key);
        let (one, two) = tokio::join!(ask("a"), ask("b"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert!(statuses[0] == 201 && [422, 503].contains(&statuses[1]), "{statuses:?}");
        assert_eq!(share_of(app, &trade).await, shown("36.00", "36.00", 1));
        verified(app).await;
    }
}
