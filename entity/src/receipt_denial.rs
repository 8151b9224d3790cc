use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, ReceiptId},
    time::Timestamp,
};

/// One row of `receipt_denial`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipt_denial")]
pub struct Model {
    /// The receipt.
    #[sea_orm(primary_key, auto_increment = false)]
    pub receipt_id: ReceiptId,
    /// Named as an inspector of it, and says otherwise (F3).
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// In own words.
    pub reason: String,
    /// When.
    pub denied_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
