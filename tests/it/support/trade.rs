//! One school buying from one supplier, over HTTP: the steps that many tests take.

use super::{app::App, call::Call};
use entity::{listing, supplier};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// A canteen manager and a supplier, both logged in.
pub struct Trade<'a> {
    app: &'a App,
    /// The manager's token.
    pub buyer: String,
    /// The supplier's token.
    pub seller: String,
    seller_name: String,
    pub school_id: String,
    pub canteen_id: String,
}

/// A key that no other request has.
pub fn fresh_key() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl<'a> Trade<'a> {
    pub async fn between(app: &'a App, buyer: &str, seller: &str) -> Self {
        let session = app.session(buyer).await;
        let held = &session["account"]["memberships"][0];
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            app,
            buyer: text(&session["access_token"]),
            seller: app.login(seller).await,
            seller_name: seller.to_owned(),
            school_id: text(&held["school_id"]),
            canteen_id: text(&held["canteen_ids"][0]),
        }
    }

    /// The supplier's first offer of a product.
    pub async fn listing(&self, product: &str) -> listing::Model {
        let db = self.app.ctx.store.primary();
        let seller = supplier::Entity::find().filter(supplier::COLUMN.code.eq(&self.seller_name)).one(db).await;
        let seller = seller.expect("reads").expect("a supplier");
        let offers = listing::Entity::find().filter(listing::COLUMN.supplier_id.eq(seller.id));
        let offer = offers.filter(listing::COLUMN.product_code.eq(product)).one(db).await.expect("reads");
        offer.unwrap_or_else(|| panic!("{} offers no {product}", self.seller_name))
    }

    /// A basket: product, quantity, unit.
    pub async fn basket(&self, lines: &[(&str, &str, &str)]) -> Value {
        let mut wanted = Vec::new();
        for (product, quantity, unit) in lines {
            let listing = self.listing(product).await;
            wanted.push(json!({"listing_id": listing.id, "quantity": quantity, "unit": unit}));
        }
        json!({"canteen_id": self.canteen_id, "deliver_on": "2026-03-03", "lines": wanted})
    }

    /// Orders, and returns the order.
    pub async fn order(&self, lines: &[(&str, &str, &str)]) -> Value {
        let basket = self.basket(lines).await;
        self.app.post("/orders", basket).by(&self.buyer).key(&fresh_key()).await.ok()
    }

    /// The supplier confirms an order in full.
    pub async fn confirm(&self, order: &Value) -> Value {
        self.app.post(&format!("/orders/{}/confirm", id(order)), json!({})).by(&self.seller).await.ok()
    }

    /// The supplier sends all that was confirmed, one proven batch a line.
    pub async fn send(&self, order: &Value) -> Value {
        let lines: Vec<Value> = order["lines"].as_array().expect("lines").iter().map(batch).collect();
        self.send_lines(order, &json!(lines)).await.ok()
    }

    pub fn send_lines(&self, order: &Value, lines: &Value) -> Call {
        self.app.post(&format!("/orders/{}/consignments", id(order)), json!({ "lines": lines })).by(&self.seller)
    }

    /// The school's receipt of a consignment by its two people: `weigh` says what the scale shows of each line.
    pub fn receive(&self, consignment: &Value, weigh: impl Fn(&Value) -> Value) -> Call {
        let lines: Vec<Value> = consignment["lines"].as_array().expect("lines").iter().map(weigh).collect();
        self.receive_as(consignment, &json!({"inspectors": ["yunong", "yunong-2"], "lines": lines}))
    }

    pub fn receive_as(&self, consignment: &Value, body: &Value) -> Call {
        self.app
            .post(&format!("/consignments/{}/receipt", id(consignment)), body.clone())
            .by(&self.buyer)
            .key(&fresh_key())
    }

    /// All the way from the order to a consignment under way.
    pub async fn under_way(&self, lines: &[(&str, &str, &str)]) -> Value {
        let order = self.confirm(&self.order(lines).await).await;
        self.send(&order).await
    }

    /// All the way to an accepted receipt.
    pub async fn bought(&self, lines: &[(&str, &str, &str)]) -> Value {
        let consignment = self.under_way(lines).await;
        self.receive(&consignment, accepted).await.ok()
    }
}

/// The id of what an answer shows.
pub fn id(shown: &Value) -> &str {
    shown["id"].as_str().expect("an id")
}

/// A batch for an order's line: all of it, with a document that proves the listed origin.
pub fn batch(line: &Value) -> Value {
    let certificate = json!({
        "kind": "commitment_certificate", "number": "CN-1", "issued_on": "2026-03-02", "issuer": "合作社",
        "origin_division_code": line["origin_division_code"],
    });
    json!({
        "line_no": line["line_no"], "quantity": line["confirmed"]["quantity"], "unit": line["confirmed"]["unit"],
        "batch_number": "B-1", "certificates": [certificate],
    })
}

/// The scale shows what was sent and nothing is refused.
pub fn accepted(line: &Value) -> Value {
    json!({"consignment_line_id": line["id"], "gross": line["sent"]["quantity"]})
}
