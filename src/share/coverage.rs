//! Coverage: who should report and who did (S9). Schools without a kitchen of their own are exempt (S12).

use super::sums::{Area, Group};
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Schools behind a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
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

/// Coverage of an area over whole months, grouped. Groups without schools are missing.
///
/// # Errors
/// When the database does not answer.
pub async fn of_area(
    db: &impl ConnectionTrait,
    area: &Area,
    (first, last): (i32, i32),
    (from, to): (NaiveDate, NaiveDate),
    group: Group,
) -> Result<HashMap<String, Coverage>, DbErr> {
    let backend = db.get_database_backend();
    let key = match (group, backend) {
        (Group::County, _) => "t.county_code",
        (Group::Prefecture, _) => "(select coalesce(parent_code, code) from division where code = t.county_code)",
        (Group::Unit, _) => "t.reporting_unit_code",
        (Group::School, DbBackend::Postgres) => "cast(t.school_id as text)",
        (Group::School, _) => "lower(hex(t.school_id))",
        (Group::None | Group::Category, _) => "''",
    };
    let (condition, values) = area.condition(5);
    // `t` stands once for the totals and once for the schools, which carry the same column names.
    let sql = format!(
        "with runs as (select distinct school_id from canteen where kind in ('own', 'contracted')), \
         did as (select distinct t.school_id from school_month_total t where t.month between $1 and $2 and {condition}) \
         select {key} as key, \
         cast(sum(case when runs.school_id is not null then 1 else 0 end) as bigint) as should_report, \
         cast(sum(case when runs.school_id is not null and did.school_id is not null then 1 else 0 end) as bigint) \
         as reported, \
         cast(sum(case when runs.school_id is null then 1 else 0 end) as bigint) as exempt \
         from (select id as school_id, county_code, reporting_unit_code, opened_on, closed_on from school) t \
         left join runs on runs.school_id = t.school_id left join did on did.school_id = t.school_id \
         where t.opened_on <= $4 and (t.closed_on is null or t.closed_on >= $3) and {condition} group by 1"
    );
    let mut bound: Vec<Value> = vec![first.into(), last.into(), from.into(), to.into()];
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
