use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::IndicatorId;

/// What an indicator measures (S2).
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
pub enum Basis {
    Amount,
    Weight,
}

/// One row of `indicator`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "indicator")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IndicatorId,
    /// Stable name; versions share it.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// The reading shown first (S5).
    pub headline: bool,
    /// What an indicator measures (S2).
    pub basis: Basis,
    /// Target in basis points; none = reported only.
    pub target_bp: Option<i32>,
    /// Where it applies; none = the whole province.
    pub scope_division_code: Option<String>,
    /// Counts rural schools only.
    pub rural_only: bool,
    /// School stages it covers, joined by |; empty = all.
    pub stages: String,
    /// First day.
    pub valid_from: Date,
    /// Last day; none while it holds.
    pub valid_to: Option<Date>,
    /// Where the target was published.
    pub source: String,
    /// Unit whose schools it measures, with all below it; none = every authority's.
    pub scope_unit_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
