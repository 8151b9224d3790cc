//! Products, units and their conversions, and the offers of the market.
//!
//! Owns what can be bought, in which units, at which price. Refuses a quantity in a unit the product does not know,
//! a weight that is not known (S7), and offers of suppliers that are not approved.

pub mod bundle;
mod conversions;

pub use conversions::Conversions;

use crate::context::Ctx;
use utoipa_axum::router::OpenApiRouter;

/// Routes of this room.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new().with_state(ctx)
}
