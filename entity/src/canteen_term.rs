use sea_orm::entity::prelude::*;

use crate::{
    canteen::CanteenKind,
    id::{CanteenId, SchoolId},
};

/// One row of `canteen_term`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "canteen_term")]
pub struct Model {
    /// The kitchen.
    #[sea_orm(primary_key, auto_increment = false)]
    pub canteen_id: CanteenId,
    /// First day it was run so.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_on: Date,
    /// Last day; none while it is.
    pub to_on: Option<Date>,
    /// School whose pupils eat there.
    pub school_id: SchoolId,
    /// How it was run (S12).
    pub kind: CanteenKind,
    /// School that ran a shared kitchen (S12).
    pub run_by_school_id: Option<SchoolId>,
}

impl ActiveModelBehavior for ActiveModel {}
