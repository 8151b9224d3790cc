//! Schools and their kitchens, as far as the caller's scope reaches.

use super::{Area, filter::code_filter, school_change::history, store};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    finding::{Asked, Filter, Hit, school_traits},
    http::{ApiError, Page, PageQuery, Path, Query, page},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    canteen::{self, CanteenKind},
    id::{CanteenId, SchoolId},
    reporting_unit,
    school::{self, SchoolStage},
    school_affiliation, school_merger,
    search_name::SubjectKind,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::SelectStatement,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A school.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolView {
    /// Its id.
    pub id: SchoolId,
    /// School code used in imports and reports.
    #[schema(example = "YL-910526-001")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "雨农小学")]
    pub name: String,
    /// Its stage.
    pub stage: SchoolStage,
    /// Township (or county) it lies in.
    #[schema(example = "910526101")]
    pub division_code: String,
    /// County it lies in.
    #[schema(example = "910526")]
    pub county_code: String,
    /// Unit it reports to.
    #[schema(example = "910526")]
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

/// Where a school belonged over some days.
#[derive(Debug, Serialize, ToSchema)]
pub struct AffiliationView {
    /// First day.
    #[schema(example = "2015-09-01")]
    pub from_on: NaiveDate,
    /// Last day; null for the last row.
    pub to_on: Option<NaiveDate>,
    /// Township (or county) it lies in.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// County it lies in.
    #[schema(example = "910526")]
    pub county_code: String,
    /// Unit it reports to.
    #[schema(example = "910526")]
    pub reporting_unit_code: String,
}

/// A school with its kitchens and its history.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolResponse {
    /// The school.
    #[serde(flatten)]
    pub school: SchoolView,
    /// Its kitchens.
    pub canteens: Vec<CanteenView>,
    /// Where it belonged, oldest first; a planned move is the last row.
    pub affiliations: Vec<AffiliationView>,
    /// School it became part of on the day after `closed_on`; null for others.
    #[schema(example = json!(null))]
    pub merged_into_school_id: Option<SchoolId>,
}

/// A school of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundSchool {
    /// The school.
    #[serde(flatten)]
    pub school: SchoolView,
    /// Metres from the place asked for; null where none was.
    #[schema(example = 5200)]
    pub distance_m: Option<i64>,
}

/// Whether a school should report.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchoolStatus {
    /// It opened and did not close.
    Open,
    /// It closed, or is yet to open.
    Closed,
}

/// Which schools.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SchoolsQuery {
    /// Those that report to this unit or to one below it.
    #[param(example = "910526")]
    reporting_unit: Option<String>,
    /// Those that lie in this division or one below it; an old code stands for its successor.
    #[param(example = "910500")]
    division: Option<String>,
    /// Those of this stage.
    #[param(inline, example = "primary")]
    stage: Option<SchoolStage>,
    /// Those that are open today, or are not.
    #[param(inline, example = "open")]
    status: Option<SchoolStatus>,
    /// Part of the name in Chinese, its pinyin or the initials of it, or the beginning of the code; up to 20 characters.
    #[param(example = "小学")]
    q: Option<String>,
    /// Around this place, degrees north and east with up to six decimals; those whose position nobody entered are left out.
    #[param(example = "26.868,104.244")]
    near: Option<String>,
    /// Kilometres around it, 1 to 500; 50 unless given.
    #[param(minimum = 1, maximum = 500, example = 50)]
    within_km: Option<i64>,
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
/// As far as the caller's roles reach. With `near` the nearest first; else with `q` codes that begin with it, then names
/// that do, then names that hold it, each by what follows; else in the order of ids.
#[utoipa::path(
    get, path = "/schools", operation_id = "list_schools", tag = "registry", security(("bearer" = [])),
    params(SchoolsQuery),
    responses((status = 200, body = Page<FoundSchool>, description = "A page of schools"))
)]
pub async fn list_schools(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<SchoolsQuery>,
) -> Result<Json<Page<FoundSchool>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::School)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    Area::filter("division", query.division.as_deref())?;
    let asked = Asked {
        q: query.q.as_deref(),
        division: query.division.as_deref(),
        near: query.near.as_deref(),
        within_km: query.within_km,
    };
    let db = &ctx.store.read;
    let wanted = asked.read(db, SubjectKind::School).await?;
    let all = |row| Condition::all().add(row);
    let mut filter = Filter::default();
    if !scope.is_everything() {
        filter = filter.and(scope.on_school()).own(Some(scope.on_school()));
    }
    if let Some(unit) = code_filter("reporting_unit", query.reporting_unit.as_deref())? {
        filter = filter.and(all(school::Column::ReportingUnitCode.in_subquery(subtree(unit))));
    }
    if let Some(stage) = query.stage {
        let row = school::Column::Stage.eq(stage);
        filter = filter.and_traits(all(row.clone()), school_traits(Some(stage))).lead(Some(row));
    }
    if let Some(status) = query.status {
        filter = filter.and(status.on(ctx.clock.now().business_day()));
    }
    let rows = wanted.list::<school::Model>(db, &filter, &paging).await?;
    let show = |hit: Hit<school::Model>| FoundSchool { school: school_view(hit.row), distance_m: hit.metres };
    Ok(Json(page(rows, limit, |hit| hit.cursor.clone(), show)))
}

impl SchoolStatus {
    fn on(self, day: NaiveDate) -> Condition {
        let (opened, closed) = (school::Column::OpenedOn, school::Column::ClosedOn);
        match self {
            Self::Open => {
                let stays = Condition::any().add(closed.is_null()).add(closed.gte(day));
                Condition::all().add(opened.lte(day)).add(stays)
            }
            Self::Closed => Condition::any().add(opened.gt(day)).add(closed.lt(day)),
        }
    }
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
/// With its kitchens and where it belonged day by day.
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
    Ok(Json(show_school(db, school).await?))
}

/// A school with all that is told of it.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn show_school(db: &impl ConnectionTrait, school: school::Model) -> Result<SchoolResponse, DbErr> {
    let canteens = canteen::Entity::find()
        .filter(canteen::Column::SchoolId.eq(school.id))
        .order_by_asc(canteen::Column::Id)
        .all(db)
        .await?;
    let merger = school_merger::Entity::find_by_id(school.id).one(db).await?;
    let affiliation = |row: school_affiliation::Model| AffiliationView {
        from_on: row.from_on,
        to_on: row.to_on,
        division_code: row.division_code,
        county_code: row.county_code,
        reporting_unit_code: row.reporting_unit_code,
    };
    Ok(SchoolResponse {
        canteens: canteens.into_iter().map(canteen_view).collect(),
        affiliations: history(db, school.id).await?.into_iter().map(affiliation).collect(),
        merged_into_school_id: merger.map(|merger| merger.into_school_id),
        school: school_view(school),
    })
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

pub(super) fn canteen_view(row: canteen::Model) -> CanteenView {
    CanteenView {
        id: row.id,
        school_id: row.school_id,
        name: row.name,
        kind: row.kind,
        run_by_school_id: row.run_by_school_id,
        version: row.version,
    }
}
