//! Goods given back after they were received: the ledger gives them up, and what is left stands as it was (S1, F1, F3).

use crate::support::{
    app::{App, on_both},
    call::Answer,
    people::At,
    trade::{Trade, accepted, fresh_key, id},
};
use entity::{
    membership::Role,
    money::Fen,
    time::Timestamp,
    weight::{BaseQuantity, GRAMS_PER_KG},
};
use serde_json::{Value, json};
use xiaonong::{
    jobs,
    ledger::correct_revoked,
    share,
    statements::{self, Month},
};

const MARCH: &str = "from=2026-03-01&to=2026-03-31";
/// The first moment of April 2026 in China.
const APRIL: i64 = 1_774_972_800_000;
const DAY: i64 = 86_400_000;

async fn give_back(app: &App, token: &str, receipt: &Value, lines: &[Value]) -> Answer {
    let body = json!({ "reason": "中午开袋发现霉变", "lines": lines });
    app.post(&format!("/receipts/{}/returns", id(receipt)), body).by(token).key(&fresh_key()).await
}

/// So many of the first line.
fn some(receipt: &Value, quantity: &str) -> Value {
    json!({ "receipt_line_id": receipt["lines"][0]["id"], "quantity": quantity })
}

/// Numerator and denominator of the school's share, and its lines.
async fn share_of(app: &App, trade: &Trade<'_>) -> (String, String, i64) {
    let view = app.get(&format!("/shares/schools/{}?{MARCH}", trade.school_id)).by(&trade.buyer).await.ok();
    let amount = &view["figures"]["headline"]["amount"];
    let text = |value: &Value| value.as_str().unwrap_or("0.00").to_owned();
    (text(&amount["numerator"]), text(&amount["denominator"]), view["figures"]["lines"].as_i64().expect("lines"))
}

/// What so much potato costs at the price it was ordered for.
async fn costs(trade: &Trade<'_>, grams: i64) -> String {
    let offer = trade.listing("potato").await;
    offer.price_fen.times(BaseQuantity(grams), offer.unit_base).expect("an amount").to_string()
}

async fn told(app: &App, token: &str, receipt: &Value) -> usize {
    while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
    let page = app.get("/notifications?limit=200").by(token).await.ok();
    let items = page["items"].as_array().expect("items");
    items.iter().filter(|one| one["topic"] == "goods.returned" && one["subject_id"] == receipt["id"]).count()
}

async fn verified(app: &App) {
    let found = share::verify(&app.ctx).await.expect("verifies");
    assert_eq!(found.differences.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
}

fn fen(value: &Value) -> i64 {
    value.as_str().expect("a decimal").replace('.', "").parse().expect("a number")
}

on_both! {
    async fn what_goes_back_leaves_every_figure(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let whole = costs(&trade, 10_000).await;
        assert_eq!(share_of(app, &trade).await, (whole.clone(), whole.clone(), 1));
        let path = format!("/receipts/{}/returns", id(&receipt));
        let body = json!({ "reason": "中午开袋发现霉变", "lines": [some(&receipt, "2.5")] });
        let first = app.post(&path, body.clone()).by(&trade.buyer).key("once").await;
        let rest = costs(&trade, 8_750).await;
        assert_eq!((first.status, &first.json()["to_pay"], &first.json()["amount"]), (201, &json!(rest), &json!(whole)));
        assert_eq!(share_of(app, &trade).await, (rest.clone(), rest.clone(), 1));
        verified(app).await;
        let again = app.post(&path, body.clone()).by(&trade.buyer).key("once").await;
        assert_eq!((again.json(), again.header("idempotency-replayed")), (first.json(), "true"));
        let mut other = body.clone();
        other["reason"] = "另一原因".into();
        app.post(&path, other).by(&trade.buyer).key("once").await.points_at("", "idempotency_key_reused");

        // Both sides and the authority read what went back; the supplier and the officer were told.
        let officer = app.login("demo-weining").await;
        for token in [&trade.buyer, &trade.seller, &officer] {
            let seen = app.get(&format!("/receipts/{}", id(&receipt))).by(token).await.ok();
            let (line, back) = (&seen["lines"][0], &seen["returns"][0]);
            assert_eq!((&line["accepted"]["quantity"], &line["returned"]["quantity"], &line["left"]["quantity"]), (&json!("10"), &json!("1.25"), &json!("8.75")));
            assert_eq!((&line["to_pay"], &seen["to_pay"], &line["order_unit"]), (&json!(rest), &json!(rest), &json!("jin")));
            assert_eq!((&back["reason"], &back["lines"][0]["weight"]), (&body["reason"], &json!("1.250")));
            assert_eq!((&back["amount"], fen(&back["amount"])), (&seen["returned_amount"], fen(&json!(whole)) - fen(&json!(rest))));
            let listed = app.get("/receipts").by(token).await.ok()["items"][0].clone();
            assert_eq!((&listed["returned_amount"], &listed["to_pay"]), (&back["amount"], &json!(rest)));
        }
        assert_eq!((told(app, &trade.seller, &receipt).await, told(app, &officer, &receipt).await), (1, 1));
        let sales = format!("/sales?supplier_id={}&{MARCH}", trade.listing("potato").await.supplier_id);
        let sales = app.get(&sales).by(&trade.seller).await.ok();
        assert_eq!((&sales["items"][0]["amount"], &sales["items"][0]["returned_amount"]), (&json!(whole), &first.json()["returned_amount"]));

        // The rest in two more steps, the last in the unit the receipt is shown in; then nothing is left.
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "17")]).await.ok();
        verified(app).await;
        let mut last = some(&receipt, "0.25");
        last["unit"] = "kg".into();
        let seen = give_back(app, &trade.buyer, &receipt, &[last]).await.ok();
        assert_eq!((&seen["to_pay"], &seen["returned_amount"], seen["returns"].as_array().map(Vec::len)), (&json!("0.00"), &json!(whole), Some(3)));
        assert_eq!(share_of(app, &trade).await, ("0.00".into(), "0.00".into(), 0));
        verified(app).await;
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "1")]).await.points_at("/lines/0/receipt_line_id", "nothing_left");

        let ledger = app.get(&format!("/ledger?school_id={}&{MARCH}", trade.school_id)).by(&officer).await.ok();
        let ledger = ledger["items"].as_array().expect("lines");
        assert_eq!((ledger.len(), ledger.iter().map(|line| fen(&line["amount"])).sum::<i64>()), (6, 0));
        assert_eq!(ledger.iter().filter(|line| line["correction_reason"] == body["reason"]).count(), 3);
        let facts = |line: &Value| ["class", "purchased_on", "origin_division_code", "origin_lists", "evidence", "linked_households"].map(|name| line[name].clone());
        assert!(ledger.iter().all(|line| facts(line) == facts(&ledger[0])), "the facts of that day (S3)");
        for table in ["goods_return", "goods_return_line"] {
            let told = app.try_execute(&format!("delete from {table}")).await.expect_err("evidence").to_string();
            assert!(told.contains("append-only"), "{told}");
        }
    }

    async fn what_does_not_fit_gives_nothing_back(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let other = trade.bought(&[("potato", "20", "jin")]).await;
        let missing = trade.under_way(&[("potato", "20", "jin")]).await;
        let missing = trade.receive(&missing, |line| json!({"consignment_line_id": line["id"], "gross": "0"})).await.ok();
        let before = app.snapshot().await;
        let line = |quantity: &str| some(&receipt, quantity);
        let in_unit = |unit: &str| json!({ "receipt_line_id": receipt["lines"][0]["id"], "quantity": "1", "unit": unit });
        for (lines, pointer, code) in [
            (vec![], "/lines", "line_count"),
            (vec![some(&other, "1")], "/lines/0/receipt_line_id", "line_unknown"),
            (vec![line("1"), line("1")], "/lines/1/receipt_line_id", "line_repeated"),
            (vec![line("20.001")], "/lines/0/quantity", "quantity_scale"),
            (vec![line("20.002")], "/lines/0/quantity", "more_than_left"),
            (vec![line("0")], "/lines/0/quantity", "quantity_not_positive"),
            (vec![line("-1")], "/lines/0/quantity", "quantity_negative"),
            (vec![line("1e1")], "/lines/0/quantity", "quantity_malformed"),
            (vec![in_unit("tray")], "/lines/0/unit", "unit_unknown"),
        ] {
            give_back(app, &trade.buyer, &receipt, &lines).await.points_at(pointer, code);
        }
        give_back(app, &trade.buyer, &missing, &[some(&missing, "1")]).await.points_at("/lines/0/receipt_line_id", "nothing_accepted");
        let path = format!("/receipts/{}/returns", id(&receipt));
        let body = json!({ "reason": "霉变", "lines": [line("21")] });
        let sentence = app.post(&path, body.clone()).by(&trade.buyer).key("k").await.points_at("/lines/0/quantity", "more_than_left");
        assert_eq!(sentence, "超过仍在验收数内的数量，最多可退 20 jin。");
        let sentence = app.post(&path, body).english().by(&trade.buyer).key("k").await.points_at("/lines/0/quantity", "more_than_left");
        assert_eq!(sentence, "More than is still accepted; at most 20 jin can be given back.");
        for (reason, code) in [("", "required"), ("电话 19900000001", "number_in_text")] {
            let body = json!({ "reason": reason, "lines": [line("1")] });
            app.post(&path, body).by(&trade.buyer).key("k").await.points_at("/reason", code);
        }
        let body = json!({ "reason": "霉变", "lines": [line("1")] });
        app.post(&path, body.clone()).by(&trade.buyer).await.refused(400, "idempotency_key_required");
        let sibling = app.login("gz-520526-001").await;
        app.post(&path, body.clone()).by(&sibling).key("k").await.refused(404, "not_found");
        app.get(&format!("/receipts/{}", id(&receipt))).by(&sibling).await.refused(404, "not_found");
        for who in ["demo-weining", "weining-potato-coop"] {
            app.post(&path, body.clone()).by(&app.login(who).await).key("k").await.refused(403, "forbidden");
        }
        assert_eq!(app.snapshot().await, before);
        // Who inspects may give back as well.
        app.post(&path, body).by(&app.login("yunong-2").await).key("k").await.ok();
    }

    async fn goods_by_count_weigh_their_part(app: &App) {
        let trade = Trade::between(app, "yunong", "nayong-poultry-coop").await;
        let sent = trade.under_way(&[("egg_chicken", "2", "tray")]).await;
        let weighed = |line: &Value| {
            let mut seen = accepted(line);
            seen["weight"] = "3.001".into();
            seen
        };
        let receipt = trade.receive(&sent, weighed).await.ok();
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "0.5")]).await.ok();
        // One egg, which is no decimal part of a tray; 44 of 60 weigh 2200.73 g, rounded half up.
        let mut egg = some(&receipt, "1");
        egg["unit"] = "piece".into();
        let seen = give_back(app, &trade.buyer, &receipt, &[egg]).await.ok();
        assert_eq!((&seen["lines"][0]["left"], &seen["lines"][0]["returned"]["quantity"]), (&json!({"quantity": "44", "unit": "piece"}), &json!("16")));
        let offer = trade.listing("egg_chicken").await;
        let left = offer.price_fen.times(BaseQuantity(44), offer.unit_base).expect("an amount");
        assert_eq!(seen["to_pay"], left.to_string());
        assert_eq!(app.number("select cast(sum(weight_gram) as bigint) from purchase_line").await, 2_201);
        assert_eq!(Fen(app.number("select cast(sum(amount_fen) as bigint) from purchase_line").await), left);
        verified(app).await;
    }

    async fn two_returns_at_once_give_back_no_more_than_there_is(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let lines = [some(&receipt, "15")];
        let (one, two) = tokio::join!(
            give_back(app, &trade.buyer, &receipt, &lines),
            give_back(app, &trade.buyer, &receipt, &lines)
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert!(statuses[0] == 201 && [422, 503].contains(&statuses[1]), "{statuses:?}");
        let rest = costs(&trade, 2_500).await;
        assert_eq!(share_of(app, &trade).await, (rest.clone(), rest, 1));
        verified(app).await;
    }

    async fn in_a_closed_month_it_is_shown_in_the_next(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let close = async |month: &str| {
            let body = json!({ "reporting_unit_code": "520526", "month": month });
            app.post("/statements", body).by(&app.login("demo-weining").await).key(&fresh_key()).await.ok()
        };
        app.clock.set(Timestamp(APRIL + 2 * DAY));
        let march = close("2026-03").await;
        let seen = give_back(app, &app.login("yunong").await, &receipt, &[some(&receipt, "5")]).await.ok();
        app.clock.set(Timestamp(APRIL + 32 * DAY));
        let april = close("2026-04").await;
        let said: Value = serde_json::from_str(april["body"].as_str().expect("a text")).expect("JSON");
        let adjustment = &said["adjustments"][0];
        let sums = adjustment["sums"].as_array().expect("sums");
        let total: i64 = sums.iter().map(|one| one["amount_fen"].as_i64().expect("fen")).sum();
        assert_eq!((&adjustment["month"], total), (&json!("2026-03"), -fen(&seen["returned_amount"])));
        for month in ["2026-03", "2026-04"] {
            let parsed: Month = month.parse().expect("a month");
            let proof = statements::prove(&app.ctx, "520526", parsed).await.expect("proves");
            assert_eq!((proof.differences, proof.statements.is_empty()), (Vec::<String>::new(), false), "{month}");
        }
        assert_eq!(march["month"], "2026-03");
        verified(app).await;
    }

    async fn what_is_left_of_a_denied_sale_is_decided_on(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "5")]).await.ok();
        // The sale is denied by the line it was recorded with, and more goes back before the authority decides.
        let line = receipt["lines"][0]["ledger_line_id"].as_str().expect("a line");
        let denial = format!("/ledger/{line}/denial");
        let case = app.post(&denial, json!({"reason": "当日未向该校供货"})).by(&trade.seller).await.ok();
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "5")]).await.ok();
        let officer = app.login("demo-weining").await;
        let finding = json!({"finding": "核对过磅单，签名非本人"});
        app.post(&format!("/sale-denials/{}/uphold", id(&case)), finding).by(&officer).await.ok();
        assert_eq!(share_of(app, &trade).await, ("0.00".into(), costs(&trade, 5_000).await, 1));
        verified(app).await;
        // What nobody vouches for is bought all the same, and given back out of the denominator.
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "4")]).await.ok();
        assert_eq!(share_of(app, &trade).await, ("0.00".into(), costs(&trade, 3_000).await, 1));
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "6")]).await.ok();
        assert_eq!(share_of(app, &trade).await, ("0.00".into(), "0.00".into(), 0));
        verified(app).await;
        app.post(&denial, json!({"reason": "当日未向该校供货"})).by(&trade.seller).await.refused(409, "line_corrected");
    }

    async fn what_is_left_of_a_revoked_sale_leaves_the_denominator(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "5")]).await.ok();
        app.member("county-manager", Role::AuthorityManager, At::Unit("520526")).await;
        let manager = app.login("county-manager").await;
        let seller = receipt["supplier_id"].as_str().expect("an id");
        let from = json!({"effective_from": "2026-03-01"});
        let preview = app.post(&format!("/suppliers/{seller}/revocation-preview"), from).by(&manager).await.ok();
        assert_eq!(preview["lines"], 1, "what is left, and nothing of what went back");
        let body = json!({"effective_from": "2026-03-01", "reason": "经查系外购冒充自产", "fingerprint": preview["fingerprint"]});
        app.post(&format!("/suppliers/{seller}/revocation"), body).by(&manager).await.ok();
        assert_eq!(correct_revoked(&app.ctx).await.expect("corrects"), 1);
        assert_eq!(share_of(app, &trade).await, ("0.00".into(), costs(&trade, 7_500).await, 1));
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "5")]).await.ok();
        assert_eq!(share_of(app, &trade).await, ("0.00".into(), costs(&trade, 5_000).await, 1));
        assert_eq!(correct_revoked(&app.ctx).await.expect("corrects"), 0);
        verified(app).await;
    }

    async fn what_went_back_is_not_counted_twice(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let whole = receipt["amount"].clone();
        let declare = async |amount: &Value| {
            let body = json!({
                "canteen_id": trade.canteen_id, "seller_name": "高原云薯合作社", "purchased_on": "2026-03-02",
                "supplier_id": receipt["supplier_id"], "lines": [{ "category_code": "VEGETABLE", "amount": amount }],
            });
            app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await
        };
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "10")]).await.ok();
        let rest = json!(costs(&trade, 5 * GRAMS_PER_KG).await);
        // The voucher may be for what came or for what was left.
        for amount in [&whole, &rest] {
            declare(amount).await.points_at("/supplier_id", "received_here");
        }
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "10")]).await.ok();
        // All of it went back: the same amount is another purchase.
        declare(&whole).await.ok();
        assert_eq!(app.get("/double-counts?open=true").by(&trade.buyer).await.ok()["items"], json!([]));
        verified(app).await;
    }

    async fn a_return_that_says_something_else_than_the_ledger_is_named(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        give_back(app, &trade.buyer, &receipt, &[some(&receipt, "10")]).await.ok();
        let triggers = match app.ctx.store.backend() {
            sea_orm::DbBackend::Postgres => "drop trigger goods_return_line_no_change on goods_return_line",
            _ => "drop trigger goods_return_line_no_update",
        };
        app.execute(triggers).await;
        app.execute("update goods_return_line set amount_fen = amount_fen + 1, quantity_base = 10001").await;
        let found = share::verify(&app.ctx).await.expect("verifies").differences;
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
