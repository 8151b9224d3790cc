use sea_orm::entity::prelude::*;

use crate::id::AuditEntryId;

/// One row of `audit_seal`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_seal")]
pub struct Model {
    /// Place in the chain, from 1 without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Business day whose chain the row is in.
    pub day: Date,
    /// The sealed row.
    pub entry_id: AuditEntryId,
    /// SHA-256 of the row, in hex.
    pub row_hash: String,
    /// SHA-256 over the hash before, the place, the day and the row, in hex.
    pub hash: String,
}

impl ActiveModelBehavior for ActiveModel {}
