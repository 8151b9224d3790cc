//! The work list of an authority's counties.

use super::view::{DiscrepancyView, view};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
    registry::code_filter,
};
use axum::{Json, extract::State};
use entity::household_discrepancy::{self, DiscrepancyKind};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiscrepanciesQuery {
    /// Those of this county.
    #[param(example = "910526")]
    county: Option<String>,
    /// Those of this kind.
    #[param(inline, example = "certificate_without_person")]
    kind: Option<DiscrepancyKind>,
    /// With true also those that were settled.
    #[serde(default)]
    resolved: bool,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List what is to be looked into
///
/// Rows of the office's lists that could not be taken into the register, of the counties of the caller's subtree, in the
/// order they were found, masked.
#[utoipa::path(
    get, path = "/household-discrepancies", operation_id = "list_household_discrepancies", tag = "suppliers",
    security(("bearer" = [])),
    params(DiscrepanciesQuery),
    responses((status = 200, body = Page<DiscrepancyView>, description = "A page of the work list"))
)]
pub async fn list_household_discrepancies(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<DiscrepanciesQuery>,
) -> Result<Json<Page<DiscrepancyView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let columns = household_discrepancy::COLUMN;
    let mut found = household_discrepancy::Entity::find()
        .filter(scope.on_county(household_discrepancy::Column::CountyCode))
        .order_by_asc(household_discrepancy::Column::Id)
        .limit(limit + 1);
    if let Some(county) = code_filter("county", query.county.as_deref())? {
        found = found.filter(household_discrepancy::Column::CountyCode.eq(county));
    }
    if let Some(kind) = query.kind {
        found = found.filter(columns.kind.eq(kind));
    }
    if !query.resolved {
        found = found.filter(columns.resolved_at.is_null());
    }
    if let Some(after) = paging.after_id()? {
        found = found.filter(household_discrepancy::Column::Id.gt(after));
    }
    Ok(Json(page(found.all(&ctx.store.read).await?, limit, |row| row.id.to_string(), view)))
}
