use sea_orm::entity::prelude::*;

use crate::id::HouseholdId;

/// One row of `household`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HouseholdId,
    /// Number of the poverty-relief handbook or of the county certificate (H2).
    pub code: String,
    /// Name of the head of the household.
    pub name: String,
    /// Township it lives in.
    pub division_code: String,
    /// County it lives in.
    pub county_code: String,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
