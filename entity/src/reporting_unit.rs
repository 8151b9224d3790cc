use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Kind of reporting unit (S10).
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
pub enum ReportingUnitKind {
    Province,
    PrefectureBureau,
    CountyBureau,
    NewAreaBureau,
    ProvinceDirectCounty,
    ProvinceDirectSchools,
}

/// One row of `reporting_unit`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reporting_unit")]
pub struct Model {
    /// Division code, or an internal code where no division matches (S10).
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// Kind of reporting unit (S10).
    pub kind: ReportingUnitKind,
    /// The unit it reports to; none for the province.
    pub parent_code: Option<String>,
    /// The division it stands for; none for internal codes.
    pub division_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
