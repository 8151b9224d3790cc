use sea_orm::entity::prelude::*;

use crate::id::SchoolId;

/// One row of `school_merger`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school_merger")]
pub struct Model {
    /// School that is no more.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: SchoolId,
    /// School it became part of.
    pub into_school_id: SchoolId,
    /// First day it is no more.
    pub merged_on: Date,
}

impl ActiveModelBehavior for ActiveModel {}
