//! Who should report and who did, counted by area beforehand, so that no roll-up looks at every school.
//!
//! What the counts depend on is changed in many places. The database itself notes whose it was, and a school that is noted
//! is counted as its facts stand until it has been counted anew.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub struct Coverage;

/// Facts with the column that names the school and the columns that matter; all of them where none is named.
const FACTS: [(&str, &str, &str); 3] = [
    ("school", "id", " of opened_on, closed_on"),
    ("school_affiliation", "school_id", ""),
    ("canteen_term", "school_id", ""),
];

impl MigrationName for Coverage {
    fn name(&self) -> &'static str {
        "m20261127_94_coverage"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Coverage {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(include_str!("sql/coverage.sql")).await?;
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        for (table, column, of) in FACTS {
            if postgres {
                // Of a deletion there is no new row, of an insertion no old one.
                let sql = format!(
                    "create function {table}_recounted() returns trigger language plpgsql as $$ begin \
                     insert into coverage_change (id, school_id) \
                     values (gen_random_uuid(), coalesce(new.{column}, old.{column})); return null; end $$; \
                     create trigger {table}_recounted after insert or update{of} or delete on {table} \
                     for each row execute function {table}_recounted()"
                );
                db.execute_unprepared(&sql).await?;
                continue;
            }
            for (event, of, row) in [("insert", "", "new"), ("update", of, "new"), ("delete", "", "old")] {
                let sql = format!(
                    "create trigger {table}_recounted_{event} after {event}{of} on {table} begin \
                     insert into coverage_change (id, school_id) values (randomblob(16), {row}.{column}); end"
                );
                db.execute_unprepared(&sql).await?;
            }
        }
        let id = if postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        let sql = format!("insert into coverage_change (id, school_id) select {id}, id from school");
        db.execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (table, ..) in FACTS {
            if db.get_database_backend() == DbBackend::Postgres {
                let sql = format!("drop trigger {table}_recounted on {table}; drop function {table}_recounted()");
                db.execute_unprepared(&sql).await?;
                continue;
            }
            for event in ["insert", "update", "delete"] {
                db.execute_unprepared(&format!("drop trigger {table}_recounted_{event}")).await?;
            }
        }
        for table in ["coverage_count", "coverage_year", "coverage_span", "coverage_change"] {
            db.execute_unprepared(&format!("drop table {table}")).await?;
        }
        Ok(())
    }
}
