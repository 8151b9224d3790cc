use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, ImportId, SchoolId},
    time::Timestamp,
};

/// What an import brings in.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    DeclaredPurchases,
}

/// One row of `import_run`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_run")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportId,
    /// What an import brings in.
    pub kind: ImportKind,
    /// Whose purchases.
    pub school_id: SchoolId,
    /// SHA-256 of the file, in hex.
    pub file_hash: String,
    /// Data rows in the file.
    pub rows: i64,
    /// Account that started it.
    pub created_by: AccountId,
    /// When.
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
