//! "We never sold that": a sale is denied by who is named in it, which opens a case its authority decides (lesson of false
//! origin; H5, S3).
//!
//! Owns the cases. Refuses a denial by anybody else than the seller or the producer named, and a decision by who opened
//! the case; never changes a line.

mod decide;
mod deny;
mod list;
mod sales;
mod view;

pub use view::{DenialMark, marks};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Sales in one's name, and the cases about them.
pub fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(sales::list_sales))
        .routes(routes!(deny::deny_sale))
        .routes(routes!(list::list_sale_denials))
        .routes(routes!(list::find_sale_denial))
        .routes(routes!(decide::uphold_sale_denial))
        .routes(routes!(decide::reject_sale_denial))
}
