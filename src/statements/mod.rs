//! Statements: a reporting unit closes a month, and what it said of it can be proven years later.
//!
//! Owns the closing of months, the statements with their chain and signature, and their proof. Refuses to close a month
//! that is not over, before the units below have, or twice; and to change a statement: what comes later is shown in the
//! next one, and a month that is opened again gets a new version beside the old.

mod body;
mod close;
mod lines;
mod list;
mod month;
mod print;
mod reopen;
mod verify;
mod view;

pub use body::{Adjustment, Below, Body, ClassSums, Digest};
pub use month::Month;
pub use verify::{Proof, prove};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of statements.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list::list_statements, close::close_month))
        .routes(routes!(list::find_statement))
        .routes(routes!(reopen::reopen_month))
        .routes(routes!(lines::statement_lines))
        .routes(routes!(print::print_statement))
        .with_state(ctx)
}
