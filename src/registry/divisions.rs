//! Divisions and the lists they stood on, as of a day; old codes lead to their successors.

use super::{
    filter::{code_cursor, code_filter, word_filter},
    is_code,
    past::{OnDay, Successor, as_on, find_on},
    store,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, FieldError, Page, PageQuery, Path, Query, Text, expression_contains_word, page},
};
use axum::{Json, extract::State};
use chrono::{Datelike, NaiveDate};
use entity::{
    county_list::CountyListKind,
    division::{self, DivisionLevel},
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// A list a place stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountyListMark {
    /// Stable name of the list.
    #[schema(example = "poverty_county_66")]
    pub code: String,
    /// What it stands for.
    pub kind: CountyListKind,
}

/// A division of the geographic hierarchy.
#[derive(Debug, Serialize, ToSchema)]
pub struct DivisionView {
    /// GB/T 2260 code; nine digits for a township.
    #[schema(example = "910526")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "松坡县")]
    pub name: String,
    /// The division above; null for provinces.
    #[schema(example = "910500")]
    pub parent_code: Option<String>,
    /// Its level.
    pub level: DivisionLevel,
    /// First day the code held; null when it held before the programme, or nobody knows.
    #[schema(example = "2011-01-01")]
    pub valid_from: Option<NaiveDate>,
    /// Last day the code held; null while it holds.
    #[schema(example = "2030-12-31")]
    pub valid_to: Option<NaiveDate>,
    /// Lists it stood on that day; for a township its county's too.
    pub lists: Vec<CountyListMark>,
}

/// A division that another one went into.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuccessorView {
    /// Its code.
    #[schema(example = "910281")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "柳溪市")]
    pub name: String,
    /// First day of the new code.
    pub effective_on: NaiveDate,
    /// What happened, in Chinese.
    #[schema(example = "撤县设市")]
    pub kind: String,
}

/// A division asked for by code.
#[derive(Debug, Serialize, ToSchema)]
pub struct DivisionResponse {
    /// The division.
    #[serde(flatten)]
    pub division: DivisionView,
    /// The code asked for, where another one held that day.
    #[schema(example = "910222")]
    pub resolved_from: Option<String>,
    /// What the code asked for had become by that day; several where the division was split, which then is answered
    /// itself as it was last.
    pub succeeded_by: Vec<SuccessorView>,
}

/// As of which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OnQuery {
    /// The day; today unless given.
    #[param(example = "2019-01-01")]
    on: Option<NaiveDate>,
}

/// Which divisions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DivisionsQuery {
    /// Those directly below this one.
    #[param(example = "910500")]
    parent: Option<String>,
    /// Those of this level.
    #[param(inline, example = "county")]
    level: Option<DivisionLevel>,
    /// Part of the name, up to 50 characters.
    #[param(example = "松坡")]
    q: Option<String>,
    /// As of this day; today unless given.
    #[param(example = "2019-01-01")]
    on: Option<NaiveDate>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List divisions
///
/// Those there are on a day, in the order of codes, called and placed as on that day, each with the lists it stood on.
/// Other provinces are here too, since goods come from them.
#[utoipa::path(
    get, path = "/divisions", operation_id = "list_divisions", tag = "registry", security(("bearer" = [])),
    params(DivisionsQuery),
    responses((status = 200, body = Page<DivisionView>, description = "A page of divisions"))
)]
pub async fn list_divisions(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<DivisionsQuery>,
) -> Result<Json<Page<DivisionView>>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let day = as_of(&ctx, query.on)?;
    let db = &ctx.store.read;
    let (from, to) = (division::COLUMN.valid_from, division::COLUMN.valid_to);
    let mut divisions = division::Entity::find()
        .filter(Condition::any().add(from.is_null()).add(from.lte(day)))
        .filter(Condition::any().add(to.is_null()).add(to.gte(day)))
        .order_by_asc(division::Column::Code)
        .limit(limit + 1);
    if let Some(parent) = code_filter("parent", query.parent.as_deref())? {
        // A code that is no more, or was not yet, stands for the division in its place that day.
        let parent = find_on(db, parent, day).await?.map_or_else(|| parent.to_owned(), |found| found.division.code);
        divisions = divisions.filter(then(db.get_database_backend(), "parent_code", day).eq(parent));
    }
    if let Some(level) = query.level {
        divisions = divisions.filter(division::Column::Level.eq(level));
    }
    if let Some(word) = word_filter(query.q.as_deref())? {
        divisions = divisions.filter(expression_contains_word(then(db.get_database_backend(), "name", day), &word));
    }
    if let Some(after) = code_cursor(&paging)? {
        divisions = divisions.filter(division::Column::Code.gt(after));
    }
    let mut rows = divisions.all(db).await?;
    as_on(db, &mut rows, day).await?;
    let marks = marks(&ctx, &rows, day).await?;
    let show = |row: division::Model| {
        let lists = marks.get(&row.code).cloned().unwrap_or_default();
        view(row, lists)
    };
    Ok(Json(page(rows, limit, |row| row.code.clone(), show)))
}

/// A column as it was on a day.
fn then(backend: DbBackend, column: &str, day: NaiveDate) -> Expr {
    let mark = if backend == DbBackend::Postgres { "$1" } else { "?" };
    let sql = format!(
        "coalesce((select p.{column} from division_past p where p.code = division.code and p.until_on >= {mark} \
         order by p.until_on limit 1), division.{column})"
    );
    Expr::cust_with_values(sql, [day])
}

/// The day asked for, else today.
fn as_of(ctx: &Ctx, on: Option<NaiveDate>) -> Result<NaiveDate, ApiError> {
    let day = on.unwrap_or_else(|| ctx.clock.now().business_day());
    // Years of five digits are chrono's, not the databases'.
    if (1900..=9999).contains(&day.year()) {
        return Ok(day);
    }
    let detail = Text::new("日期超出范围。", "The date is out of range.");
    Err(ApiError::Malformed(FieldError::new("?on", "date_out_of_range", detail)))
}

/// Find a division
///
/// As it was on a day, by the code it has or had. A code that was no more that day leads to its successor, and one that
/// was not yet leads to the division it was made of: then `resolved_from` repeats the code asked for. `succeeded_by`
/// says what became of it; of a division that was split, all parts.
#[utoipa::path(
    get, path = "/divisions/{code}", operation_id = "find_division", tag = "registry", security(("bearer" = [])),
    params(("code" = String, Path, description = "Division code, present or former", example = "910526"), OnQuery),
    responses((status = 200, body = DivisionResponse, description = "The division"))
)]
pub async fn find_division(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<OnQuery>,
) -> Result<Json<DivisionResponse>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let day = as_of(&ctx, query.on)?;
    if !is_code(&code) {
        return Err(ApiError::NotFound);
    }
    let OnDay { division, succeeded_by } = find_on(&ctx.store.read, &code, day).await?.ok_or(ApiError::NotFound)?;
    let mut marks = marks(&ctx, std::slice::from_ref(&division), day).await?;
    let lists = marks.remove(&division.code).unwrap_or_default();
    let resolved_from = (division.code != code).then_some(code);
    let show = |one: Successor| SuccessorView {
        code: one.code,
        name: one.name,
        effective_on: one.effective_on,
        kind: one.kind,
    };
    let succeeded_by = succeeded_by.into_iter().map(show).collect();
    Ok(Json(DivisionResponse { division: view(division, lists), resolved_from, succeeded_by }))
}

async fn marks(
    ctx: &Ctx,
    rows: &[division::Model],
    day: NaiveDate,
) -> Result<HashMap<String, Vec<CountyListMark>>, DbErr> {
    let codes: Vec<String> = rows.iter().map(|row| row.code.clone()).collect();
    let places = store::places_on(&ctx.store.read, &codes, day).await?;
    let marks = |lists: Vec<_>| lists.into_iter().map(|(code, kind)| CountyListMark { code, kind }).collect();
    Ok(places.into_iter().map(|(code, place)| (code, marks(place.lists))).collect())
}

fn view(row: division::Model, lists: Vec<CountyListMark>) -> DivisionView {
    DivisionView {
        code: row.code,
        name: row.name,
        parent_code: row.parent_code,
        level: row.level,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        lists,
    }
}
