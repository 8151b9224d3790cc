use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, DeclaredPurchaseId, DoubleCountId, ReceiptId, SchoolId},
    time::Timestamp,
};

/// What a school found of a declared purchase and a receipt that look alike.
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
pub enum DoubleCountOutcome {
    /// One delivery: the declaration is taken back.
    SameGoods,
    /// Two deliveries: both count.
    DifferentGoods,
}

/// One row of `double_count`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "double_count")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DoubleCountId,
    /// School of both.
    pub school_id: SchoolId,
    /// What was declared.
    pub declared_purchase_id: DeclaredPurchaseId,
    /// What was received here and may be the same goods.
    pub receipt_id: ReceiptId,
    /// Same seller, same amount, within three days.
    pub certain: bool,
    /// When the pair was found.
    pub found_at: Timestamp,
    /// What the school found.
    pub outcome: Option<DoubleCountOutcome>,
    /// In own words.
    pub note: Option<String>,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
