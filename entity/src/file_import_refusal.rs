use sea_orm::entity::prelude::*;

use crate::id::FileImportId;

/// One row of `file_import_refusal`: why a row of a file is not taken.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "file_import_refusal")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: FileImportId,
    /// Line in the file.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// Which of the line's refusals.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i32,
    /// Column by its English name; empty for the whole row.
    pub column_name: String,
    /// Stable code.
    pub code: String,
    /// What the row is called by who made the file.
    pub external_id: String,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

impl ActiveModelBehavior for ActiveModel {}
