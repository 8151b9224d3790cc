//! What makes the audit trail provable: who it was done for and where, refusals, and the chain over all rows (P3).

use crate::append_only::refuse_change;
use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

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
