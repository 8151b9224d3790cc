//! Divisions, county lists, the reporting tree, schools and their kitchens.
//!
//! Owns the two hierarchies (S10) and the dated lists of poor counties and townships (S11), both loaded from the
//! bundled files. Refuses to say where a place stands without being told the day, and to find a school without a scope.

pub mod bundle;
mod county_lists;
mod divisions;
mod filter;
mod reporting_units;
mod school_position;
mod schools;
mod store;

pub use divisions::CountyListMark;
pub use filter::{Area, code_cursor, code_filter, contains_word, is_code, word_filter};
pub use store::{
    POVERTY_AREA, Place, county_of, find_canteen, find_division, find_reporting_unit, find_school, places_on,
};

mod import;
mod sheet;

pub use import::{Divisions, ImportError, Imported, finish, import_schools};
pub use sheet::{Refusal, Row, Sheet, derived_id};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Reads of the registry.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(divisions::list_divisions))
        .routes(routes!(divisions::find_division))
        .routes(routes!(county_lists::list_county_lists))
        .routes(routes!(reporting_units::list_reporting_units))
        .routes(routes!(schools::list_schools))
        .routes(routes!(schools::find_school))
        .routes(routes!(schools::list_canteens))
        .routes(routes!(school_position::find_school_position, school_position::put_school_position))
        .with_state(ctx)
}
