//! The right to do a job alone until the transaction ends.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// The jobs that one replica does at a time; any fixed numbers will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Alone {
    /// Sealing the audit trail.
    Seal = 0x0058_4155_4449,
    /// Counting schools anew.
    Count = 0x0063_6f76_6572,
    /// Folding totals.
    Fold = 0x0066_6f6c_6473,
}

impl Alone {
    /// Takes the right; `false` while another replica has it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        if db.get_database_backend() != DbBackend::Postgres {
            // A writing transaction has the file to itself.
            return Ok(true);
        }
        let sql = format!("select pg_try_advisory_xact_lock({})", self as i64);
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        db.query_one_raw(statement).await?.map_or(Ok(false), |row| row.try_get_by_index(0))
    }
}
