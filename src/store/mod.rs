//! The database and the files beside it: connecting to SQLite or PostgreSQL, transactions that carry their audit, outbox and idempotency rows.
//!
//! Refuses writes outside [`Work`] in the domains: a state change commits together with the rows that tell of it.

mod alone;
mod among;
pub mod bulk;
mod connect;
mod files;
mod groups;
mod load;
mod scanner;
mod work;

pub use alone::Alone;
pub use among::{among_codes, among_ids};
pub use connect::{Store, StoreError, connect, sqlite_file};
pub use files::{Bucket, Files, FilesAt, FilesError};
pub use groups::{GroupWriter, Grouped, WithWriter};
pub use load::Load;
pub use scanner::Scanner;
pub use work::{Begun, IdempotencyKey, Work};
pub(crate) use work::{audit_line, changed_line, idempotency_line, outbox_line, stored_answer, stored_answers};

use crate::http::{ApiError, Text};
use sea_orm::{DbErr, SqlErr};

/// Whether a statement failed on a unique key.
#[must_use]
pub fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// The problem of an id that exists already, where a client chose it; other errors as they are.
#[must_use]
pub fn id_taken(error: DbErr) -> ApiError {
    if is_duplicate(&error) {
        return ApiError::conflict(
            "id_taken",
            Text::new("自带的编号已被使用，请换一个。", "The id sent along is taken; choose another."),
        );
    }
    error.into()
}
