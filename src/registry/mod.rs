//! Divisions, county lists, the reporting tree, schools and their kitchens.
//!
//! Owns the two hierarchies (S10) and the dated lists of poor counties and townships (S11), both loaded from the
//! bundled files. Refuses to say where a place stands without being told the day, and to find a school without a scope.

pub mod bundle;
mod filter;
mod store;

pub use filter::{Area, code_filter, containing, is_code, word_filter};
pub use store::{
    POVERTY_AREA, Place, county_of, find_canteen, find_division, find_reporting_unit, find_school, places_on,
};

use crate::context::Ctx;
use utoipa_axum::router::OpenApiRouter;

/// Routes of this room.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new().with_state(ctx)
}
