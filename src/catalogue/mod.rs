//! Products, units and their conversions, and the offers of the market.
//!
//! Owns what can be bought, in which units, at which price. Refuses a quantity in a unit the product does not know,
//! a weight that is not known (S7), and offers of suppliers that are not approved.

pub mod bundle;
mod conversions;
mod create_listing;
mod list_listings;
mod listing;
mod offers;
mod products;

pub use conversions::Conversions;
pub use create_listing::{CreateListingRequest, create_listing};
pub use listing::{ListedQuantity, ListingView, in_units, price_per_kg};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Products, units, and the market.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(products::list_products))
        .routes(routes!(products::list_units))
        .routes(routes!(products::list_categories))
        .routes(routes!(list_listings::list_listings, create_listing::create_listing))
        .routes(routes!(list_listings::find_listing))
        .with_state(ctx)
}
