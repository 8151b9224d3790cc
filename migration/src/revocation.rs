//! What a revoked supplier sold, and the lines that correct it: a line is taken back once and replaced once (S3).

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub struct Revocation;

const DOWN: &str = "
drop index verification_reminder;
drop index verification_expires;
drop index purchase_line_corrects;
drop table supplier_revocation;
";

impl MigrationName for Revocation {
    fn name(&self) -> &'static str {
        "m20261126_52_revocation"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Revocation {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/revocation.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
