//! The terms carry what the lists choose by beside the division: a search reads who fits of the index alone. SQLite keeps a
//! name by its key, too.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait, sea_orm::DbBackend};

pub struct FindingTraits;

/// A search makes up for what is gone: both tables are filled anew when the program starts, told so by the missing mark.
const GONE: &str = "drop table search_term; drop table search_name; delete from bundle where name = 'search';";
/// Each change of a row's state writes some sixty terms. By itself PostgreSQL looks after a table once a fifth of it has
/// changed, here a million rows, and until then a search reads the table beside the index.
const LOOKED_AFTER: &str = "alter table search_term set (autovacuum_vacuum_scale_factor = 0.02, \
                            autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);";
/// The tables as they were.
const BEFORE: &str = "
create table search_name (
  subject_kind text not null check (subject_kind in ('school', 'supplier')),
  subject_id uuid not null,
  name text not null,
  code text not null,
  division_code text not null,
  primary key (subject_kind, subject_id)
);
create table search_term (
  term text /*bytes*/ not null,
  subject_id uuid not null,
  division_code text not null,
  primary key (term, subject_id) /*carried*/
) /*kept*/;
";

/// Makes the tables as `sql` says; on PostgreSQL their key carries `carried`.
async fn make(manager: &SchemaManager<'_>, sql: &str, carried: &str, then: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    // Terms are ordered by their bytes on both databases; SQLite need not keep them twice.
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            let carried = format!("include ({carried})");
            sql.replace("/*bytes*/", "collate \"C\"").replace("/*kept*/", "").replace("/*carried*/", &carried) + then
        }
        _ => sql.replace("/*bytes*/", "").replace("/*kept*/", "without rowid").replace("/*carried*/", ""),
    };
    db.execute_unprepared(&format!("{GONE} {sql}")).await.map(drop)
}

impl MigrationName for FindingTraits {
    fn name(&self) -> &'static str {
        "m20261127_97_finding_traits"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FindingTraits {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("sql/finding_traits.sql");
        make(manager, sql, "division_code, traits", LOOKED_AFTER).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make(manager, BEFORE, "division_code", "").await
    }
}
