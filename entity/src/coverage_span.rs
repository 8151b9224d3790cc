use sea_orm::entity::prelude::*;

use crate::id::SchoolId;

/// One row of `coverage_span`: days on which a school was open, in one place, and ran a kitchen or did not.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coverage_span")]
pub struct Model {
    /// The school.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: SchoolId,
    /// First day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_on: Date,
    /// Last day; 9999-12-31 while they last.
    pub to_on: Date,
    /// Township or county it lay in.
    pub division_code: String,
    /// County it lay in.
    pub county_code: String,
    /// Unit it reported to.
    pub reporting_unit_code: String,
    /// It ran a kitchen of its own or by contract (S12).
    pub runs: bool,
    /// It opened on the first day.
    pub opens: bool,
    /// It closed on the last.
    pub closes: bool,
}

impl ActiveModelBehavior for ActiveModel {}
