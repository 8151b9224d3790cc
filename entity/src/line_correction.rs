use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, PurchaseLineId},
    time::Timestamp,
};

/// One row of `line_correction`: why a school took a line back.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "line_correction")]
pub struct Model {
    /// Line that takes another back.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_line_id: PurchaseLineId,
    /// In own words.
    pub reason: String,
    /// Who.
    pub corrected_by: AccountId,
    /// When.
    pub corrected_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
