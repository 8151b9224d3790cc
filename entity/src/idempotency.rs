use sea_orm::entity::prelude::*;

use crate::{id::AccountId, time::Timestamp};

/// One row of `idempotency`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Who sent the request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// The Idempotency-Key header.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 over method, path and body, in hex.
    pub body_hash: String,
    /// Status of the first answer.
    pub status: i32,
    /// Body of the first answer.
    pub response: String,
    /// When.
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
