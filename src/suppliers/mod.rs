//! (being built)

mod import;

pub use import::{import_households, import_links, import_suppliers};

use crate::context::Ctx;
use utoipa_axum::router::OpenApiRouter;

/// Routes of this room.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new().with_state(ctx)
}
