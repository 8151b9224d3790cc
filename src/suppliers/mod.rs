//! Suppliers, the households behind them, and both kinds of household history.
//!
//! Owns who sells and which households live from it, day by day (H1, H3). Refuses to hand out a household's name, or
//! its status without being told the day.

mod households;
mod list;
mod store;

pub use households::{counties_of, households_of};
pub use store::{find_supplier, is_linked_on, linked_households_on, statuses_on};

mod import;

pub use import::{import_households, import_links, import_suppliers};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Reads of the suppliers.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list::list_suppliers)).routes(routes!(list::find_supplier)).with_state(ctx)
}
