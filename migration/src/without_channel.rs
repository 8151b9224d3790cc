//! Folded totals without the channel, so that roll-ups read half the rows; of a province only those of the months.

use sea_orm_migration::prelude::*;

pub struct WithoutChannel;

impl MigrationName for WithoutChannel {
    fn name(&self) -> &'static str {
        "m20261127_95_without_channel"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for WithoutChannel {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/without_channel.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/without_channel_down.sql")).await.map(drop)
    }
}
