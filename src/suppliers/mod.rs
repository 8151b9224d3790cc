//! Suppliers, the households behind them, and both kinds of household history.
//!
//! Owns who sells and which households live from it, day by day (H1, H3). Refuses to hand out a household's status
//! without being told the day, and its name or numbers otherwise than masked, except where they are revealed for a reason
//! that is kept (P1, P2).

mod household_view;
mod households;
mod list;
mod list_households;
mod papers;
mod personal;
mod register;
mod reseal;
mod reveal_household;
mod search_households;
mod store;
mod supplier_position;
mod update_personal_data;
pub mod verification;

pub use household_view::{HouseholdView, show as show_households};
pub use households::{Home, homes_of, households_of};
pub use papers::remind_of_licences;
pub use personal::{SEALED, Sealed};
pub use register::{CreditCodeError, SocialCreditCode, reseal_suppliers, suppliers_to_reseal};
pub use reseal::{households_to_reseal, reseal_households};
pub use search_households::{normal, parse};
pub use store::{find_household, find_supplier, is_linked_on, linked_households_on, may_sell, statuses_on};
pub use update_personal_data::{Misses, keyed};

mod import;
mod import_columns;
mod import_numbers;

pub use import::{import_households, import_links, import_suppliers, take_households, take_links, take_suppliers};
pub use import_columns::{HOUSEHOLDS, LINKS, SUPPLIERS};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Suppliers, and the households their authorities look after.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list::list_suppliers))
        .routes(routes!(list::find_supplier))
        .routes(routes!(supplier_position::find_supplier_position, supplier_position::put_supplier_position))
        .routes(routes!(list_households::list_households))
        .routes(routes!(list_households::find_household))
        .routes(routes!(search_households::search_households))
        .routes(routes!(reveal_household::reveal_household))
        .routes(routes!(update_personal_data::update_personal_data))
        .merge(register::router())
        .merge(papers::router())
        .merge(verification::router())
        .with_state(ctx)
}
