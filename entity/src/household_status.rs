use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, HouseholdId, HouseholdListId, HouseholdStatusId},
    time::Timestamp,
};

/// Which of the two parallel histories of a household a status belongs to (H1).
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
pub enum StatusHistory {
    Registration,
    Monitoring,
}

/// Status of a household in one of its histories (H1).
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
pub enum HouseholdStatusKind {
    /// 建档立卡贫困户.
    RegisteredPoor,
    /// 脱贫户.
    Lifted,
    /// 脱贫不稳定户.
    UnstableLifted,
    /// 边缘易致贫户.
    MarginalAtRisk,
    /// 突发严重困难户.
    SuddenHardship,
    /// 风险消除.
    RiskCleared,
}

/// One row of `household_status`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household_status")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HouseholdStatusId,
    /// The household.
    pub household_id: HouseholdId,
    /// Which of the two parallel histories of a household a status belongs to (H1).
    pub history: StatusHistory,
    /// Status of a household in one of its histories (H1).
    pub status: HouseholdStatusKind,
    /// First day of the status.
    pub from_on: Date,
    /// Last day; none while it holds.
    pub to_on: Option<Date>,
    /// Number of the document that proves it (H2).
    pub proof_number: String,
    /// When it was entered; none before this was kept.
    pub recorded_at: Option<Timestamp>,
    /// Account that entered it; none at the machine itself.
    pub recorded_by: Option<AccountId>,
    /// List it came with, where it came with one.
    pub list_id: Option<HouseholdListId>,
    /// When it was annulled; none while it stands.
    pub annulled_at: Option<Timestamp>,
    /// Account that annulled it.
    pub annulled_by: Option<AccountId>,
    /// Why.
    pub annul_reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
