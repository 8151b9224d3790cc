//! What must not get in: each with its problem and pointer, in Chinese and in English, and nothing stored.

use crate::support::{
    app::{App, PASSWORD, on_both},
    call::{Answer, Call},
    trade::{Trade, accepted, batch, fresh_key, id},
};
use serde_json::{Value, json};

fn is_chinese(text: &Value) -> bool {
    text.as_str().expect("a text").chars().any(|one| ('\u{4e00}'..='\u{9fff}').contains(&one))
}

/// Sends a request in both languages and checks how it is refused: status and code, and the field's pointer and code.
async fn refused(app: &App, call: impl Fn() -> Call, told: (u16, &str), field: Option<(&str, &str)>) -> Answer {
    let before = app.snapshot().await;
    let (chinese, english) = (call().await, call().english().await);
    assert_eq!(app.snapshot().await, before, "{told:?} {field:?} left something behind");
    for (answer, speaks_chinese) in [(&chinese, true), (&english, false)] {
        let problem = answer.refused(told.0, told.1);
        assert_eq!(is_chinese(&problem["title"]), speaks_chinese, "{problem}");
        assert_eq!(is_chinese(&problem["detail"]), speaks_chinese, "{problem}");
        if let Some((pointer, code)) = field {
            let sentence = Value::String(answer.points_at(pointer, code));
            assert_eq!(is_chinese(&sentence), speaks_chinese, "{sentence}");
        }
    }
    chinese
}

/// A body with one field replaced or added.
fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}"));
    match parent {
        Value::Array(list) => list.insert(field.parse().expect("an index"), value),
        _ => parent[field] = value,
    }
    body
}

const INVALID: (u16, &str) = (422, "invalid");

on_both! {
    async fn a_wrong_log_in(app: &App) {
        for (username, password) in [("yunong", "wrong"), ("nobody", PASSWORD)] {
            let login = json!({"username": username, "password": password});
            refused(app, || app.post("/auth/login", login.clone()), (401, "login_failed"), None).await;
        }
    }

    async fn a_basket_that_cannot_be_had(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let other = Trade::between(app, "gz-520526-001", "bijie-distribution").await;
        let basket = trade.basket(&[("potato", "20", "jin")]).await;
        let line = basket["lines"][0].clone();
        let nowhere = json!("01990000-0000-7000-8000-0000000000ab");
        let cases = [
            ("/canteen_id", json!(other.canteen_id), "/canteen_id", "canteen_unknown"),
            ("/canteen_id", nowhere.clone(), "/canteen_id", "canteen_unknown"),
            ("/lines/0/listing_id", nowhere, "/lines/0/listing_id", "listing_unknown"),
            ("/lines/0/listing_id", json!("7"), "/lines/0/listing_id", "wrong_type"),
            ("/lines/0/unit", json!("tray"), "/lines/0/unit", "unit_unknown"),
            ("/lines/0/unit", json!("'; --"), "/lines/0/unit", "unit_unknown"),
            ("/lines/0/quantity", json!("0"), "/lines/0/quantity", "quantity_not_positive"),
            ("/lines/0/quantity", json!("-1"), "/lines/0/quantity", "quantity_negative"),
            ("/lines/0/quantity", json!("0.0001"), "/lines/0/quantity", "quantity_scale"),
            ("/lines/0/quantity", json!("1e3"), "/lines/0/quantity", "quantity_malformed"),
            ("/lines/0/quantity", json!("20000000000"), "/lines/0/quantity", "quantity_too_large"),
            ("/lines/0/quantity", json!(20), "/lines/0/quantity", "wrong_type"),
            ("/lines/0/colour", json!("red"), "/lines/0/colour", "unknown_field"),
            ("/lines/1", line, "/lines/1/listing_id", "listing_repeated"),
            ("/lines", json!([]), "/lines", "line_count"),
            ("/lines", Value::Array(vec![basket["lines"][0].clone(); 101]), "/lines", "line_count"),
            ("/deliver_on", json!("2026-03-01"), "/deliver_on", "deliver_on_out_of_range"),
            ("/deliver_on", json!("2026-02-30"), "/deliver_on", "wrong_type"),
            ("/id", json!("6ba7b810-9dad-41d1-80b4-00c04fd430c8"), "/id", "id_not_uuid_v7"),
        ];
        for (change, value, pointer, code) in cases {
            let body = with(&basket, change, value);
            for path in ["/orders", "/baskets"] {
                let call = || app.post(path, body.clone()).by(&trade.buyer).key(&fresh_key());
                refused(app, call, INVALID, Some((pointer, code))).await;
            }
            // A quote takes no id: there is nothing to be named.
            if change != "/id" {
                let call = || app.post("/baskets/quote", body.clone()).by(&trade.buyer);
                refused(app, call, INVALID, Some((pointer, code))).await;
            }
        }
        let much = with(&basket, "/lines/0/quantity", json!("1000000"));
        let call = || app.post("/orders", much.clone()).by(&trade.buyer).key(&fresh_key());
        let answer = refused(app, call, (409, "insufficient_stock"), Some(("/lines/0/quantity", "insufficient_stock"))).await;
        let left = answer.points_at("/lines/0/quantity", "insufficient_stock");
        assert!(left.contains("187300 jin"), "{left}");
        // Two suppliers: a basket, not an order.
        let mut two = basket.clone();
        two["lines"].as_array_mut().expect("lines").push(other.basket(&[("beef", "1", "jin")]).await["lines"][0].clone());
        let call = || app.post("/orders", two.clone()).by(&trade.buyer).key(&fresh_key());
        refused(app, call, INVALID, Some(("/lines", "several_suppliers"))).await;
    }

    async fn money_that_is_none(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let supplier = trade.listing("potato").await.supplier_id;
        let listing = json!({
            "supplier_id": supplier, "product_code": "potato", "origin_division_code": "520526", "price": "1.20",
            "unit": "jin", "stock": {"quantity": "10", "unit": "jin"}, "deliver_from_on": "2026-03-03",
            "deliver_to_on": "2026-03-31",
        });
        let declared = json!({
            "canteen_id": trade.canteen_id, "purchased_on": "2026-03-02", "seller_name": "李记",
            "lines": [{"category_code": "VEGETABLE", "amount": "1.20"}],
        });
        let cases = [
            (json!("-1.00"), "money_negative"),
            (json!("1.005"), "money_scale"),
            (json!("1.000"), "money_scale"),
            (json!("1,00"), "money_malformed"),
            (json!(""), "money_malformed"),
            (json!("99999999999999999999"), "money_too_large"),
            (json!(1.2), "wrong_type"),
            (json!("0.00"), "not_positive"),
        ];
        let mut tons = listing.clone();
        (tons["price"], tons["unit"]) = (json!("99.99"), json!("t"));
        app.post("/listings", tons).by(&trade.seller).await.points_at("/price", "weight_implausible");
        // Nobody's number gets into a text that is shown, however it is dressed up.
        for (field, text) in [
            ("seller_name", "李记 19912345678"),
            ("seller_name", "李记 6222 0200 0011 2233 440"),
            ("invoice_number", "11010519491231002X"),
            ("external_id", "一九九一二三四五六七八"),
        ] {
            let mut told = declared.clone();
            told[field] = json!(text);
            let answer = app.post("/declared-purchases", told).by(&trade.buyer).key(&fresh_key()).await;
            answer.points_at(&format!("/{field}"), "number_in_text");
        }
        let mut own = declared.clone();
        own["invoice_number"] = json!("6222020000112233440");
        app.post("/declared-purchases", own).by(&trade.buyer).key(&fresh_key()).await.ok();
        for (money, code) in cases {
            let body = with(&listing, "/price", money.clone());
            let call = || app.post("/listings", body.clone()).by(&trade.seller);
            let wanted = code.replace("not_positive", "price_not_positive");
            refused(app, call, INVALID, Some(("/price", &wanted))).await;
            let body = with(&declared, "/lines/0/amount", money);
            let call = || app.post("/declared-purchases", body.clone()).by(&trade.buyer).key(&fresh_key());
            let wanted = code.replace("not_positive", "amount_not_positive");
            refused(app, call, INVALID, Some(("/lines/0/amount", &wanted))).await;
        }
        app.post("/listings", listing).by(&trade.seller).await.ok();
        app.post("/declared-purchases", declared).by(&trade.buyer).key(&fresh_key()).await.ok();
    }

    async fn a_consignment_that_was_not_ordered_so(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let placed = trade.order(&[("potato", "20", "jin")]).await;
        let path = format!("/orders/{}/confirm", id(&placed));
        let more = json!({"lines": [{"line_no": 1, "quantity": "21"}]});
        let call = || app.post(&path, more.clone()).by(&trade.seller);
        refused(app, call, INVALID, Some(("/lines/0/quantity", "more_than_ordered"))).await;
        let early = json!([{"line_no": 1, "quantity": "1", "unit": "jin", "batch_number": "B"}]);
        let call = || trade.send_lines(&placed, &early);
        refused(app, call, (409, "order_state"), None).await;
        let order = trade.confirm(&placed).await;
        let lines = json!([batch(&order["lines"][0])]);
        for (change, value, pointer, code) in [
            ("/0/line_no", json!(2), "/lines/0/line_no", "line_unknown"),
            ("/0/quantity", json!("20.3"), "/lines/0/quantity", "more_than_confirmed"),
            ("/0/batch_number", json!(" "), "/lines/0/batch_number", "required"),
            ("/0/produced_on", json!("2026-03-03"), "/lines/0/produced_on", "date_in_future"),
            ("/0/shelf_life_days", json!(0), "/lines/0/shelf_life_days", "shelf_life_out_of_range"),
            ("/0/origin_division_code", json!("999999"), "/lines/0/origin_division_code", "division_unknown"),
            ("/0/certificates/0/kind", json!("letter"), "/lines/0/certificates/0/kind", "unknown_value"),
            ("/0/certificates/0/issued_on", json!("2026-03-03"), "/lines/0/certificates/0/issued_on", "date_in_future"),
        ] {
            let call = || trade.send_lines(&order, &with(&lines, change, value.clone()));
            refused(app, call, INVALID, Some((pointer, code))).await;
        }
    }

    async fn a_receipt_that_cannot_be(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let consignment = trade.under_way(&[("potato", "20", "jin")]).await;
        let receipt = json!({"inspectors": ["yunong", "yunong-2"], "lines": [accepted(&consignment["lines"][0])]});
        let person = ("/inspectors/1", "inspector_unknown");
        for (change, value, (pointer, code)) in [
            ("/inspectors", json!(["yunong", "yunong"]), ("/inspectors/1", "inspector_repeated")),
            ("/inspectors", json!(["yunong", " YUNONG "]), ("/inspectors/1", "inspector_repeated")),
            ("/inspectors", json!(["yunong"]), ("/inspectors", "two_inspectors_needed")),
            ("/inspectors", json!(["yunong", "gz-520526-001"]), person),
            ("/inspectors", json!(["yunong", "demo-weining"]), person),
            ("/lines/0/gross", json!("10.101"), ("/lines/0/gross", "net_above_sent")),
            ("/lines/0/tare", json!("10.001"), ("/lines/0/gross", "net_negative")),
            ("/lines/0/gross", json!("10.0001"), ("/lines/0/gross", "quantity_scale")),
            ("/lines/0/deduction", json!("0.100"), ("/lines/0/deduction_reason", "required")),
            ("/lines/0/rejected", json!("0.100"), ("/lines/0/reject_reason", "required")),
            ("/lines/0/reject_action", json!("returned"), ("/lines/0/reject_action", "reject_action_mismatch")),
            ("/lines/0/consignment_line_id", consignment["id"].clone(), ("/lines/0/consignment_line_id", "line_unknown")),
            ("/lines/1", receipt["lines"][0].clone(), ("/lines/1/consignment_line_id", "line_repeated")),
            ("/lines/0/mood", json!("good"), ("/lines/0/mood", "unknown_field")),
        ] {
            let call = || trade.receive_as(&consignment, &with(&receipt, change, value.clone()));
            refused(app, call, INVALID, Some((pointer, code))).await;
        }
        let call = || trade.receive_as(&consignment, &receipt).header("if-match", "\"2\"");
        refused(app, call, (412, "stale_version"), None).await;
        // One per cent above what was sent is within the tolerance (F1).
        trade.receive_as(&consignment, &with(&receipt, "/lines/0/gross", json!("10.100"))).await.ok();
        refused(app, || trade.receive_as(&consignment, &receipt), (409, "consignment_received"), None).await;
    }

    async fn a_key_used_before_and_a_version_gone_by(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let basket = trade.basket(&[("potato", "20", "jin")]).await;
        let place = |basket: &Value| app.post("/orders", basket.clone()).by(&trade.buyer);
        refused(app, || place(&basket), (400, "idempotency_key_required"), None).await;
        let first = place(&basket).key("monday").await;
        let again = place(&basket).key("monday").await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
        assert_eq!(again.bytes, first.bytes);
        let other = with(&basket, "/lines/0/quantity", json!("21"));
        refused(app, || place(&other).key("monday"), INVALID, Some(("", "idempotency_key_reused"))).await;
        let elsewhere = || app.post("/baskets", basket.clone()).by(&trade.buyer).key("monday");
        refused(app, elsewhere, INVALID, Some(("", "idempotency_key_reused"))).await;
        // A key is its owner's: another account may use the same.
        let neighbour = Trade::between(app, "gz-520526-001", "weining-potato-coop").await;
        let theirs = neighbour.basket(&[("potato", "1", "jin")]).await;
        app.post("/orders", theirs).by(&neighbour.buyer).key("monday").await.ok();

        let order = first.json();
        let reason = json!({"reason": "改日再订"});
        for verb in ["cancel", "confirm", "decline"] {
            let (token, body) = if verb == "cancel" { (&trade.buyer, reason.clone()) } else { (&trade.seller, reason.clone()) };
            let body = if verb == "confirm" { json!({}) } else { body };
            let path = format!("/orders/{}/{verb}", id(&order));
            let call = || app.post(&path, body.clone()).by(token).header("if-match", "\"7\"");
            refused(app, call, (412, "stale_version"), None).await;
        }
        let shown = app.get(&format!("/orders/{}", id(&order))).by(&trade.buyer).await;
        let cancel = app.post(&format!("/orders/{}/cancel", id(&order)), reason).by(&trade.buyer);
        cancel.header("if-match", shown.header("etag")).await.ok();
    }

    async fn a_file_that_does_not_fit(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let path = format!("/api/v1/imports?kind=declared_purchases&canteen_id={}", trade.canteen_id);
        let header = "external_id,purchased_on,seller_name,product_code,quantity,unit,amount";
        let good = "r1,2026-03-01,李记,cabbage,30,jin,36.00";
        let import = |rows: &str| {
            app.call("POST", &path).text("text/csv", &format!("{header}\n{good}\n{rows}\n")).by(&trade.buyer).key(&fresh_key())
        };
        for (row, pointer, code) in [
            ("r1,2026-03-01,李记,cabbage,30,jin,36.00", "/rows/3/external_id", "external_id_repeated"),
            ("r2,2026-03-01,李记,cabbage,30,jin,36.001", "/rows/3/amount", "money_scale"),
            ("r2,2026-03-01,李记,cabbage,30,jin,-1", "/rows/3/amount", "money_negative"),
            ("r2,02.03.2026,李记,cabbage,30,jin,36.00", "/rows/3/purchased_on", "date_malformed"),
            ("r2,2026-03-04,李记,cabbage,30,jin,36.00", "/rows/3/purchased_on", "purchased_on_out_of_range"),
            ("r2,2026-03-01,,cabbage,30,jin,36.00", "/rows/3/seller_name", "required"),
            (",2026-03-01,李记,cabbage,30,jin,36.00", "/rows/3/external_id", "required"),
            ("r2,2026-03-01", "/rows/3", "row_unreadable"),
            ("r\u{0}2,2026-03-01,李记,cabbage,30,jin,36.00", "/rows/3/external_id", "control_character"),
            ("r2,2026-03-01,李记,dragon,30,jin,36.00", "/rows/3/lines/0/product_code", "product_unknown"),
            ("r2,2026-03-01,李\u{1}记,cabbage,30,jin,36.00", "/rows/3/seller_name", "control_character"),
        ] {
            refused(app, || import(row), INVALID, Some((pointer, code))).await;
        }
        import("r2,2026-03-02,李记,potato,1.5,kg,3.00").await.ok();
        refused(app, || import("r3,2026-03-02,李记,potato,1.5,kg,3.00"), INVALID, Some(("/rows/2/external_id", "external_id_taken"))).await;
    }
}
