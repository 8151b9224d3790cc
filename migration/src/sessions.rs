//! What sessions need to be listed, renewed over bad networks and revoked everywhere; second factors.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub struct Sessions;

const DOWN: &str = "
drop table access_change;
drop table recovery_code;
drop table totp;
drop index session_expires;
alter table session drop column user_agent;
alter table session drop column address;
alter table session drop column last_used_at;
alter table session drop column successor_nonce;
alter table session drop column rotated_at;
";

impl MigrationName for Sessions {
    fn name(&self) -> &'static str {
        "m20260322_12_sessions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Sessions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/sessions.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
