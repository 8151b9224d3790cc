use sea_orm::entity::prelude::*;

use crate::{id::AccountId, time::Timestamp};

/// One row of `account`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    /// Log-in name, lower case.
    pub username: String,
    /// Name shown to others.
    pub display_name: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// True until a one-time password is replaced.
    pub must_change_password: bool,
    /// When the account was closed.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
