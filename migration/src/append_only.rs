//! Tables whose rows are evidence refuse change and deletion in the database itself, whoever asks (P3, lesson 13).

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub struct AppendOnly;

/// The ledger, what it rests on, and the audit trail.
const TABLES: [&str; 9] = [
    "audit_entry",
    "certificate",
    "consignment_line",
    "declared_certificate",
    "declared_purchase",
    "receipt",
    "receipt_inspector",
    "receipt_line",
    "purchase_line",
];

/// What they refuse, and whether for each row or for the statement; only PostgreSQL can truncate.
const EVENTS: [(&str, &str); 3] = [("update", "row"), ("delete", "row"), ("truncate", "statement")];

impl MigrationName for AppendOnly {
    fn name(&self) -> &'static str {
        "m20260301_10_append_only"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AppendOnly {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        if postgres {
            db.execute_unprepared(
                "create function refuse_change() returns trigger language plpgsql as \
                 $$ begin raise exception '% is append-only', tg_table_name; end $$",
            )
            .await?;
        }
        for table in TABLES {
            for (event, each) in EVENTS.into_iter().filter(|(event, _)| postgres || *event != "truncate") {
                let sql = if postgres {
                    format!(
                        "create trigger {table}_no_{event} before {event} on {table} \
                         for each {each} execute function refuse_change()"
                    )
                } else {
                    format!(
                        "create trigger {table}_no_{event} before {event} on {table} \
                         begin select raise(abort, '{table} is append-only'); end"
                    )
                };
                db.execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        for table in TABLES {
            for (event, _) in EVENTS.into_iter().filter(|(event, _)| postgres || *event != "truncate") {
                let on = if postgres { format!(" on {table}") } else { String::new() };
                db.execute_unprepared(&format!("drop trigger {table}_no_{event}{on}")).await?;
            }
        }
        if postgres {
            db.execute_unprepared("drop function refuse_change()").await?;
        }
        Ok(())
    }
}

/// Lets a table that came later refuse change as the rows above do.
pub async fn refuse_change(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
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
