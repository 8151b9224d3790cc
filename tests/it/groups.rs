//! Receipts that arrive together are written together; each is judged alone.

use crate::support::{
    app::{App, on_both},
    trade::{Trade, accepted, batch, id},
};
use entity::account;
use sea_orm::{EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::{future::IntoFuture, sync::Arc};
use uuid::Uuid;
use xiaonong::{
    access::{Action, Actor, Caller, Resource, grants},
    http::{ApiError, IfMatch, Reply},
    ledger::Arrived,
    store::{Grouped, IdempotencyKey},
};

/// A receipt as the writer takes it, recorded by the school's manager.
async fn arrived(app: &App, consignment: &Value, key: &str, change: impl FnOnce(&mut Value)) -> Arrived {
    let db = app.ctx.store.primary();
    let account = account::Entity::find().filter(account::COLUMN.username.eq("yunong"));
    let account = account.one(db).await.expect("reads").expect("is there");
    let grants = grants(db, account.id, app.ctx.clock.now()).await.expect("reads");
    let actor = Arc::new(Actor::in_process(account.id, grants));
    let mut body = json!({"inspectors": ["yunong", "yunong-2"], "lines": [accepted(&consignment["lines"][0])]});
    change(&mut body);
    Arrived {
        scope: actor.may(Action::Create, Resource::Receipt).expect("a manager may receive"),
        caller: Caller { actor, request_id: format!("request-{key}"), address: None },
        key: IdempotencyKey { key: key.to_owned(), body_hash: key.to_owned() },
        version: IfMatch::Any,
        consignment_id: id(consignment).parse::<Uuid>().expect("an id").into(),
        request: serde_json::from_value(body).expect("a receipt"),
    }
}

fn outcome(answer: &Result<Reply, ApiError>) -> String {
    match answer {
        Ok(reply) => format!("{} {}", reply.status.as_u16(), if reply.replayed { "replayed" } else { "new" }),
        Err(ApiError::Conflict { code, .. }) => (*code).to_owned(),
        Err(ApiError::Invalid(errors)) => errors[0].code.to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

on_both! {
    async fn a_bad_receipt_in_a_group_fails_alone(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let first = trade.under_way(&[("potato", "20", "jin")]).await;
        let second = trade.under_way(&[("potato", "30", "jin")]).await;
        let third = trade.under_way(&[("potato", "40", "jin")]).await;
        let group = [
            arrived(app, &first, "a", |_| {}).await,
            arrived(app, &second, "b", |body| body["lines"][0]["gross"] = "99".into()).await,
            arrived(app, &first, "a", |_| {}).await,
            arrived(app, &first, "c", |_| {}).await,
            arrived(app, &third, "d", |_| {}).await,
        ];
        let answers = Arrived::write(&app.ctx, &group).await.expect("the group is written");
        let told: Vec<String> = answers.iter().map(outcome).collect();
        assert_eq!(told, ["201 new", "net_above_sent", "201 replayed", "consignment_received", "201 new"]);
        for (table, rows) in [("receipt", 2), ("receipt_line", 2), ("receipt_inspector", 4), ("purchase_line", 2)] {
            assert_eq!(app.number(&format!("select count(*) from {table}")).await, rows, "{table}");
        }
        let audited = "select count(*) from audit_entry where action = 'consignment.receive'";
        assert_eq!(app.number(audited).await, 2);
        assert_eq!(app.number("select count(*) from consignment where status = 'received'").await, 2);
        assert_eq!(app.number("select count(*) from purchase_order where status = 'received'").await, 2);
        let outcome = xiaonong::share::verify(&app.ctx).await.expect("verifies");
        assert!(outcome.differences.is_empty(), "{:?}", outcome.differences);
    }

    async fn an_order_in_two_consignments_closes_with_the_second(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.confirm(&trade.order(&[("potato", "20", "jin")]).await).await;
        let half = |number: &str| {
            let mut line = batch(&order["lines"][0]);
            line["quantity"] = "10".into();
            line["batch_number"] = number.into();
            json!([line])
        };
        let first = trade.send_lines(&order, &half("B-1")).await.ok();
        let second = trade.send_lines(&order, &half("B-2")).await.ok();
        let status = async || app.get(&format!("/orders/{}", id(&order))).by(&trade.buyer).await.ok()["status"].clone();
        trade.receive(&first, accepted).await.ok();
        assert_ne!(status().await, "received");
        let group = [arrived(app, &second, "s", |_| {}).await, arrived(app, &second, "t", |_| {}).await];
        let answers = Arrived::write(&app.ctx, &group).await.expect("the group is written");
        assert_eq!(answers.iter().map(outcome).collect::<Vec<_>>(), ["201 new", "consignment_received"]);
        assert_eq!(status().await, "received");
    }

    async fn both_halves_of_an_order_in_one_group(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.confirm(&trade.order(&[("potato", "20", "jin")]).await).await;
        let mut sent = Vec::new();
        for number in ["B-1", "B-2"] {
            let mut line = batch(&order["lines"][0]);
            line["quantity"] = "10".into();
            line["batch_number"] = number.into();
            sent.push(trade.send_lines(&order, &json!([line])).await.ok());
        }
        let group = [arrived(app, &sent[0], "x", |_| {}).await, arrived(app, &sent[1], "y", |_| {}).await];
        let answers = Arrived::write(&app.ctx, &group).await.expect("the group is written");
        assert_eq!(answers.iter().map(outcome).collect::<Vec<_>>(), ["201 new", "201 new"]);
        let shown = app.get(&format!("/orders/{}", id(&order))).by(&trade.buyer).await.ok();
        assert_eq!(shown["status"], "received");
        let share = app.get(&format!("/shares/schools/{}?from=2026-03-01&to=2026-03-31", trade.school_id));
        assert_eq!(share.by(&trade.buyer).await.ok()["figures"]["headline"]["weight"]["denominator"], "10.000");
    }

    async fn ids_that_meet_in_a_group_cost_only_the_later_one(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let first = trade.under_way(&[("potato", "20", "jin")]).await;
        let second = trade.under_way(&[("potato", "30", "jin")]).await;
        let chosen = json!("01990000-0000-7000-8000-00000000abcd");
        let receive = |consignment: &Value| {
            let body = json!({
                "id": chosen, "inspectors": ["yunong", "yunong-2"], "lines": [accepted(&consignment["lines"][0])],
            });
            trade.receive_as(consignment, &body)
        };
        let (one, other) = tokio::join!(receive(&first).into_future(), receive(&second).into_future());
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        let loser = if one.status == 409 { one } else { other };
        loser.refused(409, "id_taken");
        assert_eq!(app.number("select count(*) from receipt").await, 1);
        assert_eq!(app.number("select count(*) from purchase_line").await, 1);
    }
}
