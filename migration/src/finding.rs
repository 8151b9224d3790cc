//! What schools and suppliers are found by: the terms of their names, and where they stand.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait, sea_orm::DbBackend};

pub struct Finding;

const DOWN: [&str; 9] = [
    "drop index supplier_status",
    "drop index supplier_kind",
    "drop index supplier_place",
    "drop index school_stage",
    "drop index school_place",
    "drop table position",
    "drop table search_term",
    "drop table search_name",
    "delete from bundle where name = 'search'",
];

impl MigrationName for Finding {
    fn name(&self) -> &'static str {
        "m20261125_21_finding"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Finding {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // Terms are ordered by their bytes on both databases; SQLite need not keep them twice.
        let (bytes, kept) = match db.get_database_backend() {
            DbBackend::Postgres => ("collate \"C\"", ""),
            _ => ("", "without rowid"),
        };
        let sql = include_str!("sql/finding.sql").replace("/*bytes*/", bytes).replace("/*kept*/", kept);
        db.execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in DOWN {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
