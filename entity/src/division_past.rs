use sea_orm::entity::prelude::*;

/// One row of `division_past`: what a division was called, and where it lay, until a day.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "division_past")]
pub struct Model {
    /// The division.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Last day it was so; what came next began the day after.
    #[sea_orm(primary_key, auto_increment = false)]
    pub until_on: Date,
    /// Chinese name then.
    pub name: String,
    /// The division above then; none for provinces.
    pub parent_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
