use sea_orm::entity::prelude::*;

use crate::id::SchoolId;

/// One row of `coverage_change`: a school of which something changed that coverage depends on, until it is counted anew.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coverage_change")]
pub struct Model {
    /// Any.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The school.
    pub school_id: SchoolId,
}

impl ActiveModelBehavior for ActiveModel {}
