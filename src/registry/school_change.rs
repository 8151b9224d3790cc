//! What every change of a school shares: its places, its row under the optimistic lock, the answer.

use super::{
    affiliation::{Affiliations, Move, Seat},
    schools::{SchoolResponse, show_school},
    store::{self, Place},
};
use crate::{
    access::Scope,
    finding,
    http::{ApiError, Check, IfMatch, Text},
    store::{Work, bulk},
};
use chrono::NaiveDate;
use entity::{division::DivisionLevel, id::SchoolId, school, school_affiliation};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
    sea_query::Expr,
};
use serde_json::json;
use std::collections::HashMap;

/// Days a change may lie ahead.
const MAX_DAYS_AHEAD: u64 = 400;

/// The school to be changed, in the version the caller saw.
///
/// # Errors
/// 404 outside the scope, 412 when somebody else was faster.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: SchoolId,
    version: &IfMatch,
) -> Result<school::Model, ApiError> {
    let school = store::find_school(db, scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(school.version)?;
    Ok(school)
}

/// Writes the school's own columns unless somebody else changed it meanwhile. Where it lies follows its history.
///
/// # Errors
/// 412 when somebody else was faster.
pub(super) async fn save(db: &impl ConnectionTrait, school: &mut school::Model) -> Result<(), ApiError> {
    use school::Column;
    let changed = school::Entity::update_many()
        .col_expr(Column::Name, Expr::value(school.name.clone()))
        .col_expr(Column::Stage, Expr::value(school.stage.to_value()))
        .col_expr(Column::Rural, Expr::value(school.rural))
        .col_expr(Column::NutritionProgram, Expr::value(school.nutrition_program))
        .col_expr(Column::Diners, Expr::value(school.diners))
        .col_expr(Column::ClosedOn, Expr::value(school.closed_on))
        .col_expr(Column::Version, Expr::value(school.version + 1))
        .filter(school::COLUMN.id.eq(school.id))
        .filter(school::COLUMN.version.eq(school.version))
        .exec(db)
        .await?;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: school.version + 1 });
    }
    school.version += 1;
    Ok(())
}

/// Writes a planned move: what was planned before and has not begun gives way.
///
/// # Errors
/// When the database refuses.
pub(super) async fn carry_out(db: &impl ConnectionTrait, plan: &Move, today: NaiveDate) -> Result<(), DbErr> {
    let columns = school_affiliation::COLUMN;
    let id = plan.current.school_id;
    school_affiliation::Entity::delete_many()
        .filter(columns.school_id.eq(id))
        .filter(columns.from_on.gt(today))
        .exec(db)
        .await?;
    school_affiliation::Entity::update_many()
        .col_expr(school_affiliation::Column::ToOn, Expr::value(plan.current.to_on))
        .filter(columns.school_id.eq(id))
        .filter(columns.from_on.eq(plan.current.from_on))
        .exec(db)
        .await?;
    bulk::insert(db, plan.next.as_slice()).await
}

/// A day to come on which a change takes effect.
pub(super) fn day_to_come(check: &mut Check, pointer: &str, day: NaiveDate, first: NaiveDate, today: NaiveDate) {
    let last = today.checked_add_days(chrono::Days::new(MAX_DAYS_AHEAD)).unwrap_or(today);
    check.that(
        (first..=last).contains(&day),
        pointer,
        "date_out_of_range",
        Text::new(
            format!("日期须在 {first} 至 {last} 之间：已过的日期不再改动。"),
            format!("The date must be between {first} and {last}: what is past does not change."),
        ),
    );
}

/// Where a school shall belong.
pub(super) struct Wanted<'a> {
    /// Township or county.
    pub division_code: &'a str,
    /// Reporting unit.
    pub reporting_unit_code: &'a str,
    /// First day.
    pub from_on: NaiveDate,
}

/// Reads where a school shall belong: a county or township of this province, and a unit within the caller's reach.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn read_seat(
    db: &impl ConnectionTrait,
    scope: &Scope,
    check: &mut Check,
    wanted: &Wanted<'_>,
) -> Result<Seat, DbErr> {
    let codes = [wanted.division_code.to_owned()];
    let places: HashMap<String, Place> = store::places_on(db, &codes, wanted.from_on).await?;
    let place = places.get(wanted.division_code);
    match place.map(|place| place.level) {
        Some(DivisionLevel::County | DivisionLevel::Township) => check.that(
            place.is_none_or(|place| place.ended_on.is_none_or(|last| last >= wanted.from_on)),
            "/division_code",
            "division_ended",
            Text::new("该区划当日已撤销。", "This division was no more that day."),
        ),
        Some(_) => check.refuse(
            "/division_code",
            "division_level",
            Text::new("须为本省县级或乡级行政区划。", "Must be a county or township of this province."),
        ),
        None => check.refuse(
            "/division_code",
            "division_unknown",
            Text::new("没有该行政区划代码。", "There is no division with this code."),
        ),
    }
    let unit = store::find_reporting_unit(db, wanted.reporting_unit_code).await?;
    check.that(
        unit.is_some(),
        "/reporting_unit_code",
        "reporting_unit_unknown",
        Text::new("没有该报送单位。", "There is no such reporting unit."),
    );
    check.that(
        unit.as_ref().is_none_or(|unit| scope.covers_unit(&unit.code)),
        "/reporting_unit_code",
        "reporting_unit_out_of_reach",
        Text::new(
            "该报送单位不在您的管辖范围内，请由共同的上级办理。",
            "This unit is outside your reach; let the authority above both do it.",
        ),
    );
    Ok(Seat {
        division_code: place.map(|place| place.code.clone()).unwrap_or_default(),
        county_code: place.and_then(|place| place.county_code.clone()).unwrap_or_default(),
        reporting_unit_code: wanted.reporting_unit_code.to_owned(),
    })
}

/// What the trail keeps of a school.
pub(super) fn tracked(school: &school::Model) -> serde_json::Value {
    json!({
        "name": school.name, "stage": school.stage, "rural": school.rural,
        "nutrition_program": school.nutrition_program, "diners": school.diners, "closed_on": school.closed_on,
    })
}

/// Notes a change of a school and answers with it.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn told(
    work: &mut Work<'_>,
    action: &str,
    school: &school::Model,
    [before, after]: [&serde_json::Value; 2],
) -> Result<SchoolResponse, DbErr> {
    let facts = json!({ "school_id": school.id, "reporting_unit_code": school.reporting_unit_code });
    work.changed(action, "school", &school.id, &facts, before, after);
    show_school(work.txn(), school.clone()).await
}

/// Brings the rows of schools in line with the history on `today`, for moves that begin, and their search terms with
/// them; answers how many moved.
///
/// # Errors
/// When the database refuses.
pub async fn settle(db: &impl ConnectionTrait, today: NaiveDate, since: NaiveDate) -> Result<u64, DbErr> {
    let sql = "update school set division_code = a.division_code, county_code = a.county_code, \
               reporting_unit_code = a.reporting_unit_code, version = school.version + 1 from school_affiliation a \
               where a.school_id = school.id and a.from_on between $1 and $2 and (a.to_on is null or a.to_on >= $2) \
               and (school.division_code <> a.division_code or school.county_code <> a.county_code \
               or school.reporting_unit_code <> a.reporting_unit_code) returning school.id as id";
    let backend = db.get_database_backend();
    let values: [Value; 2] = [since.into(), today.into()];
    let moved = db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    if moved.is_empty() {
        return Ok(0);
    }
    let ids = moved.iter().map(|row| row.try_get::<SchoolId>("", "id")).collect::<Result<Vec<_>, _>>()?;
    let count = ids.len() as u64;
    let (relation, values) = bulk::ids(backend, ids)?;
    let sql = format!("select t.* from {relation} join school t on t.id = r.id");
    let schools =
        school::Model::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    finding::put(db, &schools).await?;
    Ok(count)
}

/// The history of a school as told to others.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn history(db: &impl ConnectionTrait, id: SchoolId) -> Result<Vec<school_affiliation::Model>, DbErr> {
    Ok(Affiliations::find(db, id).await?.rows().to_vec())
}
