//! The divisions a search keeps to.

use crate::store::among_codes;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement,
    sea_query::{Expr, Func},
};

/// A division and all below it by their parents, as codes; an old code stands for its successor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within {
    codes: Vec<String>,
    backend: DbBackend,
}

#[derive(FromQueryResult)]
struct Code {
    code: String,
}

impl Within {
    /// Reads them; none for a code there never was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(db: &impl ConnectionTrait, code: &str) -> Result<Self, DbErr> {
        let backend = db.get_database_backend();
        // A code that is no more leads to the one division in its place.
        let sql = "with recursive below(code) as (
               select coalesce(d.successor_code, d.code) from division d where d.code = $1
               union
               select d.code from division d join below b on d.parent_code = b.code
             )
             select code from below";
        let statement = Statement::from_sql_and_values(backend, sql, [code.into()]);
        let codes = Code::find_by_statement(statement).all(db).await?;
        Ok(Self { codes: codes.into_iter().map(|row| row.code).collect(), backend })
    }

    /// Rows whose division is one of these; the index on it leads.
    pub fn holds(&self, column: impl ColumnTrait) -> Expr {
        self.among(Expr::col(column.as_column_ref()))
    }

    /// The same for rows that another index brings in its order.
    pub fn keeps(&self, column: impl ColumnTrait) -> Expr {
        // A value computed of the column leads no index.
        self.among(Expr::from(Func::coalesce([Expr::col(column.as_column_ref()), Expr::val("")])))
    }

    fn among(&self, value: Expr) -> Expr {
        among_codes(self.backend, value, self.codes.iter().map(String::as_str))
    }
}
