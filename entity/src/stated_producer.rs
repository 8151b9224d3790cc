use sea_orm::entity::prelude::*;

use crate::{id::PurchaseLineId, time::Timestamp};

/// One row of `stated_producer`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stated_producer")]
pub struct Model {
    /// A declared line.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_line_id: PurchaseLineId,
    /// Handbook number as it was stated, of no household known that day.
    pub code: String,
    /// When.
    pub stated_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
