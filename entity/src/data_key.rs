use sea_orm::entity::prelude::*;

use crate::time::Timestamp;

/// What a data key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum DataKeyPurpose {
    /// Seals personal data.
    Seal,
    /// Keys the hashes by which it is found.
    Index,
}

/// One row of `data_key`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_key")]
pub struct Model {
    /// What it is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: DataKeyPurpose,
    /// Counts up from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// The key, encrypted under the master key.
    pub wrapped: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it seals nothing new.
    pub retired_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
