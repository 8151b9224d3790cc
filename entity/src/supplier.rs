use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{HouseholdId, SupplierId};

/// Kind of supplier.
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
pub enum SupplierKind {
    /// 农户.
    Household,
    /// 农民专业合作社.
    Cooperative,
    /// 农副产品加工企业.
    Processor,
    /// 家庭农场.
    FamilyFarm,
    /// 配送企业.
    Distributor,
}

/// Where a supplier stands on the way in (H4).
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
pub enum SupplierStatus {
    Pending,
    Approved,
    Suspended,
    Expired,
    Revoked,
}

/// One row of `supplier`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supplier")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SupplierId,
    /// Supplier code used in imports and reports.
    pub code: String,
    /// Registered name.
    pub name: String,
    /// Kind of supplier.
    pub kind: SupplierKind,
    /// Registered place; never decides the share (S4).
    pub division_code: String,
    /// The household, where the supplier is one.
    pub household_id: Option<HouseholdId>,
    /// Where a supplier stands on the way in (H4).
    pub status: SupplierStatus,
    /// Optimistic lock.
    pub version: i64,
    /// Unified social credit code (GB 32100, H2); none for a household.
    pub social_credit_code: Option<String>,
    /// Village and group, below the division.
    pub village: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
