//! The divisions a search keeps to.

use super::subject::table_of_kind;
use crate::store::among_codes;
use entity::search_name::SubjectKind;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement,
    sea_query::{Expr, ExprTrait, Func},
};

/// Rows that are looked through one by one rather than by their terms.
pub(super) const FEW: u64 = 500;
/// Divisions whose rows are counted: a county with its townships.
const COUNTED: usize = 64;

/// A division and all below it by their parents, as codes; an old code stands for its successor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within {
    codes: Vec<String>,
    /// Whether no other division's code lies between the least of these and the greatest.
    alone: bool,
    /// Rows that lie there, counted to one more than [`FEW`].
    held: u64,
    backend: DbBackend,
}

#[derive(FromQueryResult)]
struct Below {
    code: String,
    spanned: i64,
    held: i64,
}

impl Within {
    /// Reads them, and whether few of that kind lie there; none for a code there never was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(db: &impl ConnectionTrait, code: &str, kind: SubjectKind) -> Result<Self, DbErr> {
        let (backend, table, most) = (db.get_database_backend(), table_of_kind(kind), FEW + 1);
        // A code that is no more leads to the one division in its place. Rows are counted division by division, so that
        // the index on theirs leads to them whatever the database takes their number for.
        let sql = format!(
            "with recursive below(code) as (
               select coalesce(d.successor_code, d.code) from division d where d.code = $1
               union
               select d.code from division d join below b on d.parent_code = b.code
             )
             select b.code,
               (select count(*) from division d
                where d.code between (select min(code) from below) and (select max(code) from below)) as spanned,
               case when (select count(*) from below) <= {COUNTED} then
                 (select count(*) from (select 1 from {table} s where s.division_code = b.code limit {most}) as held)
               else {most} end as held
             from below b order by b.code"
        );
        let statement = Statement::from_sql_and_values(backend, sql, [code.into()]);
        let rows = Below::find_by_statement(statement).all(db).await?;
        let held: i64 = rows.iter().map(|row| row.held).sum();
        Ok(Self {
            alone: rows.iter().all(|row| usize::try_from(row.spanned) == Ok(rows.len())),
            held: u64::try_from(held).unwrap_or_default(),
            codes: rows.into_iter().map(|row| row.code).collect(),
            backend,
        })
    }

    /// Whether no more than `most` rows lie there; `most` is [`FEW`] or less.
    pub(super) fn holds_at_most(&self, most: u64) -> bool {
        self.held <= most
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
        match (self.codes.as_slice(), self.alone) {
            // Two comparisons are less than a look into a list.
            ([first, .., last], true) => value.between(first.as_str(), last.as_str()),
            (codes, _) => among_codes(self.backend, value, codes.iter().map(String::as_str)),
        }
    }
}
