//! Loads many rows at once, in one transaction: `copy` on PostgreSQL, the set-based insert on SQLite.

mod copy;
mod keys;

use super::{Store, bulk};
use keys::Key;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ModelTrait, SqlxError, Statement,
    sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction},
};

/// Rows one statement takes on SQLite.
const ROWS: usize = 4_000;

/// An open load. Dropped uncommitted, it leaves nothing.
pub enum Load {
    /// Rows go in by set-based inserts.
    Sqlite(DatabaseTransaction),
    /// Rows go in by `copy`, and these foreign keys come back with the commit.
    Postgres(Transaction<'static, Postgres>, Vec<Key>),
}

impl Store {
    /// Begins a load.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_load(&self) -> Result<Load, DbErr> {
        if self.backend() == DbBackend::Postgres {
            let txn = self.pool().begin().await.map_err(refused)?;
            return Ok(Load::Postgres(txn, Vec::new()));
        }
        self.begin().await.map(Load::Sqlite)
    }

    /// Looks through whatever rows loads wrote without looking at their foreign keys. A load that was cut short left
    /// nothing, and what an earlier call did not come to is looked through by the next.
    ///
    /// # Errors
    /// When a row refers to nothing: its key then stays as it is, not looked through.
    pub async fn validate_keys(&self) -> Result<(), DbErr> {
        if self.backend() == DbBackend::Postgres { keys::validate(self.pool()).await } else { Ok(()) }
    }

    fn pool(&self) -> &PgPool {
        self.primary().get_postgres_connection_pool()
    }
}

impl Load {
    /// Has the rows of `tables` written without a look at what they refer to, one by one: on PostgreSQL that takes several
    /// times as long as writing them. From the commit on new rows are looked at again, and
    /// [`validate_keys`](Store::validate_keys) looks through those of the load. Until then nobody else reads the tables or
    /// those they refer to. Elsewhere nothing is saved by it, and nothing is done.
    ///
    /// # Errors
    /// When the database refuses; the load is then lost.
    pub async fn lift_keys(&mut self, tables: &[&str]) -> Result<(), DbErr> {
        if let Self::Postgres(txn, lifted) = self {
            lifted.extend(keys::lift(txn, tables).await?);
        }
        Ok(())
    }

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
            Self::Postgres(txn, _) => copy::copy(txn, rows).await,
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
            Self::Postgres(txn, _) => sea_orm::sqlx::query(AssertSqlSafe(sql.to_owned()))
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
            Self::Postgres(..) => DbBackend::Postgres,
        }
    }

    /// Makes it stay.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(txn) => txn.commit().await,
            Self::Postgres(mut txn, lifted) => {
                keys::put_back(&mut txn, &lifted).await?;
                txn.commit().await.map_err(refused)
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn refused(error: SqlxError) -> DbErr {
    DbErr::Custom(error.to_string())
}
