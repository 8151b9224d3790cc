//! In which months a school bought anything, so that coverage does not read every total.

use sea_orm_migration::prelude::*;

pub struct SchoolYear;

impl MigrationName for SchoolYear {
    fn name(&self) -> &'static str {
        "m20261126_73_school_year"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SchoolYear {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/school_year.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("drop table school_year").await.map(drop)
    }
}
