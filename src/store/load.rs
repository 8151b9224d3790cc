//! Loads many rows at once, in one transaction: `copy` on PostgreSQL, the set-based insert on SQLite.

use super::{Store, bulk};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityName, EntityTrait, Iden, Iterable, ModelTrait,
    SqlxError, Statement, Value,
    sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction},
};
use std::fmt::Write;

/// Rows one statement takes on SQLite, and one message on PostgreSQL.
const ROWS: usize = 4_000;

/// An open load. Dropped uncommitted, it leaves nothing.
pub enum Load {
    /// Rows go in by set-based inserts.
    Sqlite(DatabaseTransaction),
    /// Rows go in by `copy`.
    Postgres(Transaction<'static, Postgres>),
}

impl Store {
    /// Begins a load.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_load(&self) -> Result<Load, DbErr> {
        if self.backend() == DbBackend::Postgres {
            let pool: &PgPool = self.primary().get_postgres_connection_pool();
            return pool.begin().await.map(Load::Postgres).map_err(refused);
        }
        self.begin().await.map(Load::Sqlite)
    }
}

impl Load {
    /// Writes all `rows`.
    ///
    /// # Errors
    /// Whatever the database refuses; the load is then lost.
    pub async fn write<M: ModelTrait>(&mut self, rows: &[M]) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(txn) => {
                for part in rows.chunks(ROWS) {
                    bulk::insert(txn, part).await?;
                }
                Ok(())
            }
            Self::Postgres(txn) => copy(txn, rows).await,
        }
    }

    /// Carries out a statement with one value, `$1`, over what was written.
    ///
    /// # Errors
    /// Whatever the database refuses; the load is then lost.
    pub async fn execute(&mut self, sql: &str, value: &str) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(txn) => {
                let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [value.into()]);
                txn.execute_raw(statement).await.map(drop)
            }
            Self::Postgres(txn) => sea_orm::sqlx::query(AssertSqlSafe(sql.to_owned()))
                .bind(value)
                .execute(&mut **txn)
                .await
                .map(drop)
                .map_err(refused),
        }
    }

    /// Which database it goes into.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    /// Makes it stay.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(txn) => txn.commit().await,
            Self::Postgres(txn) => txn.commit().await.map_err(refused),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn refused(error: SqlxError) -> DbErr {
    DbErr::Custom(error.to_string())
}

async fn copy<M: ModelTrait>(txn: &mut Transaction<'static, Postgres>, rows: &[M]) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns: Vec<_> = <M::Entity as EntityTrait>::Column::iter().collect();
    let names: Vec<&str> = columns.iter().map(Iden::unquoted).collect();
    let table = <M::Entity as Default>::default();
    // Table and columns are our own entities' names.
    let sql = format!("copy {} ({}) from stdin", table.table_name(), names.join(", "));
    let mut stream = txn.copy_in_raw(&sql).await.map_err(refused)?;
    let mut text = String::new();
    for part in rows.chunks(ROWS) {
        text.clear();
        for row in part {
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    text.push('\t');
                }
                cell(&mut text, row.get(*column))
                    .map_err(|cause| DbErr::Type(format!("{}: {cause}", column.unquoted())))?;
            }
            text.push('\n');
        }
        stream.send(text.as_bytes()).await.map_err(refused)?;
    }
    stream.finish().await.map(drop).map_err(refused)
}

/// One cell in the text format of `copy`.
fn cell(text: &mut String, value: Value) -> Result<(), String> {
    let written = match value {
        Value::Uuid(Some(id)) => write!(text, "{id}"),
        Value::BigInt(Some(number)) => write!(text, "{number}"),
        Value::Int(Some(number)) => write!(text, "{number}"),
        Value::Bool(Some(flag)) => text.write_str(if flag { "t" } else { "f" }),
        Value::ChronoDate(Some(day)) => write!(text, "{day}"),
        Value::String(Some(string)) => {
            for letter in string.chars() {
                match letter {
                    '\\' => text.push_str("\\\\"),
                    '\t' => text.push_str("\\t"),
                    '\n' => text.push_str("\\n"),
                    '\r' => text.push_str("\\r"),
                    other => text.push(other),
                }
            }
            Ok(())
        }
        Value::Uuid(None)
        | Value::BigInt(None)
        | Value::Int(None)
        | Value::Bool(None)
        | Value::ChronoDate(None)
        | Value::String(None) => text.write_str("\\N"),
        other => return Err(format!("{other:?} cannot be loaded")),
    };
    written.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_copy_would_misread_are_escaped() {
        let mut text = String::new();
        for value in [Value::from("a\tb\\N\r\n"), Value::String(None), Value::from(7_i64), Value::from(true)] {
            cell(&mut text, value).expect("known");
            text.push('|');
        }
        assert_eq!(text, "a\\tb\\\\N\\r\\n|\\N|7|t|");
        assert!(cell(&mut text, Value::Double(Some(1.0))).is_err());
    }
}
