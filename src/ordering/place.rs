//! Place a basket: one order a supplier, all or none.

use super::{
    basket::BasketLine,
    placer::{Placer, Wanted},
    read::{OrderView, PlacedBasket},
};
use crate::{
    access::{Action, Caller, Resource},
    http::{ApiError, Check, Command, Reply},
    store::IdempotencyKey,
};
use axum::extract::State;
use chrono::NaiveDate;
use entity::id::CanteenId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A basket to be ordered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceBasketRequest {
    /// Id chosen by the client (UUIDv7), for baskets made offline.
    pub id: Option<Uuid>,
    /// For which kitchen.
    pub canteen_id: CanteenId,
    /// Day of delivery; tomorrow unless given.
    pub deliver_on: Option<NaiveDate>,
    /// What is wanted, 1 to 100 lines.
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<BasketLine>,
}

/// Place a basket
///
/// Makes one order for each supplier, reserves the stock and freezes the prices, all in one transaction: either every
/// line is ordered or none is.
#[utoipa::path(
    post, path = "/baskets", operation_id = "place_basket", tag = "ordering", security(("bearer" = [])),
    request_body = PlaceBasketRequest,
    responses((status = 201, body = PlacedBasket, description = "Ordered"))
)]
pub async fn place_basket(
    State(placer): State<Placer>,
    caller: Caller,
    command: Command<PlaceBasketRequest, true>,
) -> Result<Reply, ApiError> {
    place(&placer, &caller, command.key, command.body, false).await
}

/// Place an order
///
/// The same for goods of a single supplier; the id sent along becomes the order's.
#[utoipa::path(
    post, path = "/orders", operation_id = "place_order", tag = "ordering", security(("bearer" = [])),
    request_body = PlaceBasketRequest,
    responses((status = 201, body = OrderView, description = "Ordered"))
)]
pub async fn place_order(
    State(placer): State<Placer>,
    caller: Caller,
    command: Command<PlaceBasketRequest, true>,
) -> Result<Reply, ApiError> {
    place(&placer, &caller, command.key, command.body, true).await
}

/// Places a basket, or with `single` one order.
///
/// # Errors
/// 403 for a role that does not order; 422 and 409 as [`super::basket::price`] refuses.
pub async fn place(
    placer: &Placer,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    request: PlaceBasketRequest,
    single: bool,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Order)?;
    let mut check = Check::default();
    let id = check.client_id::<Uuid>("/id", request.id);
    check.lines("/lines", &request.lines, super::basket::MAX_LINES);
    check.finish()?;
    placer
        .submit(Wanted {
            caller: caller.clone(),
            scope,
            key: key.ok_or_else(|| ApiError::internal("an order was placed without a key"))?,
            basket_id: if single { None } else { id.map(Into::into) },
            single: single.then(|| id.map(Into::into)),
            canteen_id: request.canteen_id,
            deliver_on: request.deliver_on,
            lines: request.lines,
        })
        .await
}
