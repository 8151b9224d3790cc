//! Sums by class of a school over any days, and the months of a range.

use super::reading::Sums;
use chrono::{Datelike, NaiveDate};
use entity::{id::SchoolId, money::Fen, purchase_line::Channel, time::month_of, weight::Gram};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use std::collections::BTreeMap;

/// One row of a school's sums: a key of the breakdown, a class, a channel.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SumRow {
    /// Key of the breakdown; empty where there is none.
    pub key: String,
    /// Purchase class.
    pub class: i32,
    /// Channel (S1).
    pub channel: Channel,
    amount_fen: i64,
    weight_gram: i64,
    unknown_weight_fen: i64,
    unknown_weight_lines: i64,
    line_count: i64,
}

impl SumRow {
    /// The sums of the row.
    #[must_use]
    pub fn sums(&self) -> Sums {
        Sums {
            amount: Fen(self.amount_fen),
            weight: Gram(self.weight_gram),
            unknown_weight_amount: Fen(self.unknown_weight_fen),
            unknown_weight_lines: self.unknown_weight_lines,
            lines: self.line_count,
        }
    }
}

/// Sums by class over some rows.
#[must_use]
pub fn by_class<'a>(rows: impl IntoIterator<Item = &'a SumRow>) -> BTreeMap<i32, Sums> {
    let mut found: BTreeMap<i32, Sums> = BTreeMap::new();
    for row in rows {
        found.entry(row.class).or_default().add(&row.sums());
    }
    found
}

/// `sum()` is a numeric on PostgreSQL and an integer on SQLite.
const SUMS: &str = "cast(coalesce(sum(amount_fen), 0) as bigint) as amount_fen, \
    cast(coalesce(sum(weight_gram), 0) as bigint) as weight_gram, \
    cast(coalesce(sum(unknown_weight_fen), 0) as bigint) as unknown_weight_fen, \
    cast(coalesce(sum(unknown_weight_lines), 0) as bigint) as unknown_weight_lines, \
    cast(coalesce(sum(line_count), 0) as bigint) as line_count";

/// What a line counts as: one that takes another back is one less.
pub(super) const SIGN: &str = "case when amount_fen < 0 or coalesce(weight_gram, 0) < 0 then -1 else 1 end";

/// A school's sums over any days: whole months from its totals, the days at the edges from its lines. With the values for
/// `$1` on: the school, then the months, then the days.
fn school_sums(school: SchoolId, from: NaiveDate, to: NaiveDate) -> (String, Vec<Value>) {
    let whole = whole_months(from, to);
    let (first, last) = whole.unwrap_or((0, -1));
    // Days of the range that no whole month covers: before the first, after the last, or all of it.
    let (head_to, tail_from) = match whole {
        Some((first, last)) => (day_before(first), day_after(last)),
        None => (to, to.succ_opt().unwrap_or(to)),
    };
    let mut values: Vec<Value> = vec![school.into(), first.into(), last.into()];
    let mut parts =
        "select class, channel, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count \
         from school_month_total where county_code in (select county_code from school_affiliation where school_id = $1) \
         and school_id = $1 and month between $2 and $3"
            .to_owned();
    if from <= head_to || tail_from <= to {
        parts += &format!(
            " union all \
             select class, channel, amount_fen, coalesce(weight_gram, 0), \
             case when weight_gram is null then amount_fen else 0 end, \
             case when weight_gram is null then {SIGN} else 0 end, {SIGN} from purchase_line \
             where school_id = $1 and (purchased_on between $4 and $5 or purchased_on between $6 and $7)"
        );
        values.extend([from, head_to, tail_from, to].map(Value::from));
    }
    let sql = format!("select '' as key, class, channel, {SUMS} from ({parts}) as parts group by class, channel");
    (sql, values)
}

/// A school's sums over any days.
///
/// # Errors
/// When the database does not answer.
pub async fn of_school(
    db: &impl ConnectionTrait,
    school: SchoolId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<SumRow>, DbErr> {
    let (sql, values) = school_sums(school, from, to);
    SumRow::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).all(db).await
}

/// A school as its share names it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ShareOf {
    /// The school.
    pub school_id: SchoolId,
    /// Its name.
    pub school_name: String,
    /// County it lies in.
    pub county_code: String,
    /// Unit it reports to.
    pub reporting_unit_code: String,
}

/// A school with its sums over any days, in one statement: it is asked for by every school's every look at its share.
///
/// # Errors
/// When the database does not answer.
pub async fn school_with_sums(
    db: &impl ConnectionTrait,
    school: SchoolId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Option<(ShareOf, Vec<SumRow>)>, DbErr> {
    let (sums, values) = school_sums(school, from, to);
    let sql = format!(
        "select s.id as school_id, s.name as school_name, s.county_code, s.reporting_unit_code, p.* \
         from school s left join ({sums}) as p on true where s.id = $1"
    );
    let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let school = ShareOf::from_query_result(first, "")?;
    // A school that bought nothing has one row without sums.
    let bought = first.try_get::<Option<i32>>("", "class")?.is_some();
    let sums =
        rows.iter().filter(|_| bought).map(|row| SumRow::from_query_result(row, "")).collect::<Result<_, _>>()?;
    Ok(Some((school, sums)))
}

/// The months that lie wholly between two days, as `year * 100 + month`.
#[must_use]
pub fn whole_months(from: NaiveDate, to: NaiveDate) -> Option<(i32, i32)> {
    let first = if from.day() == 1 { month_of(from) } else { next_month(month_of(from)) };
    let ends_month = to.succ_opt().is_none_or(|next| next.day() == 1);
    let last = if ends_month { month_of(to) } else { month_before(month_of(to)) };
    (first <= last).then_some((first, last))
}

fn next_month(month: i32) -> i32 {
    if month % 100 == 12 { month + 89 } else { month + 1 }
}

fn month_before(month: i32) -> i32 {
    if month % 100 == 1 { month - 89 } else { month - 1 }
}

/// As many months before these.
#[must_use]
pub fn months_before((first, last): (i32, i32)) -> (i32, i32) {
    let number = |month: i32| month / 100 * 12 + month % 100 - 1;
    let back = number(first) - (number(last) - number(first) + 1);
    (back.div_euclid(12) * 100 + back.rem_euclid(12) + 1, month_before(first))
}

fn first_day(month: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(month / 100, u32::try_from(month % 100).unwrap_or(1), 1).unwrap_or_default()
}

fn day_before(month: i32) -> NaiveDate {
    first_day(month).pred_opt().unwrap_or_default()
}

fn day_after(month: i32) -> NaiveDate {
    first_day(next_month(month))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a date")
    }

    #[test]
    fn only_months_that_lie_wholly_inside_are_read_from_totals() {
        assert_eq!(whole_months(day(2026, 1, 1), day(2026, 12, 31)), Some((202_601, 202_612)));
        assert_eq!(whole_months(day(2026, 1, 2), day(2026, 3, 30)), Some((202_602, 202_602)));
        assert_eq!(whole_months(day(2025, 12, 15), day(2026, 1, 31)), Some((202_601, 202_601)));
        assert_eq!(whole_months(day(2026, 3, 2), day(2026, 3, 30)), None);
        assert_eq!(whole_months(day(2026, 3, 15), day(2026, 4, 15)), None);
    }

    #[test]
    fn as_many_months_lie_before() {
        assert_eq!(months_before((202_601, 202_612)), (202_501, 202_512));
        assert_eq!(months_before((202_603, 202_603)), (202_602, 202_602));
        assert_eq!(months_before((202_601, 202_602)), (202_511, 202_512));
    }

    proptest! {
        #[test]
        fn head_months_and_tail_cover_every_day_once(start in 0i64..2_000, length in 0i64..800) {
            let from = day(2020, 1, 1) + chrono::TimeDelta::days(start);
            let to = from + chrono::TimeDelta::days(length);
            if let Some((first, last)) = whole_months(from, to) {
                let head = (day_before(first) - from).num_days() + 1;
                let middle = (day_after(last) - first_day(first)).num_days();
                let tail = (to - day_after(last)).num_days() + 1;
                prop_assert!(head >= 0 && tail >= 0);
                prop_assert_eq!(head + middle + tail, length + 1);
            }
        }
    }
}
