//! Divisions and the lists they stand on today; old codes lead to their successors.

use super::{
    filter::{code_cursor, code_filter, contains_word, word_filter},
    is_code, store,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
};
use axum::{Json, extract::State};
use entity::{
    county_list::CountyListKind,
    division::{self, DivisionLevel},
    division_change,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
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
    #[schema(example = "520526")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "威宁彝族回族苗族自治县")]
    pub name: String,
    /// The division above; null for provinces.
    #[schema(example = "520500")]
    pub parent_code: Option<String>,
    /// Its level.
    pub level: DivisionLevel,
    /// Lists it stands on today; for a township its county's too.
    pub lists: Vec<CountyListMark>,
}

/// A division asked for by code.
#[derive(Debug, Serialize, ToSchema)]
pub struct DivisionResponse {
    /// The division.
    #[serde(flatten)]
    pub division: DivisionView,
    /// The old code asked for, where this is its successor.
    #[schema(example = "520222")]
    pub resolved_from: Option<String>,
}

/// Which divisions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DivisionsQuery {
    /// Those directly below this one.
    #[param(example = "520500")]
    parent: Option<String>,
    /// Those of this level.
    #[param(inline, example = "county")]
    level: Option<DivisionLevel>,
    /// Part of the name, up to 50 characters.
    #[param(example = "威宁")]
    q: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List divisions
///
/// In the order of codes, each with the lists it stands on today. Other provinces are here too, since goods come from
/// them.
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
    let mut divisions = division::Entity::find().order_by_asc(division::Column::Code).limit(limit + 1);
    if let Some(parent) = code_filter("parent", query.parent.as_deref())? {
        divisions = divisions.filter(division::Column::ParentCode.eq(parent));
    }
    if let Some(level) = query.level {
        divisions = divisions.filter(division::Column::Level.eq(level));
    }
    if let Some(word) = word_filter(query.q.as_deref())? {
        divisions = divisions.filter(contains_word(division::Column::Name, &word));
    }
    if let Some(after) = code_cursor(&paging)? {
        divisions = divisions.filter(division::Column::Code.gt(after));
    }
    let rows = divisions.all(&ctx.store.read).await?;
    let marks = marks(&ctx, &rows).await?;
    let show = |row: division::Model| {
        let lists = marks.get(&row.code).cloned().unwrap_or_default();
        view(row, lists)
    };
    Ok(Json(page(rows, limit, |row| row.code.clone(), show)))
}

/// Find a division
///
/// By its present code, or by one it had before; then `resolved_from` repeats the code asked for.
#[utoipa::path(
    get, path = "/divisions/{code}", operation_id = "find_division", tag = "registry", security(("bearer" = [])),
    params(("code" = String, Path, description = "Division code, present or former", example = "520526")),
    responses((status = 200, body = DivisionResponse, description = "The division"))
)]
pub async fn find_division(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Json<DivisionResponse>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    if !is_code(&code) {
        return Err(ApiError::NotFound);
    }
    let db = &ctx.store.read;
    let (found, resolved_from) = match store::find_division(db, &code).await? {
        Some(division) => (division, None),
        None => (find_successor(db, &code).await?.ok_or(ApiError::NotFound)?, Some(code)),
    };
    let mut marks = marks(&ctx, std::slice::from_ref(&found)).await?;
    let lists = marks.remove(&found.code).unwrap_or_default();
    Ok(Json(DivisionResponse { division: view(found, lists), resolved_from }))
}

async fn find_successor(db: &impl ConnectionTrait, code: &str) -> Result<Option<division::Model>, DbErr> {
    // A dozen rows: walked here rather than by a recursive statement.
    let changes = division_change::Entity::find().order_by_desc(division_change::Column::EffectiveOn).all(db).await?;
    match successor(&changes, code) {
        Some(code) => store::find_division(db, code).await,
        None => Ok(None),
    }
}

/// What `code` is called today, following changes that are given newest first; `None` when it never changed.
fn successor<'a>(changes: &'a [division_change::Model], code: &str) -> Option<&'a str> {
    let next = |code: &str| {
        let change = changes.iter().find(|change| change.old_code.as_deref() == Some(code));
        change.map(|change| change.new_code.as_str())
    };
    let mut present = next(code)?;
    // As many steps as there are changes, so that a circle in the data ends.
    for _ in changes {
        match next(present) {
            Some(later) => present = later,
            None => break,
        }
    }
    Some(present)
}

async fn marks(ctx: &Ctx, rows: &[division::Model]) -> Result<HashMap<String, Vec<CountyListMark>>, DbErr> {
    let codes: Vec<String> = rows.iter().map(|row| row.code.clone()).collect();
    let places = store::places_on(&ctx.store.read, &codes, ctx.clock.now().business_day()).await?;
    let marks = |lists: Vec<_>| lists.into_iter().map(|(code, kind)| CountyListMark { code, kind }).collect();
    Ok(places.into_iter().map(|(code, place)| (code, marks(place.lists))).collect())
}

fn view(row: division::Model, lists: Vec<CountyListMark>) -> DivisionView {
    DivisionView { code: row.code, name: row.name, parent_code: row.parent_code, level: row.level, lists }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn an_old_code_leads_to_the_present_one() {
        let change = |old: Option<&str>, new: &str| division_change::Model {
            id: 1,
            effective_on: NaiveDate::default(),
            old_code: old.map(str::to_owned),
            old_name: None,
            new_code: new.to_owned(),
            new_name: String::new(),
            kind: String::new(),
        };
        let changes = [change(Some("2"), "3"), change(Some("1"), "2"), change(None, "9"), change(Some("5"), "5")];
        assert_eq!(successor(&changes, "1"), Some("3"));
        assert_eq!(successor(&changes, "2"), Some("3"));
        assert_eq!(successor(&changes, "9"), None);
        assert_eq!(successor(&changes, "5"), Some("5"), "a circle ends");
    }
}
