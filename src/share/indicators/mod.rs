//! Indicators as dated data: which purchases qualify, measured how, against what, for which schools (S5).
//!
//! Owns their versions and what a draft would have shown. Refuses a version that begins in the past, that holds beside
//! another of its name, or that counts purchases without evidence (S6): what was published stands.

mod create;
mod draft;
mod end;
mod list;
mod measure;
mod population;
mod simulate;
mod version;

pub use measure::Tree;
pub(super) use measure::{covered, covered_node};
pub use population::Population;
pub use version::{Indicator, ReadingView, indicators_on, recent_indicators};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(list::list_indicators))
        .routes(routes!(list::list_indicator_versions, create::create_indicator))
        .routes(routes!(end::end_indicator))
        .routes(routes!(simulate::simulate_indicator))
        .routes(routes!(measure::indicator_share))
}
