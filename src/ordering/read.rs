//! Orders as their two sides see them.

use super::store;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Page, PageQuery, Path, Query, Versioned, page},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::{BasketId, CanteenId, ListingId, OrderId, OrderLineId, SchoolId, SupplierId},
    money::Fen,
    order_line,
    purchase_order::{self, OrderStatus},
    time::Timestamp,
    weight::Quantity,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// A basket that was ordered.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacedBasket {
    /// The basket.
    pub basket_id: BasketId,
    /// One order a supplier.
    pub orders: Vec<OrderView>,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView {
    /// The order.
    pub id: OrderId,
    /// Orders placed together share it.
    pub basket_id: BasketId,
    /// Where it stands.
    pub status: OrderStatus,
    /// For which kitchen.
    pub canteen_id: CanteenId,
    /// School it counts for.
    pub school_id: SchoolId,
    /// From whom.
    pub supplier_id: SupplierId,
    /// Day of delivery.
    pub deliver_on: NaiveDate,
    /// Sum of its lines as ordered.
    pub amount: Fen,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was confirmed, declined or cancelled.
    pub answered_at: Option<Timestamp>,
    /// Why it was declined or cancelled.
    #[schema(example = "雨天采收不足")]
    pub reason: Option<String>,
    /// For `If-Match`.
    #[schema(example = 1)]
    pub version: i64,
    /// Its lines.
    pub lines: Vec<OrderLineView>,
}

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderLineView {
    /// The line.
    pub id: OrderLineId,
    /// Its number in the order, from 1.
    #[schema(example = 1)]
    pub line_no: i32,
    /// Offer it was ordered from.
    pub listing_id: ListingId,
    /// What.
    #[schema(example = "potato")]
    pub product_code: String,
    /// Where it is grown, as listed.
    #[schema(example = "910526")]
    pub origin_division_code: String,
    /// Ordered, as typed.
    pub ordered: Quantity,
    /// Confirmed by the supplier, in the same unit; null before.
    pub confirmed: Option<Quantity>,
    /// Frozen price of one price unit.
    pub price: Fen,
    /// Unit of the price.
    #[schema(example = "jin")]
    pub price_unit: String,
    /// Ordered quantity at that price.
    pub amount: Fen,
}

impl OrderView {
    /// An order with its lines.
    #[must_use]
    pub fn new(order: &purchase_order::Model, lines: &[order_line::Model]) -> Self {
        Self {
            id: order.id,
            basket_id: order.basket_id,
            status: order.status,
            canteen_id: order.canteen_id,
            school_id: order.school_id,
            supplier_id: order.supplier_id,
            deliver_on: order.deliver_on,
            amount: order.amount_fen,
            placed_at: order.placed_at,
            answered_at: order.answered_at,
            reason: order.reason.clone(),
            version: order.version,
            lines: lines.iter().map(OrderLineView::new).collect(),
        }
    }
}

impl OrderLineView {
    fn new(line: &order_line::Model) -> Self {
        let typed = |quantity: entity::weight::BaseQuantity| Quantity {
            quantity: quantity.in_units(line.unit_base),
            unit: line.unit_code.clone(),
        };
        Self {
            id: line.id,
            line_no: line.line_no,
            listing_id: line.listing_id,
            product_code: line.product_code.clone(),
            origin_division_code: line.origin_division_code.clone(),
            ordered: typed(line.quantity_base),
            confirmed: line.confirmed_base.map(typed),
            price: line.price_fen,
            price_unit: line.price_unit_code.clone(),
            amount: line.amount_fen,
        }
    }
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// In this state only.
    pub status: Option<OrderStatus>,
    /// To be delivered on this day only.
    pub deliver_on: Option<NaiveDate>,
    /// Rows wanted, 1 to 200; 20 unless given.
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List orders
///
/// The caller's own, newest first: a canteen's, a supplier's, or those of an authority's subtree.
#[utoipa::path(
    get, path = "/orders", operation_id = "list_orders", tag = "ordering", security(("bearer" = [])),
    params(OrderQuery),
    responses((status = 200, body = Page<OrderView>, description = "A page"))
)]
pub async fn list_orders(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<OrderQuery>,
) -> Result<Json<Page<OrderView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Order)?;
    if let Some(day) = query.deliver_on {
        let mut check = Check::default();
        check.day("?deliver_on", day);
        check.finish()?;
    }
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let (limit, after) = (paging.limit()?, paging.after_id()?);
    let orders = store::list(&ctx.store.read, &scope, &query, after, limit + 1).await?;
    let mut lines: HashMap<OrderId, Vec<order_line::Model>> = HashMap::new();
    for line in store::lines_of(&ctx.store.read, orders.iter().map(|order| order.id)).await? {
        lines.entry(line.order_id).or_default().push(line);
    }
    let show = |order: purchase_order::Model| OrderView::new(&order, lines.get(&order.id).map_or(&[], Vec::as_slice));
    Ok(Json(page(orders, limit, |order| order.id.to_string(), show)))
}

/// Read an order
///
/// With its lines; the `ETag` is its version.
#[utoipa::path(
    get, path = "/orders/{id}", operation_id = "find_order", tag = "ordering", security(("bearer" = [])),
    params(("id" = OrderId, Path, description = "The order")),
    responses((status = 200, body = OrderView, description = "The order"))
)]
pub async fn find_order(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Versioned<OrderView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Order)?;
    let db = ctx.store.primary();
    let order = store::find(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let lines = store::lines_of(db, [id]).await?;
    Ok(Versioned { version: order.version, body: OrderView::new(&order, &lines) })
}
