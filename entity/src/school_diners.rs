use sea_orm::entity::prelude::*;

use crate::{id::SchoolId, time::Timestamp};

/// One row of `school_diners`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school_diners")]
pub struct Model {
    /// The school.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: SchoolId,
    /// Year * 100 + month.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: i32,
    /// People fed on a school day of that month.
    pub diners: i64,
    /// When it was entered last.
    pub recorded_at: Timestamp,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
