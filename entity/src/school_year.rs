use sea_orm::entity::prelude::*;

use crate::id::SchoolId;

/// One row of `school_year`: the months of a year in which a school bought anything.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school_year")]
pub struct Model {
    /// The school.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: SchoolId,
    /// The year.
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i32,
    /// County it lay in.
    #[sea_orm(primary_key, auto_increment = false)]
    pub county_code: String,
    /// Unit it reported to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reporting_unit_code: String,
    /// The months added up: 1 is January, 2 February, 4 March and so on.
    pub months: i32,
}

impl ActiveModelBehavior for ActiveModel {}
