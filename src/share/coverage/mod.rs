//! Coverage: who should report and who did (S9). Schools without a kitchen of their own are exempt (S12).

mod counts;
mod recount;
mod spans;

use self::spans::{MARKED, counted_by, is_marked, of_marked};
use super::{
    area::{Area, Group},
    indicators::Population,
};
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

pub(super) use recount::counts as counts_of;
pub use recount::recount;
pub(super) use spans::{COLUMNS, MONTHS, spans_of, years_of};

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

/// Condition on the years of schools, `y`: that they bought anything from month `$1` to month `$2`. Whatever the months, the
/// text is one, which is planned once; the bits are those of the months of the row's year, January's being the lowest.
const BOUGHT: &str = "(y.year between $1 / 100 and $2 / 100 \
    and y.months & ((1 << (case when y.year = $2 / 100 then $2 % 100 else 12 end)) \
    - (1 << (case when y.year = $1 / 100 then $1 % 100 - 1 else 0 end))) <> 0)";

/// Whether the months lie in a year and the next: then [`coverage_year`](entity::coverage_year) tells, in the row of that
/// year, whether anything was bought in them.
fn in_two_years((first, last): (i32, i32)) -> bool {
    last / 100 - first / 100 <= 1
}

/// That row's year of the months `$1` to `$2`, and their bits in it.
const YEAR: &str = "($1 / 100)";
const BITS: &str = "((1 << (($2 / 100 - $1 / 100) * 12 + $2 % 100)) - (1 << ($1 % 100 - 1)))";

/// The schools of an area as common tables: `p` where each is counted, on which day, and whether it ran a kitchen of its own
/// then; `did` those that bought anything. Bound to [`Days::bound`] and, from `$6` on, to the values.
pub(super) fn schools(backend: DbBackend, area: &Area, population: &Population) -> (String, Vec<Value>) {
    let (held, values) = held(area, population);
    let day = "case when a.to_on < $5 then a.to_on when a.from_on > $5 then a.from_on else $5 end";
    let placed = |spans: &str, condition: &str| {
        format!(
            "select a.school_id, a.county_code, a.reporting_unit_code, a.runs, {day} as day from {spans} a \
             where {condition} and {held}"
        )
    };
    let tables = format!(
        "{MARKED}, p as ({} union all {}), \
         did as (select y.school_id from p join school_year y on y.school_id = p.school_id and {BOUGHT} \
         union select t.school_id from p join total_change t on t.school_id = p.school_id \
         and t.month between $1 and $2)",
        placed("coverage_span", &format!("not {}", is_marked("a"))),
        placed(&of_marked(backend), "true"),
    );
    (tables, values)
}

/// Condition on spans of alias `a`: that their schools are counted by them, and lie in an area and a population. With the
/// values from `$6` on.
fn held(area: &Area, population: &Population) -> (String, Vec<Value>) {
    let (seats, mut values) = area.seats(6);
    let (placed, more) = population.of_place("a", 6 + values.len());
    values.extend(more);
    let mut held = format!("{} and {seats} and {placed}", counted_by("a"));
    if population.by_school() {
        held +=
            &format!(" and exists (select 1 from school s where s.id = a.school_id and {})", population.of_school());
    }
    (held, values)
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
    let by_school = group == Group::School || population.by_school() || matches!(area, Area::Township { .. });
    let (with, from, values) = if !by_school && in_two_years(months) {
        counts::of_area(backend, area, population)
    } else {
        let (with, values) = schools(backend, area, population);
        let from = "select p.school_id, p.county_code, p.reporting_unit_code, \
             case when p.runs then 1 else 0 end as should_report, \
             case when p.runs and did.school_id is not null then 1 else 0 end as reported, \
             case when p.runs then 0 else 1 end as exempt from p left join did on did.school_id = p.school_id";
        (with, from.to_owned(), values)
    };
    let key = match (group, backend) {
        // Prefectures are summed up from counties.
        (Group::County | Group::Prefecture, _) => "c.county_code",
        (Group::Unit, _) => "c.reporting_unit_code",
        (Group::School, DbBackend::Postgres) => "cast(c.school_id as text)",
        (Group::School, _) => "lower(hex(c.school_id))",
        (Group::None | Group::Category, _) => "''",
    };
    let sums =
        ["should_report", "reported", "exempt"].map(|name| format!("cast(sum({name}) as bigint) as {name}")).join(", ");
    let mut sql = format!("select {key} as key, {sums} from ({from}) as c group by 1");
    if group == Group::Prefecture {
        sql = format!(
            "select coalesce(d.parent_code, g.key) as key, {sums} from ({sql}) as g join division d on d.code = g.key group by 1"
        );
    }
    let mut bound = days.bound(months);
    bound.extend(values);
    let statement = Statement::from_sql_and_values(backend, format!("with {with} {sql}"), bound);
    let rows = Row::find_by_statement(statement).all(db).await?;
    // A count that others were taken off may have nothing left.
    let found = rows.into_iter().filter(|row| row.should_report + row.exempt > 0);
    Ok(found
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
    fn a_year_and_the_next_are_told_by_one_row() {
        assert!(in_two_years((202_602, 202_603)) && in_two_years((202_501, 202_612)));
        assert!(!in_two_years((202_512, 202_701)));
    }
}
