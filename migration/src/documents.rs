//! Documents: their content by hash, what is known of each, and what it proves.

use sea_orm_migration::prelude::*;

pub struct Documents;

impl MigrationName for Documents {
    fn name(&self) -> &'static str {
        "m20261125_15_documents"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Documents {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/documents.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["document_link", "document", "document_content"] {
            manager.get_connection().execute_unprepared(&format!("drop table {table}")).await?;
        }
        Ok(())
    }
}
