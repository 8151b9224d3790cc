use sea_orm::entity::prelude::*;

use crate::{
    id::{AccessChangeId, AccountId},
    time::Timestamp,
};

/// One row of `access_change`: tells every replica to ask the database about an account again.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_change")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessChangeId,
    /// When.
    pub at: Timestamp,
    /// Whose sessions, standing or memberships changed.
    pub account_id: AccountId,
}

impl ActiveModelBehavior for ActiveModel {}
