use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{ConsignmentLineId, ReceiptId, ReceiptLineId},
    money::Fen,
    weight::{BaseQuantity, Gram},
};

/// What happened to refused goods (F3).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RejectAction {
    /// 退回.
    Returned,
    /// 销毁.
    Destroyed,
}

/// One row of `receipt_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipt_line")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReceiptLineId,
    /// Its receipt.
    pub receipt_id: ReceiptId,
    /// What was sent.
    pub consignment_line_id: ConsignmentLineId,
    /// On the scale, grams or pieces.
    pub gross_base: BaseQuantity,
    /// Packaging.
    pub tare_base: BaseQuantity,
    /// Dirt, water, ice (F1).
    pub deduction_base: BaseQuantity,
    /// Why it was deducted.
    pub deduction_reason: Option<String>,
    /// Refused goods.
    pub rejected_base: BaseQuantity,
    /// Why they were refused.
    pub reject_reason: Option<String>,
    /// What happened to refused goods (F3).
    pub reject_action: Option<RejectAction>,
    /// Gross - tare - deduction - rejected.
    pub accepted_base: BaseQuantity,
    /// Accepted weight; none when unknown (S7).
    pub weight_gram: Option<Gram>,
    /// Accepted quantity at the frozen price.
    pub amount_fen: Fen,
}

impl ActiveModelBehavior for ActiveModel {}
