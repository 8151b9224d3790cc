use sea_orm::entity::prelude::*;

use crate::id::{AccountId, ReceiptId};

/// One row of `receipt_inspector`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipt_inspector")]
pub struct Model {
    /// The receipt.
    #[sea_orm(primary_key, auto_increment = false)]
    pub receipt_id: ReceiptId,
    /// One of its two or more inspectors (F3).
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
}

impl ActiveModelBehavior for ActiveModel {}
