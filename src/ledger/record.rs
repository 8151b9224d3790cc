//! Writes ledger lines and raises the totals of school and month in the same transaction, last.

use super::{class::PurchaseClass, revocation::reverses};
use crate::store::bulk;
use entity::{money::Fen, purchase_line, school_month_total, weight::Gram};
use sea_orm::{DatabaseTransaction, DbErr};
use std::collections::BTreeMap;

/// How totals are raised. Both databases read the same clause.
const RAISE: &str = "on conflict (county_code, school_id, month, reporting_unit_code, category_code, channel, class) \
    do update set amount_fen = school_month_total.amount_fen + excluded.amount_fen, \
    weight_gram = school_month_total.weight_gram + excluded.weight_gram, \
    unknown_weight_fen = school_month_total.unknown_weight_fen + excluded.unknown_weight_fen, \
    unknown_weight_lines = school_month_total.unknown_weight_lines + excluded.unknown_weight_lines, \
    line_count = school_month_total.line_count + excluded.line_count";

/// Writes the lines and the totals they add up to: two statements, however many lines.
///
/// # Errors
/// When the database refuses; the caller's transaction is then lost.
pub async fn record(txn: &DatabaseTransaction, lines: &[purchase_line::Model]) -> Result<(), DbErr> {
    debug_assert!(lines.iter().all(|line| PurchaseClass::from_code(line.class).is_some()));
    bulk::insert(txn, lines).await?;
    bulk::insert_with(txn, &totals(lines), RAISE).await.map(drop)
}

/// The totals of these lines, in key order so that concurrent writers meet their rows in the same order.
#[must_use]
pub fn totals(lines: &[purchase_line::Model]) -> Vec<school_month_total::Model> {
    let mut totals = BTreeMap::new();
    for line in lines {
        let key = (
            line.county_code.clone(),
            line.school_id,
            line.month,
            line.reporting_unit_code.clone(),
            line.category_code.clone(),
            line.channel,
            line.class,
        );
        let total = totals.entry(key).or_insert_with(|| school_month_total::Model {
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
        });
        total.amount_fen.0 += line.amount_fen.0;
        // A line that takes another back is one less.
        let sign = if reverses(line) { -1 } else { 1 };
        total.line_count += sign;
        if let Some(weight) = line.weight_gram {
            total.weight_gram.0 += weight.0;
        } else {
            total.unknown_weight_fen.0 += line.amount_fen.0;
            total.unknown_weight_lines += sign;
        }
    }
    totals.into_values().collect()
}
