//! Many at once: stock is sold once, a key answers once, a consignment is received once.

use crate::support::{
    app::{App, on_both},
    call::Answer,
    trade::{Trade, accepted, fresh_key, id},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Sends all calls at the same time.
async fn at_once(calls: Vec<crate::support::call::Call>) -> Vec<Answer> {
    let running: Vec<_> = calls.into_iter().map(|call| tokio::spawn(call.into_future())).collect();
    let mut answers = Vec::with_capacity(running.len());
    for answer in running {
        answers.push(answer.await.expect("no panic"));
    }
    answers
}

fn count(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}

async fn set_stock(app: &App, listing: &entity::listing::Model, base: i64) {
    let id = listing.id.0.simple();
    let id =
        if app.ctx.store.backend() == sea_orm::DbBackend::Postgres { format!("'{id}'") } else { format!("x'{id}'") };
    app.execute(&format!("update listing set stock_base = {base} where id = {id}")).await;
}

on_both! {
    async fn two_hundred_buyers_of_a_hundred_buy_a_hundred(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let potato = trade.listing("potato").await;
        set_stock(app, &potato, 100 * 500).await;
        let basket = trade.basket(&[("potato", "1", "jin")]).await;
        // Two processes sell from one stock.
        let elsewhere = app.second_replica().await;
        let buyer = |number: usize| {
            let app = if number.is_multiple_of(2) { app } else { &elsewhere };
            app.post("/orders", basket.clone()).by(&trade.buyer).key(&format!("buyer-{number}"))
        };
        let answers = at_once((0..200).map(buyer).collect()).await;
        assert_eq!(count(&answers), BTreeMap::from([(201, 100), (409, 100)]));
        for answer in answers.iter().filter(|answer| answer.status == 409) {
            answer.points_at("/lines/0/quantity", "insufficient_stock");
        }
        assert_eq!(trade.listing("potato").await.stock_base.0, 0);
        assert_eq!(app.number("select count(*) from purchase_order").await, 100);
        assert_eq!(app.number("select count(*) from order_line").await, 100);
        assert_eq!(app.number("select count(*) from audit_entry where action like 'order%'").await, 100);
        // Given back, it can be sold again.
        let first = answers.iter().find(|answer| answer.status == 201).expect("one was placed").json();
        let cancel = app.post(&format!("/orders/{}/cancel", id(&first)), json!({"reason": "误下单"}));
        cancel.by(&trade.buyer).await.ok();
        assert_eq!(trade.listing("potato").await.stock_base.0, 500);
        trade.order(&[("potato", "1", "jin")]).await;
    }

    async fn one_key_at_the_same_time_makes_one_order(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let basket = trade.basket(&[("potato", "20", "jin")]).await;
        let elsewhere = app.second_replica().await;
        let call = |number: usize| {
            let app = if number.is_multiple_of(2) { app } else { &elsewhere };
            app.post("/orders", basket.clone()).by(&trade.buyer).key("the same")
        };
        let answers = at_once((0..8).map(call).collect()).await;
        assert_eq!(count(&answers), BTreeMap::from([(201, 8)]));
        assert!(answers.iter().all(|answer| answer.bytes == answers[0].bytes), "the very same answer");
        let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
        assert_eq!(replayed, 7);
        assert_eq!(app.number("select count(*) from purchase_order").await, 1);
    }

    async fn a_key_with_another_body_at_the_same_time_is_refused(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let mut calls = Vec::new();
        for quantity in ["1", "2", "3", "4"] {
            let basket = trade.basket(&[("potato", quantity, "jin")]).await;
            calls.push(app.post("/orders", basket).by(&trade.buyer).key("the same"));
        }
        let answers = at_once(calls).await;
        assert_eq!(count(&answers), BTreeMap::from([(201, 1), (422, 3)]));
        for answer in answers.iter().filter(|answer| answer.status == 422) {
            answer.points_at("", "idempotency_key_reused");
        }
        assert_eq!(app.number("select count(*) from purchase_order").await, 1);
    }

    async fn a_consignment_is_received_once(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let consignment = trade.under_way(&[("potato", "20", "jin")]).await;
        let answers = at_once((0..6).map(|_| trade.receive(&consignment, accepted)).collect()).await;
        assert_eq!(count(&answers), BTreeMap::from([(201, 1), (409, 5)]));
        for answer in answers.iter().filter(|answer| answer.status == 409) {
            answer.refused(409, "consignment_received");
        }
        assert_eq!(app.number("select count(*) from purchase_line").await, 1);
        let verified = xiaonong::share::verify(&app.ctx).await.expect("verifies");
        assert_eq!((verified.lines, verified.differences), (1, Vec::new()));
    }

    async fn the_last_two_consignments_at_once_close_the_order(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.confirm(&trade.order(&[("potato", "20", "jin")]).await).await;
        let half = json!([{"line_no": 1, "quantity": "10", "unit": "jin", "batch_number": "B"}]);
        let mut calls = Vec::new();
        for _ in 0..2 {
            let sent = trade.send_lines(&order, &half).await.ok();
            calls.push(trade.receive(&sent, accepted));
        }
        assert_eq!(count(&at_once(calls).await), BTreeMap::from([(201, 2)]));
        let order = app.get(&format!("/orders/{}", id(&order))).by(&trade.buyer).await.ok();
        assert_eq!(order["status"], "received");
    }

    async fn receipts_of_one_school_at_once_add_up(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let mut calls = Vec::new();
        for _ in 0..6 {
            let sent = trade.under_way(&[("potato", "20", "jin"), ("radish", "3", "jin")]).await;
            calls.push(trade.receive(&sent, accepted));
        }
        let declared = json!({
            "canteen_id": trade.canteen_id, "purchased_on": "2026-03-02", "seller_name": "李记",
            "lines": [{"category_code": "VEGETABLE", "amount": "1.00"}, {"category_code": "VEGETABLE", "amount": "2.00"}],
        });
        for _ in 0..6 {
            calls.push(app.post("/declared-purchases", declared.clone()).by(&trade.buyer).key(&fresh_key()));
        }
        assert_eq!(count(&at_once(calls).await), BTreeMap::from([(201, 12)]));
        let verified = xiaonong::share::verify(&app.ctx).await.expect("verifies");
        assert_eq!((verified.lines, verified.differences), (24, Vec::new()));
    }

    async fn an_order_is_confirmed_or_cancelled_not_both(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let before = trade.listing("potato").await.stock_base.0;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let path = |verb: &str| format!("/orders/{}/{verb}", id(&order));
        let reason = json!({"reason": "改日再订"});
        let answers = at_once(vec![
            app.post(&path("confirm"), json!({})).by(&trade.seller),
            app.post(&path("cancel"), reason.clone()).by(&trade.buyer),
            app.post(&path("decline"), reason).by(&trade.seller),
        ])
        .await;
        let won: Vec<Value> = answers.iter().filter(|answer| answer.status == 200).map(Answer::json).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(Answer::text).collect::<Vec<_>>());
        let held = if won[0]["status"] == "confirmed" { 10_000 } else { 0 };
        assert_eq!(trade.listing("potato").await.stock_base.0, before - held);
        assert!(answers.iter().all(|answer| [200, 409, 412].contains(&answer.status)));
    }
}
