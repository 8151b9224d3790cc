//! The households of an authority's counties, masked.

use super::{
    household_view::{HouseholdView, show},
    store,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, Versioned, page},
    registry::code_filter,
};
use axum::{Json, extract::State};
use entity::{household, id::HouseholdId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which households.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HouseholdsQuery {
    /// The one with this number of the handbook or certificate.
    #[param(example = "h-910526-01")]
    code: Option<String>,
    /// Those living in this county.
    #[param(example = "910526")]
    county: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List households
///
/// Those of the counties of the caller's subtree, in the order of ids, with name and numbers masked. They are found by
/// ID number, phone or account with POST /households/search: a query parameter would stand in access logs.
#[utoipa::path(
    get, path = "/households", operation_id = "list_households", tag = "suppliers", security(("bearer" = [])),
    params(HouseholdsQuery),
    responses((status = 200, body = Page<HouseholdView>, description = "A page of households"))
)]
pub async fn list_households(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<HouseholdsQuery>,
) -> Result<Json<Page<HouseholdView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut households = household::Entity::find()
        .filter(scope.on_county(household::Column::CountyCode))
        .order_by_asc(household::Column::Id)
        .limit(limit + 1);
    if let Some(code) = code_filter("code", query.code.as_deref())? {
        households = households.filter(household::Column::Code.eq(code));
    }
    if let Some(county) = code_filter("county", query.county.as_deref())? {
        households = households.filter(household::Column::CountyCode.eq(county));
    }
    if let Some(after) = paging.after_id()? {
        households = households.filter(household::Column::Id.gt(after));
    }
    let db = &ctx.store.read;
    let found = page(households.all(db).await?, limit, |row| row.id.to_string(), |row| row);
    Ok(Json(Page { items: show(&ctx, db, found.items).await?, next_cursor: found.next_cursor }))
}

/// Find a household
///
/// With name and numbers masked.
#[utoipa::path(
    get, path = "/households/{id}", operation_id = "find_household", tag = "suppliers", security(("bearer" = [])),
    params(("id" = HouseholdId, Path, description = "The household")),
    responses((status = 200, body = HouseholdView, description = "The household, its version as `ETag`"))
)]
pub async fn find_household(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdId>,
) -> Result<Versioned<HouseholdView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let db = &ctx.store.read;
    let row = store::find_household(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let body = show(&ctx, db, vec![row]).await?.pop().ok_or(ApiError::NotFound)?;
    Ok(Versioned { version: body.version, body })
}
