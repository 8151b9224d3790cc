use sea_orm::entity::prelude::*;

use crate::id::SchoolId;

/// One row of `coverage_year`: the months of a year and the next in which a school bought anything, as they are counted.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coverage_year")]
pub struct Model {
    /// The school.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: SchoolId,
    /// The year.
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i32,
    /// The months added up: 1 is January, 1 << 12 the January after.
    pub months: i32,
}

impl ActiveModelBehavior for ActiveModel {}
