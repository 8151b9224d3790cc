use sea_orm::entity::prelude::*;

use crate::{id::AccountId, time::Timestamp};

/// One row of `totp`: an account's second factor (RFC 6238).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totp")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// The shared secret, sealed.
    pub sealed_secret: String,
    /// When the secret was made.
    pub created_at: Timestamp,
    /// When a code first proved it; none while it is not asked for.
    pub confirmed_at: Option<Timestamp>,
    /// 30-second step of the last code taken: no code is taken twice.
    pub last_step: i64,
}

impl ActiveModelBehavior for ActiveModel {}
