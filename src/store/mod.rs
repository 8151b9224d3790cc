//! The database: connecting to SQLite or PostgreSQL, transactions that carry their audit, outbox and idempotency rows.
//!
//! Refuses writes outside [`Work`] in the domains: a state change commits together with the rows that tell of it.

pub mod bulk;
mod connect;
mod work;

pub use connect::{Store, StoreError, connect};
pub use work::{Begun, IdempotencyKey, Work};
pub(crate) use work::{audit_line, idempotency_line, outbox_line, stored_answer};

use sea_orm::{DbErr, SqlErr};

/// Whether a statement failed on a unique key.
#[must_use]
pub fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
