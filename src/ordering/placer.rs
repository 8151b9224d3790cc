//! The writer of orders.

use super::{basket::BasketLine, group};
use crate::{
    access::{Caller, Scope},
    context::Ctx,
    http::{ApiError, Reply},
    store::{GroupWriter, Grouped, IdempotencyKey},
};
use chrono::NaiveDate;
use entity::id::{BasketId, CanteenId, OrderId};

/// A basket to be placed.
#[derive(Debug)]
pub struct Wanted {
    /// Who places it.
    pub caller: Caller,
    /// The schools the caller may order for.
    pub scope: Scope,
    /// Key of the request.
    pub key: IdempotencyKey,
    /// Id the client chose for the basket.
    pub basket_id: Option<BasketId>,
    /// Set where a single order is wanted: then all lines must be one supplier's, and the answer is that order. The
    /// client may have chosen its id.
    pub single: Option<Option<OrderId>>,
    /// For which kitchen.
    pub canteen_id: CanteenId,
    /// Day of delivery; the next day unless given.
    pub deliver_on: Option<NaiveDate>,
    /// What is wanted.
    pub lines: Vec<BasketLine>,
}

impl Grouped for Wanted {
    const WHAT: &'static str = "orders";

    async fn write(ctx: &Ctx, group: &[Self]) -> Result<Vec<Result<Reply, ApiError>>, ApiError> {
        group::place(ctx, group).await
    }
}

/// Handle to the writer of orders.
pub type Placer = GroupWriter<Wanted>;
