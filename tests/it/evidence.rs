//! What a claim is worth: origins changed on the way, borrowed households, weights and documents that cannot be.

use crate::support::{
    app::{App, PASSWORD, on_both},
    trade::{Trade, accepted, batch, fresh_key, id},
};
use entity::{beneficiary_link, household, id::SchoolId, membership::Role};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use xiaonong::access::{NewAccount, create_accounts, password::Cost};

/// A neighbouring county of the same kind as Weining, and the county of the household used here.
const ELSEWHERE: &str = "520525";

async fn class_of(app: &App, receipt: &Value) -> i32 {
    let ledger_line = receipt["lines"][0]["ledger_line_id"].as_str().expect("accepted").parse().expect("an id");
    let line = entity::purchase_line::Entity::find_by_id(entity::id::PurchaseLineId(ledger_line));
    line.one(app.ctx.store.primary()).await.expect("reads").expect("is there").class
}

/// Buys potatoes whose only batch is changed on the way, and returns the class they were booked under.
async fn bought_with(app: &App, trade: &Trade<'_>, change: impl FnOnce(&mut Value)) -> i32 {
    let order = trade.confirm(&trade.order(&[("potato", "20", "jin")]).await).await;
    let mut line = batch(&order["lines"][0]);
    change(&mut line);
    let consignment = trade.send_lines(&order, &json!([line])).await.ok();
    let receipt = trade.receive(&consignment, accepted).await.ok();
    class_of(app, &receipt).await
}

/// A household linked to the seller, with its county.
async fn linked_household(app: &App, trade: &Trade<'_>) -> household::Model {
    let db = app.ctx.store.primary();
    let seller = trade.listing("potato").await.supplier_id;
    let links = beneficiary_link::Entity::find().filter(beneficiary_link::COLUMN.supplier_id.eq(seller));
    let link = links.one(db).await.expect("reads").expect("the cooperative leads households");
    household::Entity::find_by_id(link.household_id).one(db).await.expect("reads").expect("is there")
}

/// One more inspector at the school.
async fn third_inspector(app: &App, school: &str) {
    let account = NewAccount {
        id: app.ctx.ids.next(),
        username: "yunong-3",
        display_name: "第三验收员",
        password: PASSWORD.to_owned(),
        one_time: false,
        role: Role::Inspector,
        school_id: Some(SchoolId(school.parse().expect("an id"))),
        supplier_id: None,
        reporting_unit_code: None,
    };
    create_accounts(&app.ctx, vec![account], Cost::Light).await.expect("the account is made");
}

on_both! {
    async fn an_origin_changed_on_the_way_is_accepted_as_unverified(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let as_listed = bought_with(app, &trade, |_| {}).await;
        assert_eq!(as_listed % 10, 1, "a document proves the listed origin");
        let changed = bought_with(app, &trade, |line| {
            line["origin_division_code"] = ELSEWHERE.into();
            line["certificates"][0]["origin_division_code"] = ELSEWHERE.into();
        }).await;
        assert_eq!(changed % 10, 0, "a document of the sender's own choice proves nothing");
        let unproven = bought_with(app, &trade, |line| line["certificates"] = json!([])).await;
        assert_eq!(unproven, as_listed - 1, "without a document the same goods count as unverified");
    }

    async fn a_household_counts_with_goods_of_its_own_county_only(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let household = linked_household(app, &trade).await;
        assert_ne!(household.county_code, ELSEWHERE);
        let producer = |class: i32| class / 10 % 10;
        let own = bought_with(app, &trade, |line| line["producer_household_id"] = json!(household.id)).await;
        assert!((1..=3).contains(&producer(own)), "class {own}: the household stands behind its goods");
        let borrowed = bought_with(app, &trade, |line| {
            line["producer_household_id"] = json!(household.id);
            line["origin_division_code"] = ELSEWHERE.into();
        }).await;
        let unnamed = bought_with(app, &trade, |line| line["origin_division_code"] = ELSEWHERE.into()).await;
        assert_eq!(producer(borrowed), producer(unnamed), "its name adds nothing to goods from elsewhere");
        // Somebody else's household cannot be named at all.
        let db = app.ctx.store.primary();
        let linked = beneficiary_link::Entity::find()
            .filter(beneficiary_link::COLUMN.supplier_id.eq(trade.listing("potato").await.supplier_id))
            .all(db).await.expect("reads");
        let strangers = household::Entity::find()
            .filter(household::COLUMN.id.is_not_in(linked.iter().map(|link| link.household_id)));
        let stranger = strangers.one(db).await.expect("reads").expect("there are others");
        let order = trade.confirm(&trade.order(&[("potato", "20", "jin")]).await).await;
        let mut line = batch(&order["lines"][0]);
        line["producer_household_id"] = json!(stranger.id);
        let answer = trade.send_lines(&order, &json!([line])).await;
        answer.refused(422, "invalid");
        answer.points_at("/lines/0/producer_household_id", "producer_not_linked");
    }

    async fn whoever_records_a_receipt_inspects(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        third_inspector(app, &trade.school_id).await;
        let consignment = trade.under_way(&[("potato", "20", "jin")]).await;
        let before = app.snapshot().await;
        let others = json!({"inspectors": ["yunong-2", "yunong-3"], "lines": [accepted(&consignment["lines"][0])]});
        let answer = trade.receive_as(&consignment, &others).await;
        answer.refused(422, "invalid");
        answer.points_at("/inspectors", "caller_not_inspecting");
        assert_eq!(app.snapshot().await, before);
        let own = json!({"inspectors": ["yunong", "yunong-3"], "lines": [accepted(&consignment["lines"][0])]});
        let receipt = trade.receive_as(&consignment, &own).await.ok();
        assert_eq!(receipt["inspectors"], json!(["yunong", "yunong-3"]));
    }

    async fn weights_and_documents_that_cannot_be(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let consignment = trade.under_way(&[("potato", "20", "jin")]).await;
        let mut line = accepted(&consignment["lines"][0]);
        line["weight"] = "9.000".into();
        let body = json!({"inspectors": ["yunong", "yunong-2"], "lines": [line]});
        let answer = trade.receive_as(&consignment, &body).await;
        answer.refused(422, "invalid");
        answer.points_at("/lines/0/weight", "weight_not_needed");

        let line = |more: Value| {
            let mut line = json!({"category_code": "EGG", "amount": "30.00"});
            line.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            line
        };
        let document = |issued_on: &str| json!({"documents": [{
            "kind": "county_certificate", "number": "CD-1", "issued_on": issued_on, "issuer": "迤那镇",
            "origin_division_code": "520526",
        }]});
        for (more, pointer, code) in [
            (json!({"weight": "9999.000"}), "/lines/0/weight", "weight_implausible"),
            (
                json!({"product_code": "egg_chicken", "category_code": null, "quantity": "30", "unit": "piece", "weight": "0.100"}),
                "/lines/0/weight",
                "weight_implausible",
            ),
            // Tons for a few yuan, typed as a quantity.
            (
                json!({"product_code": "potato", "category_code": null, "quantity": "600.002", "unit": "jin"}),
                "/lines/0/quantity",
                "weight_implausible",
            ),
            (
                json!({"product_code": "egg_chicken", "category_code": null, "quantity": "99999", "unit": "piece"}),
                "/lines/0/quantity",
                "weight_implausible",
            ),
            (document("2026-03-02"), "/lines/0/documents/0/issued_on", "issued_after_purchase"),
            (document("0001-01-01"), "/lines/0/documents/0/issued_on", "date_out_of_range"),
            (json!({"amount": "+30.00"}), "/lines/0/amount", "money_malformed"),
            (json!({"amount": ".50"}), "/lines/0/amount", "money_malformed"),
            (json!({"amount": "3_0.00"}), "/lines/0/amount", "money_malformed"),
        ] {
            let body = json!({
                "canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "李记",
                "lines": [line(more)],
            });
            let answer = app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await;
            answer.refused(422, "invalid");
            answer.points_at(pointer, code);
        }
        assert_eq!(app.number("select count(*) from purchase_line").await, 0);
    }

    async fn the_tolerance_counts_once(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.confirm(&trade.order(&[("potato", "2000", "jin")]).await).await;
        let mut line = batch(&order["lines"][0]);
        // One per cent more than was confirmed may be sent; it does not raise what may be received.
        line["quantity"] = "2020".into();
        let consignment = trade.send_lines(&order, &json!([line])).await.ok();
        let weighed = |gross: &str| json!({"consignment_line_id": consignment["lines"][0]["id"], "gross": gross});
        let body = |gross: &str| json!({"inspectors": ["yunong", "yunong-2"], "lines": [weighed(gross)]});
        let answer = trade.receive_as(&consignment, &body("1010.001")).await;
        answer.refused(422, "invalid");
        answer.points_at("/lines/0/gross", "net_above_sent");
        let receipt = trade.receive_as(&consignment, &body("1010")).await.ok();
        assert_eq!(receipt["lines"][0]["accepted"]["quantity"], "1010", "{receipt}");
        assert_eq!(id(&receipt).len(), 36);
    }
}
