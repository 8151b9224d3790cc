use sea_orm::entity::prelude::*;

use crate::id::IndicatorId;

/// One row of `indicator_class`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "indicator_class")]
pub struct Model {
    /// The indicator version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub indicator_id: IndicatorId,
    /// Purchase class code (see `share`).
    #[sea_orm(primary_key, auto_increment = false)]
    pub class: i32,
}

impl ActiveModelBehavior for ActiveModel {}
