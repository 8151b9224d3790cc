//! Coverage: who should report and who did (S9). Schools without a kitchen of their own are exempt (S12).

use super::{
    indicators::Population,
    sums::{Area, Group},
};
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// Schools behind a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// Schools that run a kitchen and should have purchases in the period.
    #[schema(example = 24)]
    pub should_report: i64,
    /// Those of them that have.
    #[schema(example = 23)]
    pub reported: i64,
    /// Schools without a kitchen of their own.
    #[schema(example = 2)]
    pub exempt: i64,
}

impl Coverage {
    /// Adds another group of schools.
    pub fn add(&mut self, other: &Self) {
        self.should_report += other.should_report;
        self.reported += other.reported;
        self.exempt += other.exempt;
    }
}

#[derive(FromQueryResult)]
struct Row {
    key: String,
    should_report: i64,
    reported: i64,
    exempt: i64,
}

/// Days asked about: those of the figures, and the day on which schools are counted where they belong.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// First.
    pub from: NaiveDate,
    /// Last.
    pub to: NaiveDate,
    /// Today: a school that will move in the rest of the period is still where it is.
    pub today: NaiveDate,
}

impl Days {
    /// What [`schools`] is bound to from `$1` to `$5`: the months, the days, and the day schools are counted on.
    pub(super) fn bound(&self, (first, last): (i32, i32)) -> Vec<Value> {
        let day = self.today.clamp(self.from, self.to);
        vec![first.into(), last.into(), self.from.into(), self.to.into(), day.into()]
    }
}

/// Condition on the years of schools of `alias`: that they bought anything from month `first` to month `last`.
fn bought_in(alias: &str, first: i32, last: i32) -> String {
    let parts: Vec<String> = (first / 100..=last / 100)
        .map(|year| {
            let from = if year == first / 100 { first % 100 } else { 1 };
            let to = if year == last / 100 { last % 100 } else { 12 };
            // The bits of those months, January's being the lowest.
            let months = (1 << to) - (1 << (from - 1));
            format!("({alias}.year = {year} and {alias}.months & {months} <> 0)")
        })
        .collect();
    format!("({})", parts.join(" or "))
}

/// The schools of an area as common tables: `p` where each is counted and on which day, `runs` those with a kitchen of
/// their own that day, `did` those that bought anything. Bound to [`Days::bound`] and, from `$6` on, to the values.
pub(super) fn schools(area: &Area, (first, last): (i32, i32), population: &Population) -> (String, Vec<Value>) {
    let (seats, mut values) = area.seats(6);
    let (placed, more) = population.of_place("a", 6 + values.len());
    values.extend(more);
    let measured = population.of_school();
    let bought = bought_in("y", first, last);
    let day = "case when s.closed_on < $5 then s.closed_on when s.opened_on > $5 then s.opened_on else $5 end";
    let tables = format!(
        "p as (select s.id as school_id, a.county_code, a.reporting_unit_code, {day} as day \
         from school_affiliation a join school s on s.id = a.school_id \
         where s.opened_on <= $4 and (s.closed_on is null or s.closed_on >= $3) \
         and a.from_on <= {day} and (a.to_on is null or a.to_on >= {day}) and {seats} and {placed} and {measured}), \
         runs as (select distinct p.school_id from p join canteen_term k on k.school_id = p.school_id \
         and k.kind in ('own', 'contracted') and k.from_on <= p.day and (k.to_on is null or k.to_on >= p.day)), \
         did as (select y.school_id from p join school_year y on y.school_id = p.school_id and {bought} \
         union select t.school_id from p join total_change t on t.school_id = p.school_id \
         and t.month between $1 and $2)"
    );
    (tables, values)
}

/// Coverage of an area over whole months, grouped. Groups without schools are missing.
///
/// A school that moved within the period is counted once, where it was last; what it bought before the move is reported
/// all the same. How its kitchen was run is asked of the same day.
///
/// # Errors
/// When the database does not answer.
pub async fn of_area(
    db: &impl ConnectionTrait,
    area: &Area,
    months: (i32, i32),
    days: Days,
    group: Group,
    population: &Population,
) -> Result<HashMap<String, Coverage>, DbErr> {
    let backend = db.get_database_backend();
    let key = match (group, backend) {
        (Group::County, _) => "p.county_code",
        (Group::Prefecture, _) => "(select coalesce(parent_code, code) from division where code = p.county_code)",
        (Group::Unit, _) => "p.reporting_unit_code",
        (Group::School, DbBackend::Postgres) => "cast(p.school_id as text)",
        (Group::School, _) => "lower(hex(p.school_id))",
        (Group::None | Group::Category, _) => "''",
    };
    let (schools, values) = schools(area, months, population);
    let sql = format!(
        "with {schools} \
         select {key} as key, \
         cast(sum(case when runs.school_id is not null then 1 else 0 end) as bigint) as should_report, \
         cast(sum(case when runs.school_id is not null and did.school_id is not null then 1 else 0 end) as bigint) \
         as reported, \
         cast(sum(case when runs.school_id is null then 1 else 0 end) as bigint) as exempt \
         from p left join runs on runs.school_id = p.school_id left join did on did.school_id = p.school_id group by 1"
    );
    let mut bound = days.bound(months);
    bound.extend(values);
    let rows = Row::find_by_statement(Statement::from_sql_and_values(backend, sql, bound)).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let Row { key, should_report, reported, exempt } = row;
            (key, Coverage { should_report, reported, exempt })
        })
        .collect())
}

/// Coverage of the schools that report to a unit itself, over a month that is over.
///
/// # Errors
/// When the database does not answer.
pub async fn coverage_of_unit(
    db: &impl ConnectionTrait,
    unit: &str,
    month: i32,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Coverage, DbErr> {
    let (area, days) = (Area::Units(vec![unit.to_owned()]), Days { from, to, today: to });
    let found = of_area(db, &area, (month, month), days, Group::None, &Population::default()).await?;
    Ok(found.into_values().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_months_of_a_range_are_the_bits_of_its_years() {
        assert_eq!(bought_in("y", 202_602, 202_603), "((y.year = 2026 and y.months & 6 <> 0))");
        assert_eq!(bought_in("y", 202_601, 202_612), "((y.year = 2026 and y.months & 4095 <> 0))");
        assert_eq!(
            bought_in("y", 202_512, 202_701),
            "((y.year = 2025 and y.months & 2048 <> 0) or (y.year = 2026 and y.months & 4095 <> 0) \
             or (y.year = 2027 and y.months & 1 <> 0))"
        );
    }
}
