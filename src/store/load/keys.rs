//! Foreign keys of PostgreSQL that a load is not to be held up by.
//!
//! They are dropped and made again in the load's own transaction, so that no commit is without them. Made `not valid`, they
//! refuse new rows but say nothing of those that are there, until `validate` has looked through these as a set.

use super::refused;
use sea_orm::{
    DbErr,
    sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction, query, query_as},
};

/// A foreign key, its names quoted where SQL needs it.
pub struct Key {
    table: String,
    name: String,
    definition: String,
}

/// Drops the foreign keys of `tables` and answers them.
pub async fn lift(txn: &mut Transaction<'static, Postgres>, tables: &[&str]) -> Result<Vec<Key>, DbErr> {
    let sql = "select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) from pg_constraint \
               where contype = 'f' and conrelid = any($1::text[]::regclass[]) order by conrelid, conname";
    let found: Vec<(String, String, String)> =
        query_as(sql).bind(tables).fetch_all(&mut **txn).await.map_err(refused)?;
    let keys: Vec<_> = found.into_iter().map(|(table, name, definition)| Key { table, name, definition }).collect();
    alter(txn, &keys, |key| format!("drop constraint {}", key.name)).await?;
    Ok(keys)
}

/// Makes them again.
pub async fn put_back(txn: &mut Transaction<'static, Postgres>, keys: &[Key]) -> Result<(), DbErr> {
    // The definition says itself that a key is not valid where it was not before.
    let unchecked = |key: &Key| if key.definition.ends_with(NOT_VALID) { "" } else { NOT_VALID };
    alter(txn, keys, |key| format!("add constraint {} {}{}", key.name, key.definition, unchecked(key))).await
}

const NOT_VALID: &str = " NOT VALID";

/// Changes each table once, whatever is to be done to its keys.
async fn alter(
    txn: &mut Transaction<'static, Postgres>,
    keys: &[Key],
    action: impl Fn(&Key) -> String,
) -> Result<(), DbErr> {
    for of_table in keys.chunk_by(|one, other| one.table == other.table) {
        let actions = of_table.iter().map(&action).collect::<Vec<_>>().join(", ");
        let sql = format!("alter table {} {actions}", of_table[0].table);
        query(AssertSqlSafe(sql)).persistent(false).execute(&mut **txn).await.map_err(refused)?;
    }
    Ok(())
}

/// Looks through the rows of all foreign keys that are not valid yet. Each commits by itself: a call that is cut short need
/// not look again where it has been.
pub async fn validate(pool: &PgPool) -> Result<(), DbErr> {
    let sql = "select conrelid::regclass::text, quote_ident(conname) from pg_constraint \
               where contype = 'f' and not convalidated and connamespace = current_schema()::regnamespace order by 1, 2";
    let keys: Vec<(String, String)> = query_as(sql).fetch_all(pool).await.map_err(refused)?;
    for (table, name) in keys {
        let sql = format!("alter table {table} validate constraint {name}");
        query(AssertSqlSafe(sql)).persistent(false).execute(pool).await.map_err(refused)?;
    }
    Ok(())
}
