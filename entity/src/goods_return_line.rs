use sea_orm::entity::prelude::*;

use crate::{
    id::{GoodsReturnId, PurchaseLineId, ReceiptLineId},
    money::Fen,
    weight::{BaseQuantity, Gram},
};

/// One row of `goods_return_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "goods_return_line")]
pub struct Model {
    /// Its return.
    #[sea_orm(primary_key, auto_increment = false)]
    pub goods_return_id: GoodsReturnId,
    /// Line the goods were accepted with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub receipt_line_id: ReceiptLineId,
    /// Given back, grams or pieces.
    pub quantity_base: BaseQuantity,
    /// By how much the accepted weight falls; none when unknown (S7).
    pub weight_gram: Option<Gram>,
    /// By how much less is to be paid.
    pub amount_fen: Fen,
    /// Line of the ledger that takes back what stood for it.
    pub reversing_line_id: PurchaseLineId,
}

impl ActiveModelBehavior for ActiveModel {}
