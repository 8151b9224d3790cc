//! Schools and their kitchens, as far as the caller's scope reaches.

use super::{
    Area,
    filter::{code_filter, contains_word, word_filter},
    store,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    canteen::{self, CanteenKind},
    id::{CanteenId, SchoolId},
    reporting_unit,
    school::{self, SchoolStage},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::SelectStatement,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A school.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolView {
    /// Its id.
    pub id: SchoolId,
    /// School code used in imports and reports.
    #[schema(example = "GZ-520526-001")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "雨农小学")]
    pub name: String,
    /// Its stage.
    pub stage: SchoolStage,
    /// Township (or county) it lies in.
    #[schema(example = "520526101")]
    pub division_code: String,
    /// County it lies in.
    #[schema(example = "520526")]
    pub county_code: String,
    /// Unit it reports to.
    #[schema(example = "520526")]
    pub reporting_unit_code: String,
    /// Counted as a rural school.
    #[schema(example = true)]
    pub rural: bool,
    /// Takes part in the nutrition programme.
    #[schema(example = true)]
    pub nutrition_program: bool,
    /// People fed on a school day.
    #[schema(example = 420)]
    pub diners: i64,
    /// First day it should report.
    #[schema(example = "2015-09-01")]
    pub opened_on: NaiveDate,
    /// Last day it should report; null while open.
    #[schema(example = "2030-07-31")]
    pub closed_on: Option<NaiveDate>,
    /// Version of the school's own data.
    #[schema(example = 1)]
    pub version: i64,
}

/// A kitchen.
#[derive(Debug, Serialize, ToSchema)]
pub struct CanteenView {
    /// Its id.
    pub id: CanteenId,
    /// School whose pupils eat here.
    pub school_id: SchoolId,
    /// Chinese name.
    #[schema(example = "雨农小学食堂")]
    pub name: String,
    /// How it is run.
    pub kind: CanteenKind,
    /// School that runs a shared kitchen and reports for it (S12).
    pub run_by_school_id: Option<SchoolId>,
    /// Version of the kitchen's own data.
    #[schema(example = 1)]
    pub version: i64,
}

/// A school with its kitchens.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolResponse {
    /// The school.
    #[serde(flatten)]
    pub school: SchoolView,
    /// Its kitchens.
    pub canteens: Vec<CanteenView>,
}

/// Which schools.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SchoolsQuery {
    /// Those that report to this unit or to one below it.
    #[param(example = "520526")]
    reporting_unit: Option<String>,
    /// Those that lie in this division.
    #[param(example = "520500")]
    division: Option<String>,
    /// Those of this stage.
    #[param(inline, example = "primary")]
    stage: Option<SchoolStage>,
    /// Part of the name, up to 50 characters.
    #[param(example = "小学")]
    q: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which kitchens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CanteensQuery {
    /// Those of this school.
    school_id: Option<SchoolId>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List schools
///
/// In the order of ids, as far as the caller's roles reach.
#[utoipa::path(
    get, path = "/schools", operation_id = "list_schools", tag = "registry", security(("bearer" = [])),
    params(SchoolsQuery),
    responses((status = 200, body = Page<SchoolView>, description = "A page of schools"))
)]
pub async fn list_schools(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<SchoolsQuery>,
) -> Result<Json<Page<SchoolView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::School)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut schools =
        school::Entity::find().filter(scope.on_school()).order_by_asc(school::Column::Id).limit(limit + 1);
    if let Some(unit) = code_filter("reporting_unit", query.reporting_unit.as_deref())? {
        schools = schools.filter(school::Column::ReportingUnitCode.in_subquery(subtree(unit)));
    }
    if let Some(area) = Area::filter("division", query.division.as_deref())? {
        schools = schools.filter(area.holds(school::Column::DivisionCode));
    }
    if let Some(stage) = query.stage {
        schools = schools.filter(school::Column::Stage.eq(stage));
    }
    if let Some(word) = word_filter(query.q.as_deref())? {
        schools = schools.filter(contains_word(school::Column::Name, &word));
    }
    if let Some(after) = paging.after_id()? {
        schools = schools.filter(school::Column::Id.gt(after));
    }
    let rows = schools.all(&ctx.store.read).await?;
    Ok(Json(page(rows, limit, |row| row.id.to_string(), school_view)))
}

/// A reporting unit and all below it; the tree has three levels.
fn subtree(unit: &str) -> SelectStatement {
    let codes = || reporting_unit::Entity::find().select_only().column(reporting_unit::Column::Code);
    let below = codes().filter(reporting_unit::Column::ParentCode.eq(unit)).into_query();
    codes()
        .filter(
            Condition::any()
                .add(reporting_unit::Column::Code.eq(unit))
                .add(reporting_unit::Column::ParentCode.eq(unit))
                .add(reporting_unit::Column::ParentCode.in_subquery(below)),
        )
        .into_query()
}

/// Find a school
///
/// With its kitchens.
#[utoipa::path(
    get, path = "/schools/{id}", operation_id = "find_school", tag = "registry", security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    responses((status = 200, body = SchoolResponse, description = "The school"))
)]
pub async fn find_school(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
) -> Result<Json<SchoolResponse>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::School)?;
    let db = &ctx.store.read;
    let school = store::find_school(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let canteens = canteen::Entity::find()
        .filter(canteen::Column::SchoolId.eq(id))
        .order_by_asc(canteen::Column::Id)
        .all(db)
        .await?;
    let canteens = canteens.into_iter().map(canteen_view).collect();
    Ok(Json(SchoolResponse { school: school_view(school), canteens }))
}

/// List canteens
///
/// The kitchens of the schools the caller's roles reach, in the order of ids.
#[utoipa::path(
    get, path = "/canteens", operation_id = "list_canteens", tag = "registry", security(("bearer" = [])),
    params(CanteensQuery),
    responses((status = 200, body = Page<CanteenView>, description = "A page of kitchens"))
)]
pub async fn list_canteens(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<CanteensQuery>,
) -> Result<Json<Page<CanteenView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::School)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut canteens = canteen::Entity::find()
        .filter(scope.rows(Some(canteen::Column::SchoolId), None::<canteen::Column>))
        .order_by_asc(canteen::Column::Id)
        .limit(limit + 1);
    if let Some(school) = query.school_id {
        canteens = canteens.filter(canteen::Column::SchoolId.eq(school));
    }
    if let Some(after) = paging.after_id()? {
        canteens = canteens.filter(canteen::Column::Id.gt(after));
    }
    let rows = canteens.all(&ctx.store.read).await?;
    Ok(Json(page(rows, limit, |row| row.id.to_string(), canteen_view)))
}

fn school_view(row: school::Model) -> SchoolView {
    SchoolView {
        id: row.id,
        code: row.code,
        name: row.name,
        stage: row.stage,
        division_code: row.division_code,
        county_code: row.county_code,
        reporting_unit_code: row.reporting_unit_code,
        rural: row.rural,
        nutrition_program: row.nutrition_program,
        diners: row.diners,
        opened_on: row.opened_on,
        closed_on: row.closed_on,
        version: row.version,
    }
}

fn canteen_view(row: canteen::Model) -> CanteenView {
    CanteenView {
        id: row.id,
        school_id: row.school_id,
        name: row.name,
        kind: row.kind,
        run_by_school_id: row.run_by_school_id,
        version: row.version,
    }
}
