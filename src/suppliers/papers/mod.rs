//! What suppliers hold and can yield: links to the households behind them, licences, capacities, supply bases.
//!
//! Owns these dated rows and who may enter and end them. Refuses two rows that say the same of one day, to end what has
//! ended, and links and bases entered by the supplier itself: they decide whose income it is (H3).

mod bases;
mod capacities;
mod frame;
mod licences;
mod licences_due;
mod links;
mod parties;

pub(super) use frame::overlap;
pub use licences_due::remind_of_licences;

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(links::create_link, links::list_links))
        .routes(routes!(links::end_link))
        .routes(routes!(licences::create_licence, licences::list_supplier_licences))
        .routes(routes!(licences::list_licences))
        .routes(routes!(licences::end_licence))
        .routes(routes!(capacities::create_capacity, capacities::list_capacities))
        .routes(routes!(capacities::confirm_capacity))
        .routes(routes!(capacities::list_capacity_overruns))
        .routes(routes!(bases::create_base, bases::list_bases))
        .routes(routes!(bases::end_base))
        .routes(routes!(parties::put_base_parties))
}
