//! Divisions, county lists, the reporting tree, schools and their kitchens.
//!
//! Owns the two hierarchies (S10) and the dated lists of poor counties and townships (S11), both loaded from the
//! bundled files. Refuses to say where a place stands without being told the day, and to find a school without a scope.

mod affiliation;
mod authority;
pub mod bundle;
mod canteen_change;
mod close_school;
mod county_lists;
mod create_school;
mod diners;
mod divisions;
mod filter;
mod move_school;
mod past;
mod reporting_units;
mod school_change;
mod school_position;
mod schools;
mod store;
mod update_school;

pub use affiliation::{Affiliations, Seat, schools_on};
pub use authority::Authorities;
pub use canteen_change::term_of;
pub use school_change::settle;

pub use divisions::CountyListMark;
pub use filter::{Area, code_cursor, code_filter, contains_word, is_code, word_filter};
pub use past::{territory, territory_among};
pub use reporting_units::units_below;
pub use store::{
    POVERTY_AREA, Place, county_of, find_canteen, find_division, find_reporting_unit, find_school, held_school,
    places_on, present_code,
};

mod derived;
mod import;
mod imports;

pub use derived::derived_id;
pub use import::{
    Divisions, Doing, FileReach, ImportError, Imported, SCHOOLS, Taken, check_known, finish, import_schools, named,
    take_schools,
};
pub use imports::{COUNTY_LIST, DIVISIONS};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The registry: reads for everybody, changes by the authorities.
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
        .routes(routes!(create_school::create_school))
        .routes(routes!(update_school::update_school))
        .routes(routes!(move_school::move_school))
        .routes(routes!(close_school::close_school))
        .routes(routes!(close_school::merge_school))
        .routes(routes!(canteen_change::create_canteen))
        .routes(routes!(canteen_change::update_canteen))
        .routes(routes!(canteen_change::close_canteen))
        .routes(routes!(diners::list_diners))
        .routes(routes!(diners::put_diners))
        .merge(imports::router())
        .with_state(ctx)
}
