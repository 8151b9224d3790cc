//! One delivery, received here and declared from outside as well: found, and counted once.

use crate::support::{
    app::{App, on_both},
    call::Answer,
    trade::{Trade, fresh_key, id},
};
use serde_json::{Value, json};
use xiaonong::{ledger, share};

const MARCH: &str = "from=2026-03-01&to=2026-03-31";

async fn declares(
    app: &App,
    trade: &Trade<'_>,
    amount: &str,
    supplier: Option<&Value>,
    more: &[(&str, Value)],
) -> Answer {
    let mut body = json!({
        "canteen_id": trade.canteen_id, "seller_name": "高原云薯合作社", "purchased_on": "2026-03-02",
        "supplier_id": supplier, "lines": [{ "category_code": "VEGETABLE", "amount": amount }],
    });
    for (name, value) in more {
        body[*name] = value.clone();
    }
    app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await
}

async fn bought_in_all(app: &App, trade: &Trade<'_>) -> String {
    let view = app.get(&format!("/shares/schools/{}?{MARCH}", trade.school_id)).by(&trade.buyer).await.ok();
    view["figures"]["headline"]["amount"]["denominator"].as_str().expect("yuan").to_owned()
}

async fn open_pairs(app: &App, token: &str) -> Vec<Value> {
    let page = app.get("/double-counts?open=true").by(token).await.ok();
    page["items"].as_array().expect("pairs").clone()
}

async fn supplier_of(app: &App) -> Value {
    json!(app.supplier("weining-potato-coop").await.id)
}

fn fen(text: &str) -> i64 {
    text.replace('.', "").parse().expect("a number")
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

on_both! {
    async fn what_a_correction_makes_of_a_purchase_is_looked_at_again(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let (amount, supplier) = (receipt["amount"].as_str().expect("yuan"), supplier_of(app).await);
        let small = declares(app, &trade, "1.00", Some(&supplier), &[]).await.ok();
        assert!(open_pairs(app, &trade.buyer).await.is_empty());
        let path = format!("/declared-purchases/{}/corrections", id(&small));
        let body = json!({"reason": "金额录入错误", "lines": [{"line_id": small["lines"][0]["id"], "instead": {"category_code": "VEGETABLE", "amount": amount}}]});
        app.post(&path, body).by(&trade.buyer).key(&fresh_key()).await.ok();
        let officer = app.login("demo-weining").await;
        let pairs = open_pairs(app, &officer).await;
        assert_eq!((pairs.len(), &pairs[0]["certain"], &pairs[0]["receipt_id"]), (1, &json!(true), &json!(id(&receipt))));
        // The authority is told that the school corrected what it declared.
        while xiaonong::jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        let told = app.get("/notifications?limit=200").by(&officer).await.ok();
        let told = told["items"].as_array().expect("items").iter().filter(|one| one["topic"] == "purchase.corrected" && one["subject_id"] == small["id"]);
        assert_eq!(told.count(), 1);
    }

    async fn what_was_received_here_is_not_declared_again(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let (amount, supplier) = (receipt["amount"].as_str().expect("yuan"), supplier_of(app).await);
        let before = app.snapshot().await;
        declares(app, &trade, amount, Some(&supplier), &[]).await.points_at("/supplier_id", "received_here");
        assert_eq!(app.snapshot().await, before);
        // Far off in amount it is another purchase, and nobody is asked.
        declares(app, &trade, "1.00", Some(&supplier), &[]).await.ok();
        assert_eq!(open_pairs(app, &trade.buyer).await, Vec::<Value>::new());
        // The school may say so of the same amount; then the pair stands on the list.
        declares(app, &trade, amount, Some(&supplier), &[("separate_delivery", json!(true))]).await.ok();
        let pairs = open_pairs(app, &trade.buyer).await;
        assert_eq!((pairs.len(), &pairs[0]["certain"], &pairs[0]["receipt_id"]), (1, &json!(true), &json!(id(&receipt))));
        assert_eq!(open_pairs(app, &app.login("demo-weining").await).await.len(), 1, "its authority sees it");
        assert!(open_pairs(app, &app.login("gz-520526-001").await).await.is_empty());
    }

    async fn what_was_declared_before_it_came_is_found(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let supplier = supplier_of(app).await;
        let consignment = trade.under_way(&[("potato", "20", "jin")]).await;
        let amount = trade.order(&[("potato", "20", "jin")]).await["amount"].as_str().expect("yuan").to_owned();
        declares(app, &trade, &amount, Some(&supplier), &[]).await.ok();
        declares(app, &trade, &yuan(fen(&amount) + 5), None, &[]).await.ok();
        let receipt = trade.receive(&consignment, crate::support::trade::accepted).await.ok();
        assert_eq!(receipt["amount"], json!(amount));
        assert_eq!(ledger::find_double_counts(&app.ctx).await.expect("looks"), 1);
        assert_eq!(ledger::find_double_counts(&app.ctx).await.expect("looks"), 0, "each once");
        let pairs = open_pairs(app, &trade.buyer).await;
        assert_eq!((pairs.len(), &pairs[0]["declared_amount"]), (1, &json!(amount)));
        assert_eq!(fen(&bought_in_all(app, &trade).await), 3 * fen(&amount) + 5);

        let path = format!("/double-counts/{}", id(&pairs[0]));
        let say = |what: &str| app.post(&format!("{path}/{what}"), json!({ "note": "同一车货" })).by(&trade.buyer).key(&fresh_key());
        app.post(&format!("{path}/same-goods"), json!({ "note": "" })).by(&trade.buyer).await.points_at("/note", "required");
        let decided = say("same-goods").await.ok();
        assert_eq!((&decided["outcome"], &decided["version"]), (&json!("same_goods"), &json!(2)));
        assert_eq!(fen(&bought_in_all(app, &trade).await), 2 * fen(&amount) + 5);
        say("different-goods").await.refused(409, "pair_decided");
        assert!(open_pairs(app, &trade.buyer).await.is_empty());
        let found = share::verify(&app.ctx).await.expect("verifies");
        assert_eq!(found.differences.len(), 0, "{:?}", found.differences);
    }

    async fn close_ones_wait_for_the_school(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "200", "jin")]).await;
        let (amount, supplier) = (fen(receipt["amount"].as_str().expect("yuan")), supplier_of(app).await);
        assert!(amount > 10_000);
        declares(app, &trade, &yuan(amount + amount / 200), Some(&supplier), &[]).await.ok();
        declares(app, &trade, &yuan(amount), None, &[]).await.ok();
        declares(app, &trade, &yuan(amount), Some(&supplier), &[("purchased_on", json!("2026-02-20"))]).await.ok();
        let pairs = open_pairs(app, &trade.buyer).await;
        assert_eq!(pairs.len(), 2, "the third lies ten days before: {pairs:?}");
        assert!(pairs.iter().all(|pair| pair["certain"] == false));
        let whole = bought_in_all(app, &trade).await;
        let path = format!("/double-counts/{}/different-goods", id(&pairs[0]));
        app.post(&path, json!({ "note": "两次送货" })).by(&trade.buyer).await.ok();
        assert_eq!(bought_in_all(app, &trade).await, whole);
        let elsewhere = app.login("gz-520526-001").await;
        let path = format!("/double-counts/{}/same-goods", id(&pairs[1]));
        app.post(&path, json!({ "note": "x" })).by(&elsewhere).await.refused(404, "not_found");
    }
}
