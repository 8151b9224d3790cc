use sea_orm::entity::prelude::*;

use crate::id::SchoolId;

/// One row of `school_affiliation`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school_affiliation")]
pub struct Model {
    /// The school.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: SchoolId,
    /// First day it belonged there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_on: Date,
    /// Last day; none while it does.
    pub to_on: Option<Date>,
    /// Township (or county) it lay in.
    pub division_code: String,
    /// County it lay in, for the geographic roll-up.
    pub county_code: String,
    /// Unit it reported to (S10).
    pub reporting_unit_code: String,
}

impl ActiveModelBehavior for ActiveModel {}
