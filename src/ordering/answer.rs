//! The supplier confirms or declines; the canteen takes back what is not answered yet.

use super::{
    order::{self, ConfirmedLine, OrderError},
    read::OrderView,
    store::{self, Change},
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::{Begun, IdempotencyKey},
    suppliers,
};
use axum::{extract::State, http::StatusCode};
use entity::{
    id::OrderId,
    order_line,
    purchase_order::{self, OrderStatus},
    weight::BaseQuantity,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the supplier will bring; what is not named is confirmed in full.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmOrderRequest {
    /// Lines confirmed with less than was ordered.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub lines: Vec<ConfirmLineRequest>,
}

/// One line confirmed with less.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmLineRequest {
    /// Number of the line in the order.
    #[schema(example = 1)]
    pub line_no: i32,
    /// Decimal count of the unit the line was ordered in; `"0"` when it cannot be brought.
    #[schema(example = "18")]
    pub quantity: String,
}

/// Why an order is declined or taken back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    /// For the other side to read, up to 200 characters.
    #[schema(example = "雨天采收不足")]
    pub reason: String,
}

/// Confirm an order
///
/// In full, or line by line with less; stock that is not needed becomes free again. A supplier that is suspended, or whose
/// approval is over, can only decline (H4).
#[utoipa::path(
    post, path = "/orders/{id}/confirm", operation_id = "confirm_order", tag = "ordering", security(("bearer" = [])),
    params(("id" = OrderId, Path, description = "The order")),
    request_body = ConfirmOrderRequest,
    responses((status = 200, body = OrderView, description = "Confirmed"))
)]
pub async fn confirm_order(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<OrderId>,
    version: IfMatch,
    command: Command<ConfirmOrderRequest>,
) -> Result<Reply, ApiError> {
    confirm(&ctx, &caller, command.key, &version, id, command.body).await
}

/// Confirms an order for its supplier.
///
/// # Errors
/// 404 outside the scope, 409 in the wrong state or for a supplier that may not sell now, 412 when stale, 422 for a line
/// that does not fit.
pub async fn confirm(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    version: &IfMatch,
    id: OrderId,
    request: ConfirmOrderRequest,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Confirm, Resource::Order)?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let placed = store::find(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(placed.version)?;
    if placed.status == OrderStatus::Placed && !suppliers::may_sell(work.txn(), placed.supplier_id).await? {
        return Err(ApiError::conflict(
            "supplier_not_approved",
            Text::new(
                "供货主体未获批准，或已暂停、到期、撤销，只能谢绝订单。",
                "The supplier is not approved now; the order can only be declined.",
            ),
        ));
    }
    let mut lines = store::lines_of(work.txn(), [id]).await?;
    let mut check = Check::default();
    let mut wanted = Vec::with_capacity(request.lines.len());
    for (index, line) in request.lines.iter().enumerate() {
        let per_unit = lines.iter().find(|ordered| ordered.line_no == line.line_no).map_or(1, |line| line.unit_base.0);
        if let Some(confirmed) = check.quantity(&format!("/lines/{index}/quantity"), &line.quantity, per_unit) {
            wanted.push(ConfirmedLine { line_no: line.line_no, confirmed });
        }
    }
    check.finish()?;
    let confirmed = order::confirm(placed.status, &lines, &wanted)?;
    let before = tracked(&placed, &lines);
    let mut back = Vec::new();
    let mut written = Vec::with_capacity(lines.len());
    for (line, quantity) in lines.iter_mut().zip(confirmed) {
        line.confirmed_base = Some(quantity);
        back.push((line.listing_id, BaseQuantity(line.quantity_base.0 - quantity.0)));
        written.push((line.id, quantity));
    }
    let change = Change { status: OrderStatus::Confirmed, answered_at: Some(work.at), reason: None };
    let order = store::update(work.txn(), &placed, change).await?;
    store::confirm_lines(work.txn(), &written).await?;
    let stock_moves = back.iter().any(|(_, quantity)| quantity.0 > 0);
    store::return_stock(work.txn(), back).await?;
    let facts = serde_json::json!({
        "order_id": id, "school_id": order.school_id, "supplier_id": order.supplier_id,
        "status": order.status, "lines_confirmed_with_less": wanted.len(),
    });
    work.changed("order.confirm", "order", &id, &facts, &before, &tracked(&order, &lines));
    work.event("order.confirmed", &facts);
    let reply = work.commit(StatusCode::OK, &OrderView::new(&order, &lines)).await?;
    if stock_moves {
        ctx.pages.changed(Topic::Listings);
    }
    Ok(reply)
}

/// Decline an order
///
/// By its supplier, with a reason; the stock becomes free again.
#[utoipa::path(
    post, path = "/orders/{id}/decline", operation_id = "decline_order", tag = "ordering", security(("bearer" = [])),
    params(("id" = OrderId, Path, description = "The order")),
    request_body = ReasonRequest,
    responses((status = 200, body = OrderView, description = "Declined"))
)]
pub async fn decline_order(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<OrderId>,
    version: IfMatch,
    command: Command<ReasonRequest>,
) -> Result<Reply, ApiError> {
    withdraw(&ctx, &caller, command.key, &version, id, &command.body, Side::Supplier).await
}

/// Cancel an order
///
/// By the canteen, as long as the supplier has not answered; the stock becomes free again.
#[utoipa::path(
    post, path = "/orders/{id}/cancel", operation_id = "cancel_order", tag = "ordering", security(("bearer" = [])),
    params(("id" = OrderId, Path, description = "The order")),
    request_body = ReasonRequest,
    responses((status = 200, body = OrderView, description = "Cancelled"))
)]
pub async fn cancel_order(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<OrderId>,
    version: IfMatch,
    command: Command<ReasonRequest>,
) -> Result<Reply, ApiError> {
    withdraw(&ctx, &caller, command.key, &version, id, &command.body, Side::Canteen).await
}

/// Who takes an order back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The supplier declines.
    Supplier,
    /// The canteen cancels.
    Canteen,
}

/// Declines or cancels an order.
///
/// # Errors
/// 404 outside the scope, 409 once it was answered, 412 when stale, 422 without a reason.
pub async fn withdraw(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    version: &IfMatch,
    id: OrderId,
    request: &ReasonRequest,
    side: Side,
) -> Result<Reply, ApiError> {
    let (action, status, done, topic) = match side {
        Side::Supplier => (Action::Decline, OrderStatus::Declined, "order.decline", "order.declined"),
        Side::Canteen => (Action::Cancel, OrderStatus::Cancelled, "order.cancel", "order.cancelled"),
    };
    let scope = caller.actor.may(action, Resource::Order)?;
    let mut check = Check::default();
    let reason = check.text("/reason", &request.reason, 200);
    check.finish()?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let placed = store::find(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(placed.version)?;
    order::withdraw(placed.status)?;
    let lines = store::lines_of(work.txn(), [id]).await?;
    let change = Change { status, answered_at: Some(work.at), reason: Some(reason) };
    let order = store::update(work.txn(), &placed, change).await?;
    store::return_stock(work.txn(), lines.iter().map(|line| (line.listing_id, line.quantity_base))).await?;
    let facts = serde_json::json!({
        "order_id": id, "school_id": order.school_id, "supplier_id": order.supplier_id,
        "status": order.status, "reason": order.reason,
    });
    work.changed(done, "order", &id, &facts, &tracked(&placed, &lines), &tracked(&order, &lines));
    work.event(topic, &facts);
    let reply = work.commit(StatusCode::OK, &OrderView::new(&order, &lines)).await?;
    ctx.pages.changed(Topic::Listings);
    Ok(reply)
}

/// The fields of an order whose change the trail keeps.
fn tracked(order: &purchase_order::Model, lines: &[order_line::Model]) -> serde_json::Value {
    let confirmed: Vec<Option<i64>> = lines.iter().map(|line| line.confirmed_base.map(|base| base.0)).collect();
    serde_json::json!({
        "status": order.status, "answered_at": order.answered_at, "reason": order.reason, "version": order.version,
        "confirmed_base": confirmed,
    })
}

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::WrongState { status } => {
                let name = serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned));
                let name = name.unwrap_or_default();
                Self::conflict(
                    "order_state",
                    Text::new(
                        format!("订单当前状态为 {name}，不能进行此操作。"),
                        format!("The order is {name}; this cannot be done now."),
                    ),
                )
            }
            OrderError::UnknownLine { index, line_no } => Self::field(
                format!("/lines/{index}/line_no"),
                "line_unknown",
                Text::new(format!("订单没有第 {line_no} 行。"), format!("The order has no line {line_no}.")),
            ),
            OrderError::RepeatedLine { index, line_no } => Self::field(
                format!("/lines/{index}/line_no"),
                "line_repeated",
                Text::new(format!("第 {line_no} 行重复。"), format!("Line {line_no} is there twice.")),
            ),
            OrderError::MoreThanOrdered { index, line_no } => Self::field(
                format!("/lines/{index}/quantity"),
                "more_than_ordered",
                Text::new(format!("超过第 {line_no} 行的订购量。"), format!("Line {line_no} was ordered with less.")),
            ),
            OrderError::NothingConfirmed => Self::field(
                "/lines",
                "nothing_confirmed",
                Text::new("全部为零时请改用拒单。", "With nothing to bring, decline the order."),
            ),
        }
    }
}
