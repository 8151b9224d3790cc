//! What units close month by month, what comes after, and why declared purchases were corrected.

use sea_orm_migration::prelude::*;

pub struct Statements;

const DOWN: &str = "
drop table line_correction;
drop table late_line;
drop table statement;
";

impl MigrationName for Statements {
    fn name(&self) -> &'static str {
        "m20261127_91_statements"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Statements {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/statements.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
