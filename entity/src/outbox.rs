use sea_orm::entity::prelude::*;

use crate::{id::OutboxId, time::Timestamp};

/// One row of `outbox`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutboxId,
    /// What happened, e.g. order.placed.
    pub topic: String,
    /// The facts as JSON.
    pub payload: String,
    /// When.
    pub created_at: Timestamp,
    /// When the runner passed it on.
    pub delivered_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
