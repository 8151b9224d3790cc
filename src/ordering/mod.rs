//! Baskets and orders: prices frozen, stock reserved, one order a supplier, all or none.
//!
//! Refuses what is not on offer, more than is in stock, units the product does not know, kitchens that do not buy, and
//! changes of an order that its state does not allow.

mod answer;
mod basket;
mod group;
mod order;
mod place;
mod placer;
mod read;
mod snapshot;
mod store;

pub use answer::{ConfirmLineRequest, ConfirmOrderRequest, ReasonRequest, Side, confirm, withdraw};
pub use basket::{BasketLine, Destination, MAX_LINES, Offer, PricedLine, Refusal, price};
pub(crate) use group::{canteen_unknown, destination, refuse};
pub use order::{OrderError, ship};
pub use place::{PlaceBasketRequest, place};
pub use placer::{Placer, Wanted};
pub use read::{OrderLineView, OrderView, PlacedBasket, find_order as show_order};
pub use snapshot::{Kitchen, find_conversions, find_kitchens, find_offers};
pub use store::{Change, find as find_order, lines_of, update as update_order};

use crate::{context::Ctx, store::WithWriter};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of baskets and orders.
pub fn router(ctx: Ctx, placer: Placer) -> OpenApiRouter {
    let placing = OpenApiRouter::new().routes(routes!(place::place_basket)).routes(routes!(place::place_order));
    let rest = OpenApiRouter::new()
        .routes(routes!(read::list_orders))
        .routes(routes!(read::find_order))
        .routes(routes!(answer::confirm_order))
        .routes(routes!(answer::decline_order))
        .routes(routes!(answer::cancel_order))
        .with_state(ctx.clone());
    placing.with_state(WithWriter { ctx, writer: placer }).merge(rest)
}
