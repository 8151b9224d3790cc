//! Indicators for the schools of one authority.

use sea_orm_migration::prelude::*;

pub struct IndicatorUnits;

const DOWN: &str = "
drop index indicator_code;
alter table indicator drop column scope_unit_code;
";

impl MigrationName for IndicatorUnits {
    fn name(&self) -> &'static str {
        "m20261126_72_indicator_units"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for IndicatorUnits {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/indicator_units.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
