//! What makes the audit trail provable: who it was done for and where, refusals, and the chain over all rows (P3).

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub struct Audit;

const TABLES: [&str; 2] = ["audit_seal", "audit_day"];
const COLUMNS: [&str; 6] = ["outcome", "on_behalf_of", "address", "school_id", "supplier_id", "reporting_unit_code"];

impl MigrationName for Audit {
    fn name(&self) -> &'static str {
        "m20260322_13_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Audit {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/audit.sql")).await?;
        for table in TABLES {
            refuse_change(manager, table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // Their triggers go with them.
        for table in TABLES {
            db.execute_unprepared(&format!("drop table {table}")).await?;
        }
        for index in ["audit_entry_school", "audit_entry_account", "audit_entry_refused"] {
            db.execute_unprepared(&format!("drop index {index}")).await?;
        }
        for column in COLUMNS {
            db.execute_unprepared(&format!("alter table audit_entry drop column {column}")).await?;
        }
        db.execute_unprepared("create index audit_entry_at on audit_entry (at)").await.map(drop)
    }
}

/// The chain and its signed heads refuse change as the rows themselves do.
async fn refuse_change(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if db.get_database_backend() == DbBackend::Postgres {
        // The function came with the triggers on the rows.
        let sql = format!(
            "create trigger {table}_no_change before update or delete on {table} \
             for each row execute function refuse_change(); \
             create trigger {table}_no_truncate before truncate on {table} \
             for each statement execute function refuse_change()"
        );
        return db.execute_unprepared(&sql).await.map(drop);
    }
    for event in ["update", "delete"] {
        let sql = format!(
            "create trigger {table}_no_{event} before {event} on {table} \
             begin select raise(abort, '{table} is append-only'); end"
        );
        db.execute_unprepared(&sql).await?;
    }
    Ok(())
}
