//! Goods declared from outside that were received here as well: found, put before the school, and counted once.

mod decide;
mod find;
mod list;

pub use find::{find_double_counts, found_of_corrected};
pub(super) use find::{found_of, refuse_certain};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Pairs that may be one delivery.
pub fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(list::list_double_counts))
        .routes(routes!(decide::same_goods))
        .routes(routes!(decide::different_goods))
}
