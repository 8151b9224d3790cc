use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::SchoolId;

/// Stage of a school.
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
pub enum SchoolStage {
    /// 幼儿园.
    Kindergarten,
    /// 小学.
    Primary,
    /// 初中.
    Junior,
    /// 高中.
    Senior,
    /// 中职.
    Vocational,
    /// 高校.
    University,
}

/// One row of `school`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SchoolId,
    /// School code used in imports and reports.
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// Stage of a school.
    pub stage: SchoolStage,
    /// Township (or county) it lies in.
    pub division_code: String,
    /// County it lies in, for the geographic roll-up.
    pub county_code: String,
    /// Unit it reports to (S10).
    pub reporting_unit_code: String,
    /// Counted as a rural school.
    pub rural: bool,
    /// Takes part in the nutrition programme.
    pub nutrition_program: bool,
    /// People fed on a school day.
    pub diners: i64,
    /// First day it should report.
    pub opened_on: Date,
    /// Last day it should report; none while open.
    pub closed_on: Option<Date>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
