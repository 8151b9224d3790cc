use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{BeneficiaryLinkId, HouseholdId, SupplierId};

/// How a supplier leads a household to income (H3).
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
pub enum BeneficiaryLinkKind {
    /// 社员.
    Member,
    /// 订单.
    Contract,
    /// 务工.
    Labour,
    /// 分红.
    Dividend,
    /// 收购.
    Purchase,
}

/// One row of `beneficiary_link`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "beneficiary_link")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BeneficiaryLinkId,
    /// Supplier that leads the household to income (H3).
    pub supplier_id: SupplierId,
    /// Household behind it.
    pub household_id: HouseholdId,
    /// How a supplier leads a household to income (H3).
    pub kind: BeneficiaryLinkKind,
    /// First day of the link.
    pub from_on: Date,
    /// Last day; none while it holds.
    pub to_on: Option<Date>,
    /// Number of the contract or certificate.
    pub proof_number: String,
    /// The household's share in basis points, where one is agreed.
    pub share_bp: Option<i32>,
}

impl ActiveModelBehavior for ActiveModel {}
