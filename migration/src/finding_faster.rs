//! Indexes a search reads nothing else of: on PostgreSQL the terms' carries the division, on SQLite that table is its own
//! index; positions are found by band and longitude, not by all that lie as far north.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait, sea_orm::DbBackend};

pub struct FindingFaster;

impl MigrationName for FindingFaster {
    fn name(&self) -> &'static str {
        "m20261127_93_finding_faster"
    }
}

/// The key of the terms on PostgreSQL, with what it carries.
async fn key(manager: &SchemaManager<'_>, carried: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let sql = format!(
        "alter table search_term drop constraint search_term_pkey; \
         alter table search_term add primary key (term, subject_id) {carried};"
    );
    db.execute_unprepared(&sql).await.map(drop)
}

#[async_trait::async_trait]
impl MigrationTrait for FindingFaster {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        key(manager, "include (division_code)").await?;
        // A band is a tenth of a degree, eleven kilometres.
        let bands = "create index position_band on position \
                     (subject_kind, (latitude / 100000), longitude, latitude, subject_id); \
                     drop index position_place;";
        manager.get_connection().execute_unprepared(bands).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        key(manager, "").await?;
        let rows = "create index position_place on position (subject_kind, latitude, longitude, subject_id); \
                    drop index position_band;";
        manager.get_connection().execute_unprepared(rows).await.map(drop)
    }
}
