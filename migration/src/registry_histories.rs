//! Where schools belonged and how their kitchens were run, day by day; mergers; diners by month.

use sea_orm_migration::prelude::*;

pub struct RegistryHistories;

const DOWN: &str = "
drop index canteen_run_by;
drop table canteen_term;
drop table school_diners;
drop table school_merger;
drop table school_affiliation;
";

impl MigrationName for RegistryHistories {
    fn name(&self) -> &'static str {
        "m20261125_16_registry"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for RegistryHistories {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/registry_histories.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
