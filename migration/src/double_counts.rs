//! Declared and received goods that may be the same delivery.

use sea_orm_migration::prelude::*;

pub struct DoubleCounts;

const DOWN: &str = "
drop index receipt_day;
drop index declared_purchase_day;
drop table double_count;
";

impl MigrationName for DoubleCounts {
    fn name(&self) -> &'static str {
        "m20261127_92_double_counts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for DoubleCounts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/double_counts.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
