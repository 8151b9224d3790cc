use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Level of a division.
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
pub enum DivisionLevel {
    Province,
    Prefecture,
    County,
    Township,
    OtherProvince,
    OtherCounty,
}

/// One row of `division`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "division")]
pub struct Model {
    /// GB/T 2260 county code or nine-digit township code (National Bureau of Statistics, 2023).
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// The division above; none for provinces.
    pub parent_code: Option<String>,
    /// Level of a division.
    pub level: DivisionLevel,
    /// First day the code held; none when it held before the programme.
    pub valid_from: Option<Date>,
    /// Last day the code held; none while it holds.
    pub valid_to: Option<Date>,
    /// The one division that stands in its place today; none while it holds, and where it was split or given up.
    pub successor_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
