//! Cases within a caller's reach.

use super::view::{SaleDenialView, view};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
};
use axum::{Json, extract::State};
use entity::{
    id::SaleDenialId,
    sale_denial::{self, Column},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SaleDenialsQuery {
    /// `true` for those that wait for a decision, `false` for those decided; all unless given.
    #[param(example = true)]
    open: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List denied sales
///
/// Those of the caller's suppliers, and those its authority decides, in the order they came in.
#[utoipa::path(
    get, path = "/sale-denials", operation_id = "list_sale_denials", tag = "ledger", security(("bearer" = [])),
    params(SaleDenialsQuery),
    responses((status = 200, body = Page<SaleDenialView>, description = "A page of cases"))
)]
pub async fn list_sale_denials(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<SaleDenialsQuery>,
) -> Result<Json<Page<SaleDenialView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::SaleDenial)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut rows = sale_denial::Entity::find()
        .filter(scope.on_registered(Column::SupplierId, Column::DivisionCode))
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    rows = match query.open {
        Some(true) => rows.filter(Column::DecidedAt.is_null()),
        Some(false) => rows.filter(Column::DecidedAt.is_not_null()),
        None => rows,
    };
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(Column::Id.gt(SaleDenialId(after)));
    }
    Ok(Json(page(rows.all(&ctx.store.read).await?, limit, |row| row.id.to_string(), view)))
}

/// Find a denied sale
///
/// The case with what the authority found.
#[utoipa::path(
    get, path = "/sale-denials/{id}", operation_id = "find_sale_denial", tag = "ledger", security(("bearer" = [])),
    params(("id" = SaleDenialId, Path, description = "The case")),
    responses((status = 200, body = SaleDenialView, description = "The case"))
)]
pub async fn find_sale_denial(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SaleDenialId>,
) -> Result<Json<SaleDenialView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::SaleDenial)?;
    let found =
        sale_denial::Entity::find_by_id(id).filter(scope.on_registered(Column::SupplierId, Column::DivisionCode));
    Ok(Json(view(found.one(&ctx.store.read).await?.ok_or(ApiError::NotFound)?)))
}
