//! (being built)

mod import;
mod sheet;

pub use import::{Divisions, ImportError, Imported, finish, import_schools};
pub use sheet::{Refusal, Row, Sheet, derived_id};

use crate::context::Ctx;
use utoipa_axum::router::OpenApiRouter;

/// Routes of this room.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new().with_state(ctx)
}
