//! The register of households as its counties keep it: entered, moved, and with both histories of status (H1).
//!
//! Owns the histories' rules, the lists of the rural-revitalisation office and what they leave to be looked into. Refuses
//! two statuses of one history on one day, to delete a status, to let a list end more than a set part of the register
//! without a manager's reason, and to take in a person without a certificate or a certificate without a person (H2).

mod create;
mod discrepancies;
mod identity;
mod lists;
mod period;
mod statuses;
mod update;

pub use lists::{HOUSEHOLD_LIST, ListOf, NewList, Shrink, apply_list, compare_list, read_list};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the authorities of a county do to its register.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create::create_household))
        .routes(routes!(update::update_household))
        .routes(routes!(statuses::list::list_household_statuses, statuses::record::record_household_status))
        .routes(routes!(statuses::end::end_household_status))
        .routes(routes!(statuses::annul::annul_household_status))
        .routes(routes!(lists::read::list_household_lists))
        .routes(routes!(lists::read::find_household_list))
        .routes(routes!(lists::rows::list_household_list_rows))
        .routes(routes!(lists::apply::apply_household_list))
        .routes(routes!(discrepancies::list::list_household_discrepancies))
        .routes(routes!(discrepancies::resolve::resolve_household_discrepancy))
        .merge(lists::upload::router())
        .with_state(ctx)
}
