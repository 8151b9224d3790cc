use sea_orm::entity::prelude::*;

use crate::{id::AccountId, time::Timestamp};

/// One row of `recovery_code`: stands in once for a lost authenticator.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_code")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// Keyed hash of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: String,
    /// Good for one log-in.
    pub used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
