use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, GoodsReturnId, ReceiptId},
    time::Timestamp,
};

/// One row of `goods_return`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "goods_return")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GoodsReturnId,
    /// Receipt the goods came with.
    pub receipt_id: ReceiptId,
    /// In own words.
    pub reason: String,
    /// Who gave them back.
    pub returned_by: AccountId,
    /// When.
    pub returned_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
