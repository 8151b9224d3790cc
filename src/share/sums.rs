//! Sums by class: of a school over any days, of many schools over whole months.

use super::{indicators::Population, reading::Sums};
use chrono::{Datelike, NaiveDate};
use entity::{id::SchoolId, money::Fen, purchase_line::Channel, time::month_of, weight::Gram};
use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, StreamTrait, Value};
use std::collections::BTreeMap;

/// One row of sums: a key of the breakdown, a class, a channel.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SumRow {
    /// Key of the breakdown; empty where there is none.
    pub key: String,
    /// Month of the breakdown; 0 where there is none.
    pub month: i32,
    /// Category within the key; empty where there is none.
    pub category: String,
    /// Purchase class.
    pub class: i32,
    /// Channel; only of a school's own sums.
    pub channel: Option<Channel>,
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
    let sql = format!(
        "select '' as key, 0 as month, '' as category, class, channel, {SUMS} from ({parts}) as parts group by class, channel"
    );
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

/// Where the totals of many schools are taken from.
#[derive(Clone, Debug)]
pub enum Area {
    /// Everything.
    All,
    /// Schools that reported to these units.
    Units(Vec<String>),
    /// Schools in these counties.
    Counties(Vec<String>),
    /// Schools in a township of a county, under all codes either has had.
    Township {
        /// Codes of the county.
        counties: Vec<String>,
        /// Codes of the township.
        townships: Vec<String>,
    },
}

/// By what the totals are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Not at all.
    None,
    /// County.
    County,
    /// Prefecture around the county.
    Prefecture,
    /// Reporting unit.
    Unit,
    /// School.
    School,
    /// Category.
    Category,
}

/// What the totals of each key are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Nothing.
    Whole,
    /// Month.
    Month,
    /// Category.
    Category,
}

impl Group {
    fn column(self) -> &'static str {
        match self {
            Self::None => "''",
            // Prefectures are summed up from counties.
            Self::County | Self::Prefecture => "t.county_code",
            Self::Unit => "t.reporting_unit_code",
            Self::School => "t.school_id",
            Self::Category => "t.category_code",
        }
    }
}

impl Area {
    /// Condition on totals of alias `t`, with values bound from `$next` on.
    ///
    /// Totals know the county and the unit of their day. In a township they are those of the schools whose last seat in
    /// that county, up to the end of the month, was in the township: each total belongs to one.
    pub(super) fn condition(&self, backend: DbBackend, next: usize) -> (String, Vec<Value>) {
        match self {
            Self::All => ("true".to_owned(), Vec::new()),
            Self::Units(codes) => one_of("t.reporting_unit_code", codes, next),
            Self::Counties(codes) => one_of("t.county_code", codes, next),
            Self::Township { counties, townships } => {
                let end = month_end(backend);
                let (in_counties, mut values) = one_of("t.county_code", counties, next);
                let (in_townships, codes) = one_of("a.division_code", townships, next + values.len());
                values.extend(codes);
                let seat = format!(
                    "{in_counties} and exists (select 1 from school_affiliation a \
                     where a.school_id = t.school_id and a.county_code = t.county_code and {in_townships} \
                     and a.from_on <= {end} and not exists (select 1 from school_affiliation b \
                     where b.school_id = a.school_id and b.county_code = a.county_code and b.from_on > a.from_on \
                     and b.from_on <= {end}))"
                );
                (seat, values)
            }
        }
    }

    /// What totals over whole months are taken from, alias `t`, where `condition` on that alias holds: what is folded, and
    /// what is not folded yet. With `by_school` the condition names schools.
    pub(super) fn source(&self, group: Group, within: Within, by_school: bool, condition: &str) -> String {
        let by_school = by_school || group == Group::School || matches!(self, Self::Township { .. });
        let by_category = group == Group::Category || within == Within::Category;
        let (table, key) = match (by_school, by_category) {
            // Kept with the receipts themselves: nothing is waiting.
            (true, true) => return format!("school_month_total t where {condition}"),
            (true, false) => ("school_total", "county_code, reporting_unit_code, month, school_id, class"),
            (false, true) => ("area_category_total", "county_code, reporting_unit_code, month, category_code, class"),
            (false, false) => ("area_total", "county_code, reporting_unit_code, month, class"),
        };
        let columns = format!("{key}, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count");
        format!(
            "(select {columns} from {table} t where {condition} \
             union all select {columns} from total_change t where {condition}) as t"
        )
    }

    /// Condition on the seats of schools, alias `a`.
    pub(super) fn seats(&self, next: usize) -> (String, Vec<Value>) {
        match self {
            Self::All => ("true".to_owned(), Vec::new()),
            Self::Units(codes) => one_of("a.reporting_unit_code", codes, next),
            Self::Counties(codes) => one_of("a.county_code", codes, next),
            Self::Township { townships, .. } => one_of("a.division_code", townships, next),
        }
    }
}

fn one_of(column: &str, codes: &[String], next: usize) -> (String, Vec<Value>) {
    let marks: Vec<String> = (next..).take(codes.len().max(1)).map(|number| format!("${number}")).collect();
    let mut values: Vec<Value> = codes.iter().map(|code| code.as_str().into()).collect();
    if values.is_empty() {
        // Nothing held, nothing found.
        values.push("".into());
    }
    (format!("{column} in ({})", marks.join(", ")), values)
}

/// Last day of the month of a total.
fn month_end(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres {
        "cast(make_date(t.month / 100, t.month % 100, 1) + interval '1 month' - interval '1 day' as date)"
    } else {
        "date(printf('%04d-%02d-01', t.month / 100, t.month % 100), '+1 month', '-1 day')"
    }
}

/// Sums of the measured schools over whole months, grouped, and told apart within each key.
///
/// # Errors
/// When the database does not answer.
pub async fn of_area(
    db: &impl StreamTrait,
    area: &Area,
    (first, last): (i32, i32),
    group: Group,
    within: Within,
    population: &Population,
) -> Result<Vec<SumRow>, DbErr> {
    let (mut condition, mut values) = area.condition(db.get_database_backend(), 3);
    let (measured, more) = population.of_totals(3 + values.len());
    condition.push_str(&format!(" and {measured}"));
    values.extend(more);
    let column = group.column();
    let (month, category) = match within {
        Within::Whole => ("0", "''"),
        Within::Month => ("t.month", "''"),
        Within::Category => ("0", "t.category_code"),
    };
    // Ids are grouped as they are and only shown as text: the group runs over every row of the totals.
    let shown = match (group, db.get_database_backend()) {
        (Group::School, sea_orm::DbBackend::Postgres) => "cast(g.key as text)",
        (Group::School, _) => "lower(hex(g.key))",
        _ => "g.key",
    };
    let by: Vec<&str> = ["t.class", month, category, column]
        .into_iter()
        // Constants are no keys.
        .filter(|one| one.starts_with("t."))
        .collect();
    let by = by.join(", ");
    let condition = format!("t.month between $1 and $2 and {condition}");
    let source = area.source(group, within, population.by_school(), &condition);
    let grouped = format!(
        "select {column} as key, {month} as month, {category} as category, t.class, {SUMS} from {source} \
         group by {by}"
    );
    let sql = format!(
        "select {shown} as key, g.month, g.category, g.class, null as channel, g.amount_fen, g.weight_gram, \
         g.unknown_weight_fen, g.unknown_weight_lines, g.line_count from ({grouped}) as g"
    );
    let sql = if group == Group::Prefecture {
        // In two steps: the rows that leave the database are a tenth of the counties'.
        format!(
            "select coalesce(d.parent_code, g.key) as key, g.month, g.category, g.class, null as channel, {SUMS} \
             from ({grouped}) as g join division d on d.code = g.key group by 1, g.month, g.category, g.class"
        )
    } else {
        sql
    };
    let mut bound: Vec<Value> = vec![first.into(), last.into()];
    bound.append(&mut values);
    // Row by row: of a province by month there are thousands, and each is several times as large before it is read.
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, bound);
    let rows = db.stream_raw(statement).await?;
    rows.and_then(|row| std::future::ready(SumRow::from_query_result(&row, ""))).try_collect().await
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
