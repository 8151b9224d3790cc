//! Rows in the text format of `copy`.

use super::refused;
use sea_orm::{
    DbErr, EntityName, EntityTrait, Iden, Iterable, ModelTrait, Value,
    sqlx::{Postgres, Transaction},
};
use std::fmt::Write;

/// Rows in one message.
const ROWS: usize = 4_000;

pub async fn copy<M: ModelTrait>(txn: &mut Transaction<'static, Postgres>, rows: &[M]) -> Result<(), DbErr> {
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
