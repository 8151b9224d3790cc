//! Who closed an account, producers stated without a match, and inspectors who say they were not there.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub struct Standing;

const DOWN: &str = "
drop index receipt_supplier;
drop table receipt_denial;
drop table stated_producer;
alter table account drop column disabled_unit;
alter table account drop column disabled_rank;
alter table account drop column disabled_by;
";

impl MigrationName for Standing {
    fn name(&self) -> &'static str {
        "m20261125_18_standing"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Standing {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/standing.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
