//! The share: how much of what canteens bought came from poverty areas and registered households, against the target.
//!
//! Owns indicators, readings, roll-ups in both hierarchies, coverage, quotes and the verification of totals. Refuses to
//! average percentages, to round before it decides, and to call nothing bought zero percent.

mod area;
mod area_sums;
mod areas;
mod bundle;
mod coverage;
mod indicators;
mod node;
mod outlook;
mod quote;
mod ranking;
mod reading;
mod revocation_preview;
mod rollup;
mod school;
mod school_parts;
mod sums;
mod verify;
mod verify_packed;

pub use bundle::{check as check_indicators, load as load_indicators};
pub use coverage::{Coverage, coverage_of_unit, recount};
pub use indicators::{Indicator, Population, ReadingView, indicators_on, recent_indicators};
pub use node::{Node, division_node, unit_node};
pub use outlook::{BackTest, back_test};
pub use reading::{AmountShare, Percent, Rule, Sums, WeightShare, meets, share_bp, still_needed};
pub use rollup::{By, PartView, RollUpView, roll_up};
pub use school::{Figures, RangeQuery, SchoolShareQuery, SchoolShareView, school_share};
pub use verify::{Difference, Verification, verify};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of shares, indicators and quotes.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(quote::quote_basket))
        .routes(routes!(school::school_share))
        .routes(routes!(ranking::rank_schools))
        .routes(routes!(areas::reporting_unit_share))
        .routes(routes!(areas::division_share))
        .routes(routes!(revocation_preview::preview_revocation))
        .merge(indicators::router())
        .with_state(ctx)
}
