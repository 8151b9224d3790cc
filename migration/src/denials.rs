//! Sales that a supplier or a household says it never made, and what its authority found.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub struct Denials;

const DOWN: &str = "
drop index purchase_line_producer;
drop table sale_denial;
";

impl MigrationName for Denials {
    fn name(&self) -> &'static str {
        "m20261126_53_denials"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Denials {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/denials.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
