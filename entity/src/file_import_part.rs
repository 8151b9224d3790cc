use sea_orm::entity::prelude::*;

use crate::id::FileImportId;

/// One row of `file_import_part`: some rows of a file.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "file_import_part")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: FileImportId,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// Its rows, sealed: they may hold somebody's numbers.
    pub rows_sealed: String,
}

impl ActiveModelBehavior for ActiveModel {}
