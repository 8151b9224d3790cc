//! The audit trail (P3): who did what for whom, when, from where, with what changed, and every refusal of a change.
//!
//! Owns the rows' shape, the chain over them, its signed days, reading, export and archive. Refuses personal data in
//! clear, changes of a row (the database does), and to delete: rows stay, six months at the very least.

mod archive;
mod canon;
mod export;
mod line;
mod list;
mod mask;
mod recorder;
mod refusal;
mod seal;
mod store;
mod verify;

pub use archive::{ArchiveError, Archived, KEEP_DAYS, archive, check_file};
pub use line::{Deed, changes, line, machine_line};
pub use list::{AuditEntryView, SealView};
pub use recorder::Recorder;
pub use refusal::{Witness, refusals};
pub use seal::{Reach, seal};
pub use verify::{Finding, Verified, verify};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Reading and exporting the trail.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list::list_audit_entries))
        .routes(routes!(export::export_audit_entries))
        .with_state(ctx)
}
