//! The divisions a search keeps to.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value,
    sea_query::{ArrayType, Expr, Func},
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
        // One value for all codes, so that the statement is planned once.
        if self.backend == DbBackend::Postgres {
            let codes = self.codes.iter().map(|code| Value::from(code.as_str())).collect();
            let codes = Value::Array(ArrayType::String, Some(Box::new(codes)));
            Expr::cust_with_exprs("$1 = any($2)", [value, Expr::val(codes)])
        } else {
            let codes = serde_json::json!(self.codes).to_string();
            Expr::cust_with_exprs("? in (select value from json_each(?))", [value, Expr::val(codes)])
        }
    }
}
