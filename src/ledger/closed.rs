//! Months that reporting units have closed: nothing is declared into them, and what corrects them is noted as late.
//!
//! Whoever writes into a month that is over holds its unit, and whoever closes one of its months holds the unit alone: a
//! line is either in the statement or late for it, never neither. Receipts are written on their own day, whose month
//! cannot be closed yet, and hold nothing.

use crate::store::bulk::{Kind, Rows};
use entity::{
    id::StatementId,
    late_line,
    purchase_line::{self},
    statement,
    time::{Timestamp, month_of},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use std::collections::{BTreeSet, HashMap};

/// The last statement of a unit and a month.
#[derive(Clone, Copy, Debug)]
pub struct Last {
    /// The statement.
    pub id: StatementId,
    /// Whether it has been opened again.
    pub is_open: bool,
}

/// The last statements of the months of these lines that were over when they were written, by unit and month. Their units
/// are held until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn last_statements(
    txn: &DatabaseTransaction,
    lines: &[purchase_line::Model],
) -> Result<HashMap<(String, i32), Last>, DbErr> {
    use statement::Column;
    let past = lines.iter().filter(|line| is_past(line));
    let units: BTreeSet<&str> = past.clone().map(|line| line.reporting_unit_code.as_str()).collect();
    if units.is_empty() {
        return Ok(HashMap::new());
    }
    let months: BTreeSet<i32> = past.map(|line| line.month).collect();
    hold(txn, &units, "pg_advisory_xact_lock_shared").await?;
    let rows: Vec<(StatementId, String, i32, Option<Timestamp>)> = statement::Entity::find()
        .select_only()
        .columns([Column::Id, Column::ReportingUnitCode, Column::Month, Column::ReopenedAt])
        .filter(Column::ReportingUnitCode.is_in(units))
        .filter(Column::Month.is_in(months))
        .order_by_asc(Column::Version)
        .into_tuple()
        .all(txn)
        .await?;
    // The later versions take the places of the earlier ones.
    let last = |(id, unit, month, reopened): (_, _, _, Option<Timestamp>)| {
        ((unit, month), Last { id, is_open: reopened.is_some() })
    };
    Ok(rows.into_iter().map(last).collect())
}

/// Of these lines, those that come after a statement of their unit and month.
///
/// # Errors
/// When the database does not answer.
pub async fn late(txn: &DatabaseTransaction, lines: &[purchase_line::Model]) -> Result<Vec<late_line::Model>, DbErr> {
    let last = last_statements(txn, lines).await?;
    let late = |line: &purchase_line::Model| {
        let key = (line.reporting_unit_code.clone(), line.month);
        let statement_id = last.get(&key).filter(|_| is_past(line))?.id;
        Some(late_line::Model { purchase_line_id: line.id, statement_id, shown_in_id: None })
    };
    Ok(if last.is_empty() { Vec::new() } else { lines.iter().filter_map(late).collect() })
}

/// Holds a unit alone until the transaction ends: nobody writes into its past months, nobody else closes or opens one.
///
/// # Errors
/// When the database does not answer.
pub async fn hold_alone(txn: &DatabaseTransaction, units: &[&str]) -> Result<(), DbErr> {
    hold(txn, &units.iter().copied().collect(), "pg_advisory_xact_lock").await
}

fn is_past(line: &purchase_line::Model) -> bool {
    line.month < month_of(line.recorded_at.business_day())
}

/// In the order of their codes, so that two who hold several do not wait for one another.
async fn hold(txn: &DatabaseTransaction, units: &BTreeSet<&str>, lock: &str) -> Result<(), DbErr> {
    // SQLite has one writer at a time.
    if txn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let cells = units.iter().map(|unit| vec![format!("statement {unit}").into()]).collect();
    let (relation, values) = Rows::new(&["key"], &[Kind::Text], cells).relation(DbBackend::Postgres)?;
    let sql =
        format!("select {lock}(hashtextextended(k.key, 0)) from (select r.key from {relation} order by r.key) as k");
    txn.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await.map(drop)
}
