//! Writes many rows with one statement whose text does not depend on how many there are.
//!
//! PostgreSQL reads one array a column (`unnest`), SQLite one JSON document (`jsonb_each`, which unlike `json_each` does not
//! write a row out as text again for each of its columns): both plan the statement once.
//! SeaORM's own `insert_many` makes a new text for each row count, and both databases would parse it anew.

use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, Iden, Iterable, ModelTrait,
    Statement, Value, sea_query::ArrayType,
};
use std::fmt::Write;

/// Inserts all `rows`; none is fine.
///
/// # Errors
/// Whatever the database refuses, for all rows together.
pub async fn insert<M>(db: &impl ConnectionTrait, rows: &[M]) -> Result<(), DbErr>
where
    M: ModelTrait,
{
    insert_with(db, rows, "").await.map(drop)
}

/// Inserts all `rows` with a clause behind the statement, such as `on conflict do nothing`; returns the rows written.
///
/// # Errors
/// Whatever the database refuses, for all rows together.
pub async fn insert_with<M>(db: &impl ConnectionTrait, rows: &[M], behind: &str) -> Result<u64, DbErr>
where
    M: ModelTrait,
{
    if rows.is_empty() {
        return Ok(0);
    }
    let backend = db.get_database_backend();
    let columns: Vec<_> = <M::Entity as EntityTrait>::Column::iter().collect();
    let names: Vec<String> = columns.iter().map(|column| column.unquoted().to_owned()).collect();
    let types = columns.iter().map(|column| kind(column.def().get_column_type())).collect::<Result<Vec<_>, _>>()?;
    let source = Source { backend, types: &types };
    let (from, values) = source.bind(rows.len(), |row, column| rows[row].get(columns[column]))?;
    let table = <M::Entity as Default>::default();
    let mut sql = String::new();
    let list = names.join(", ");
    write!(sql, "insert into {} ({list}) select {} from {from}", table.table_name(), source.expressions())
        .and_then(|()| if behind.is_empty() { Ok(()) } else { write!(sql, " where true {behind}") })
        .map_err(|error| DbErr::Custom(error.to_string()))?;
    Ok(db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected())
}

/// A set of rows handed to a statement as a relation named `r`.
pub struct Rows<'a> {
    names: &'a [&'a str],
    types: &'a [Kind],
    cells: Vec<Vec<Value>>,
}

impl<'a> Rows<'a> {
    /// Rows with the named columns; `cells` holds one vector a row.
    #[must_use]
    pub fn new(names: &'a [&'a str], types: &'a [Kind], cells: Vec<Vec<Value>>) -> Self {
        Self { names, types, cells }
    }

    /// The relation `(select … ) as r` for a `from` clause, and the values to bind.
    ///
    /// # Errors
    /// When a cell is not of its column's kind.
    pub fn relation(&self, backend: DbBackend) -> Result<(String, Vec<Value>), DbErr> {
        let source = Source { backend, types: self.types };
        let (from, values) = source.bind(self.cells.len(), |row, column| self.cells[row][column].clone())?;
        let aliased: Vec<String> = source
            .expression_list()
            .into_iter()
            .zip(self.names)
            .map(|(sql, name)| format!("{sql} as {name}"))
            .collect();
        Ok((format!("(select {} from {from}) as r", aliased.join(", ")), values))
    }
}

/// A relation named `r` of one column `id`, for a `from` clause, and the values to bind.
///
/// # Errors
/// Never for ids; the nil and the largest UUID are none.
pub fn ids<I>(backend: DbBackend, ids: impl IntoIterator<Item = I>) -> Result<(String, Vec<Value>), DbErr>
where
    I: Into<Value>,
{
    Rows::new(&["id"], &[Kind::Uuid], ids.into_iter().map(|id| vec![id.into()]).collect()).relation(backend)
}

/// The column kinds our tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UUID
    Uuid,
    /// 64-bit integer
    Long,
    /// 32-bit integer
    Int,
    /// Text
    Text,
    /// Boolean
    Bool,
    /// Date
    Date,
    /// Bytes, never missing
    Bytes,
}

fn kind(column: &ColumnType) -> Result<Kind, DbErr> {
    Ok(match column {
        ColumnType::Uuid => Kind::Uuid,
        ColumnType::BigInteger => Kind::Long,
        ColumnType::Integer | ColumnType::SmallInteger => Kind::Int,
        ColumnType::String(_) | ColumnType::Text => Kind::Text,
        ColumnType::Boolean => Kind::Bool,
        ColumnType::Date => Kind::Date,
        other => return Err(DbErr::Custom(format!("bulk insert does not know the column type {other:?}"))),
    })
}

struct Source<'a> {
    backend: DbBackend,
    types: &'a [Kind],
}

/// Stands for a missing text in an array; a control character no request may carry.
const NO_TEXT: &str = "\u{1}";

impl Source<'_> {
    fn expressions(&self) -> String {
        self.expression_list().join(", ")
    }

    /// How each column is read from the bound relation.
    fn expression_list(&self) -> Vec<String> {
        let one = |(index, kind): (usize, &Kind)| match (self.backend, kind) {
            // Arrays cannot carry nulls here, so each kind has a value that stands for one.
            (DbBackend::Postgres, Kind::Uuid) => {
                format!("nullif(c{index}, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)")
            }
            (DbBackend::Postgres, Kind::Long) => format!("nullif(c{index}, {})", i64::MIN + 1),
            (DbBackend::Postgres, Kind::Int) => format!("nullif(c{index}, {})", i32::MIN + 1),
            (DbBackend::Postgres, Kind::Text) => format!("nullif(c{index}, E'\\x01')"),
            (DbBackend::Postgres, Kind::Date) => format!("nullif(c{index}, E'\\x01')::date"),
            (DbBackend::Postgres, Kind::Bool | Kind::Bytes) => format!("c{index}"),
            (_, Kind::Uuid | Kind::Bytes) => format!("unhex(value ->> {index})"),
            (_, _) => format!("value ->> {index}"),
        };
        self.types.iter().enumerate().map(one).collect()
    }

    /// `cell` yields that of a row and a column.
    fn bind(&self, rows: usize, cell: impl Fn(usize, usize) -> Value) -> Result<(String, Vec<Value>), DbErr> {
        if self.backend == DbBackend::Postgres {
            let mut arguments = Vec::with_capacity(self.types.len());
            let mut values = Vec::with_capacity(self.types.len());
            for (index, kind) in self.types.iter().enumerate() {
                let (array, cast) = array(*kind);
                let column = (0..rows)
                    .map(|row| check(*kind, cell(row, index)).and_then(|cell| filled(*kind, cell)))
                    .collect::<Result<Vec<_>, _>>()?;
                arguments.push(format!("${}::{cast}[]", index + 1));
                values.push(Value::Array(array, Some(Box::new(column))));
            }
            let names: Vec<String> = (0..self.types.len()).map(|index| format!("c{index}")).collect();
            return Ok((format!("unnest({}) as u ({})", arguments.join(", "), names.join(", ")), values));
        }
        // Written straight away: a tree of the same document would cost an allocation a cell.
        let mut document = String::with_capacity(rows * self.types.len() * CELL);
        for row in 0..rows {
            document.push(if row == 0 { '[' } else { ',' });
            for (index, kind) in self.types.iter().enumerate() {
                document.push(if index == 0 { '[' } else { ',' });
                let cell = check(*kind, cell(row, index))?;
                json(*kind, &cell, &mut document).ok_or_else(|| mismatch(*kind, &cell))?;
            }
            document.push(']');
        }
        document.push_str(if rows == 0 { "[]" } else { "]" });
        Ok(("jsonb_each(?)".to_owned(), vec![Value::from(document)]))
    }
}

/// Bytes a cell has more or less.
const CELL: usize = 24;

fn array(kind: Kind) -> (ArrayType, &'static str) {
    match kind {
        Kind::Uuid => (ArrayType::Uuid, "uuid"),
        Kind::Long => (ArrayType::BigInt, "bigint"),
        Kind::Int => (ArrayType::Int, "integer"),
        Kind::Text | Kind::Date => (ArrayType::String, "text"),
        Kind::Bool => (ArrayType::Bool, "boolean"),
        Kind::Bytes => (ArrayType::Bytes, "bytea"),
    }
}

fn mismatch(kind: Kind, cell: &Value) -> DbErr {
    DbErr::Type(format!("{cell:?} is not a {kind:?}"))
}

/// Refuses, on both databases alike, the values that stand for a missing one in an array, and U+0000.
fn check(kind: Kind, cell: Value) -> Result<Value, DbErr> {
    let taken = match &cell {
        Value::Uuid(Some(id)) => id.is_max(),
        Value::BigInt(Some(number)) => *number == i64::MIN + 1,
        Value::Int(Some(number)) => *number == i32::MIN + 1,
        Value::String(Some(text)) => text == NO_TEXT || text.contains('\0'),
        _ => false,
    };
    if taken { Err(mismatch(kind, &cell)) } else { Ok(cell) }
}

fn filled(kind: Kind, cell: Value) -> Result<Value, DbErr> {
    Ok(match (kind, cell) {
        (Kind::Uuid, Value::Uuid(id)) => Value::Uuid(Some(id.unwrap_or(uuid::Uuid::max()))),
        (Kind::Long, Value::BigInt(number)) => Value::BigInt(Some(number.unwrap_or(i64::MIN + 1))),
        (Kind::Int, Value::Int(number)) => Value::Int(Some(number.unwrap_or(i32::MIN + 1))),
        (Kind::Text, Value::String(text)) => Value::String(Some(text.unwrap_or_else(|| NO_TEXT.to_owned()))),
        (Kind::Date, Value::ChronoDate(day)) => {
            Value::String(Some(day.map_or_else(|| NO_TEXT.to_owned(), |day| day.to_string())))
        }
        (Kind::Bool, Value::Bool(Some(flag))) => Value::Bool(Some(flag)),
        (Kind::Bytes, Value::Bytes(Some(bytes))) => Value::Bytes(Some(bytes)),
        (kind, cell) => return Err(mismatch(kind, &cell)),
    })
}

/// Writes a cell behind `document`; `None` where it is not of its kind.
fn json(kind: Kind, cell: &Value, document: &mut String) -> Option<()> {
    let written = match (kind, cell) {
        (Kind::Uuid, Value::Uuid(Some(id))) => write!(document, "\"{}\"", id.simple()),
        (Kind::Long, Value::BigInt(Some(number))) => write!(document, "{number}"),
        (Kind::Int, Value::Int(Some(number))) => write!(document, "{number}"),
        (Kind::Text, Value::String(Some(text))) => {
            document.push_str(&serde_json::to_string(text).ok()?);
            Ok(())
        }
        (Kind::Date, Value::ChronoDate(Some(day))) => write!(document, "\"{day}\""),
        (Kind::Bool, Value::Bool(Some(flag))) => write!(document, "{}", i64::from(*flag)),
        (Kind::Bytes, Value::Bytes(Some(bytes))) => write!(document, "\"{}\"", crate::http::hex(bytes)),
        (Kind::Uuid, Value::Uuid(None))
        | (Kind::Long, Value::BigInt(None))
        | (Kind::Int, Value::Int(None))
        | (Kind::Text, Value::String(None))
        | (Kind::Date, Value::ChronoDate(None)) => write!(document, "null"),
        _ => return None,
    };
    written.ok()
}
