use sea_orm::entity::prelude::*;

use crate::time::Timestamp;

/// One row of `bundle`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bundle")]
pub struct Model {
    /// Which data set.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// SHA-256 of its files, in hex.
    pub digest: String,
    /// When it was loaded.
    pub loaded_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
