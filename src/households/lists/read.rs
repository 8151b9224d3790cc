//! The lists of an authority's counties.

use super::{
    apply::find_list,
    view::{HouseholdListView, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
    registry::code_filter,
};
use axum::{Json, extract::State};
use entity::{household_list, id::HouseholdListId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which lists.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListsQuery {
    /// Those of this county.
    #[param(example = "910526")]
    county: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List lists of households
///
/// Those sent for the counties of the caller's subtree, in the order they came.
#[utoipa::path(
    get, path = "/household-lists", operation_id = "list_household_lists", tag = "suppliers",
    security(("bearer" = [])),
    params(ListsQuery),
    responses((status = 200, body = Page<HouseholdListView>, description = "A page of lists"))
)]
pub async fn list_household_lists(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ListsQuery>,
) -> Result<Json<Page<HouseholdListView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut lists = household_list::Entity::find()
        .filter(scope.on_county(household_list::Column::CountyCode))
        .order_by_asc(household_list::Column::Id)
        .limit(limit + 1);
    if let Some(county) = code_filter("county", query.county.as_deref())? {
        lists = lists.filter(household_list::Column::CountyCode.eq(county));
    }
    if let Some(after) = paging.after_id()? {
        lists = lists.filter(household_list::Column::Id.gt(after));
    }
    let rows = lists.all(&ctx.store.read).await?;
    Ok(Json(page(rows, limit, |row| row.id.to_string(), |row| view(&ctx, row))))
}

/// Find a list of households
///
/// With the counts of what it comes down to.
#[utoipa::path(
    get, path = "/household-lists/{id}", operation_id = "find_household_list", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdListId, Path, description = "The list")),
    responses((status = 200, body = HouseholdListView, description = "The list"))
)]
pub async fn find_household_list(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdListId>,
) -> Result<Json<HouseholdListView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let list = find_list(&ctx.store.read, &scope, id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(view(&ctx, list)))
}
