//! Files that bring many rows into the register: checked part by part, then applied part by part.

use sea_orm_migration::prelude::*;

pub struct FileImports;

const DOWN: &str = "
drop table file_import_refusal;
drop table file_import_part;
drop table file_import;
";

impl MigrationName for FileImports {
    fn name(&self) -> &'static str {
        "m20261126_82_file_imports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FileImports {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/file_imports.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
