//! Ten roles instead of five, and the consents that agents act on (H5).

use sea_orm_migration::prelude::*;

pub struct Accounts;

impl MigrationName for Accounts {
    fn name(&self) -> &'static str {
        "m20260322_11_accounts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Accounts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/accounts.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/accounts_down.sql")).await.map(drop)
    }
}
