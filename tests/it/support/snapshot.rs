//! All that is stored, in short: a refused request must leave it as it was.

use super::app::App;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Rows and a checksum for each table.
pub type Snapshot = BTreeMap<String, (usize, u64)>;

/// Refusals, log-ins and exports leave a row each and change nothing.
const TOLD_OF_CHANGES: &str = "where outcome = 'done' and action not like 'session.%' and action not in ('audit.export', 'list.export', 'household.search')";

impl App {
    /// The tables of this test's database.
    pub async fn tables(&self) -> Vec<String> {
        self.texts(match self.ctx.store.backend() {
            DbBackend::Postgres => {
                "select table_name::text from information_schema.tables where table_schema = current_schema()"
            }
            _ => "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
        })
        .await
    }

    /// Every table but the sessions, which a log-in of the test itself changes, and of the trail what was done to
    /// anything else: refusals, log-ins and exports leave their row and change nothing.
    pub async fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        for table in self.tables().await.into_iter().filter(|table| table != "session") {
            let which = if table == "audit_entry" { TOLD_OF_CHANGES } else { "" };
            let rows = self.rows_of(&table, which).await;
            let mut hasher = DefaultHasher::new();
            rows.hash(&mut hasher);
            snapshot.insert(table, (rows.len(), hasher.finish()));
        }
        snapshot
    }

    /// All that is stored, as text.
    pub async fn dump(&self) -> String {
        let mut dump = String::new();
        for table in self.tables().await {
            dump.push_str(&self.rows_of(&table, "").await.join("\n"));
        }
        dump
    }

    /// The rows of a table as text, in their order.
    async fn rows_of(&self, table: &str, which: &str) -> Vec<String> {
        let row = if self.ctx.store.backend() == DbBackend::Postgres {
            "t::text".to_owned()
        } else {
            let columns = self.texts(&format!("select name from pragma_table_info('{table}')")).await;
            let quoted: Vec<_> = columns.iter().map(|column| format!("quote({column})")).collect();
            quoted.join("||'|'||")
        };
        self.texts(&format!("select {row} from {table} as t {which} order by 1")).await
    }

    /// The first column of a query, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.ctx.store.backend(), sql);
        let rows = self.ctx.store.primary().query_all_raw(statement).await.expect(sql);
        rows.iter().map(|row| row.try_get_by_index(0).expect(sql)).collect()
    }

    /// Runs a statement behind the service's back.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.expect(sql);
    }

    /// Tries to.
    pub async fn try_execute(&self, sql: &str) -> Result<(), DbErr> {
        let txn = self.ctx.store.begin().await?;
        txn.execute_unprepared(sql).await?;
        txn.commit().await
    }

    /// The one number a query yields.
    pub async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.ctx.store.backend(), sql);
        let row = self.ctx.store.primary().query_one_raw(statement).await.expect(sql);
        row.expect("a row").try_get_by_index(0).expect(sql)
    }
}
