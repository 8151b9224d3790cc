//! Files of many rows that come in: their templates, and how they are checked, applied and told of.
//!
//! Owns what all kinds of file share over HTTP; what a row means is its room's. Refuses kinds it does not know. A file is
//! cut into parts that are looked at and applied one by one, each in a transaction with how far the import is: after a
//! crash it goes on where it was, and nothing is taken twice. A row that cannot be taken is named with its column and
//! reason; the others are taken.

mod file;
mod kinds;
mod read;
mod run;
mod settle;
mod template;
mod upload;
mod view;

pub use kinds::KINDS;
pub use run::step;

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of imports.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(template::import_template))
        .routes(routes!(read::list_imports))
        .routes(routes!(read::find_import))
        .routes(routes!(read::list_import_refusals))
        .routes(routes!(settle::apply_import))
        .routes(routes!(settle::discard_import))
        .merge(upload::router())
        .with_state(ctx)
}
