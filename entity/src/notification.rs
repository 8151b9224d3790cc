use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, NotificationId},
    time::Timestamp,
};

/// One row of `notification`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NotificationId,
    /// For whom.
    pub account_id: AccountId,
    /// What happened.
    pub topic: String,
    /// The order, consignment or receipt it is about.
    pub subject_id: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// When the account marked it as read.
    pub read_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
