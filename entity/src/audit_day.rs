use sea_orm::entity::prelude::*;

use crate::time::Timestamp;

/// One row of `audit_day`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_day")]
pub struct Model {
    /// A business day that is over.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Date,
    /// Its first place in the chain.
    pub first_seq: i64,
    /// Its last.
    pub last_seq: i64,
    /// Hash at the last place.
    pub head: String,
    /// Key that signed the head.
    pub key_id: String,
    /// Ed25519 over day, last place and head, in hex.
    pub signature: String,
    /// When.
    pub signed_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
