//! Files of many rows that come in: their templates.
//!
//! Owns what all kinds of file share over HTTP; what a row means is its room's. Refuses kinds it does not know.

mod kinds;
mod template;

pub use kinds::KINDS;

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of imports.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(template::import_template)).with_state(ctx)
}
