//! The register of suppliers: who they are by law, where they sit, and the numbers of the people who run them.
//!
//! Owns entering and changing them by their authorities. Refuses a code that is not of their kind (H2), a second entry of
//! the same organisation, household or person, and to change who an approved supplier is.

mod change;
mod contact;
mod create;
mod credit_code;
mod identity;
mod numbers;
mod reseal;
mod reveal;
mod update;
mod view;

pub use credit_code::{CreditCodeError, SocialCreditCode};
pub use reseal::{reseal_suppliers, suppliers_to_reseal};

pub(super) use change::in_reach;
pub(super) use view::{Numbers, numbers_of};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(create::create_supplier))
        .routes(routes!(update::update_supplier))
        .routes(routes!(numbers::update_supplier_numbers))
        .routes(routes!(reveal::reveal_supplier))
}
