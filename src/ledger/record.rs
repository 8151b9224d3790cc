//! Writes ledger lines and raises the totals of school and month in the same transaction, last.

use super::{class::PurchaseClass, closed::late, revocation::reverses};
use crate::store::bulk;
use entity::{
    id::{PurchaseLineId, SchoolId},
    money::Fen,
    purchase_line::{self, Channel},
    school_month_total, total_change,
    weight::Gram,
};
use sea_orm::{DatabaseTransaction, DbErr};
use std::collections::BTreeMap;

/// How totals are raised. Both databases read the same clause.
const RAISE: &str = "on conflict (county_code, school_id, month, reporting_unit_code, category_code, channel, class) \
    do update set amount_fen = school_month_total.amount_fen + excluded.amount_fen, \
    weight_gram = school_month_total.weight_gram + excluded.weight_gram, \
    unknown_weight_fen = school_month_total.unknown_weight_fen + excluded.unknown_weight_fen, \
    unknown_weight_lines = school_month_total.unknown_weight_lines + excluded.unknown_weight_lines, \
    line_count = school_month_total.line_count + excluded.line_count";

/// Writes the lines, what they change for the areas around the school, and the school's own totals: three statements,
/// however many lines. No row is shared with another school's receipts. Lines of months that are over, which corrections and
/// late declarations bring, are noted where a statement went before them.
///
/// # Errors
/// When the database refuses; the caller's transaction is then lost.
pub async fn record(txn: &DatabaseTransaction, lines: &[purchase_line::Model]) -> Result<(), DbErr> {
    debug_assert!(lines.iter().all(|line| PurchaseClass::from_code(line.class).is_some()));
    // Before they are written: what comes after a statement waits for it to be done.
    let late = late(txn, lines).await?;
    bulk::insert(txn, lines).await?;
    bulk::insert(txn, &late).await?;
    let changes = changes(lines);
    bulk::insert(txn, &changes).await?;
    let totals: Vec<_> = changes.into_iter().map(total).collect();
    bulk::insert_with(txn, &totals, RAISE).await.map(drop)
}

/// The totals of these lines, in key order so that concurrent writers meet their rows in the same order.
#[must_use]
pub fn totals(lines: &[purchase_line::Model]) -> Vec<school_month_total::Model> {
    changes(lines).into_iter().map(total).collect()
}

type Key<'a> = (&'a str, SchoolId, i32, &'a str, &'a str, Channel, i32);

/// What the lines add to each total, in key order.
fn changes(lines: &[purchase_line::Model]) -> Vec<total_change::Model> {
    let mut found: BTreeMap<Key, total_change::Model> = BTreeMap::new();
    for line in lines {
        let key = (
            line.county_code.as_str(),
            line.school_id,
            line.month,
            line.reporting_unit_code.as_str(),
            line.category_code.as_str(),
            line.channel,
            line.class,
        );
        let change = found.entry(key).or_insert_with(|| nothing(line.id, line));
        change.amount_fen.0 += line.amount_fen.0;
        // A line that takes another back is one less.
        let sign = if reverses(line) { -1 } else { 1 };
        change.line_count += sign;
        if let Some(weight) = line.weight_gram {
            change.weight_gram.0 += weight.0;
        } else {
            change.unknown_weight_fen.0 += line.amount_fen.0;
            change.unknown_weight_lines += sign;
        }
    }
    found.into_values().collect()
}

fn nothing(id: PurchaseLineId, line: &purchase_line::Model) -> total_change::Model {
    total_change::Model {
        id,
        county_code: line.county_code.clone(),
        school_id: line.school_id,
        month: line.month,
        reporting_unit_code: line.reporting_unit_code.clone(),
        category_code: line.category_code.clone(),
        channel: line.channel,
        class: line.class,
        amount_fen: Fen(0),
        weight_gram: Gram(0),
        unknown_weight_fen: Fen(0),
        unknown_weight_lines: 0,
        line_count: 0,
    }
}

fn total(change: total_change::Model) -> school_month_total::Model {
    school_month_total::Model {
        county_code: change.county_code,
        school_id: change.school_id,
        month: change.month,
        reporting_unit_code: change.reporting_unit_code,
        category_code: change.category_code,
        channel: change.channel,
        class: change.class,
        amount_fen: change.amount_fen,
        weight_gram: change.weight_gram,
        unknown_weight_fen: change.unknown_weight_fen,
        unknown_weight_lines: change.unknown_weight_lines,
        line_count: change.line_count,
    }
}
