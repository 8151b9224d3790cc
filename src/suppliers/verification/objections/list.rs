//! Objections to a verification, and one's own.

use super::view::{ObjectionView, view};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
    suppliers::verification::store,
};
use axum::{Json, extract::State};
use entity::{
    id::{ObjectionId, VerificationId},
    objection,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// List objections to a verification
///
/// In the order they were raised; who raised them is not shown to the supplier.
#[utoipa::path(
    get, path = "/verifications/{id}/objections", operation_id = "list_objections", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The verification"), PageQuery),
    responses((status = 200, body = Page<ObjectionView>, description = "A page of objections"))
)]
pub async fn list_objections(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<ObjectionView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Verification)?;
    let limit = paging.limit()?;
    let db = &ctx.store.read;
    let found = store::find(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let mut rows = objection::Entity::find()
        .filter(objection::Column::VerificationId.eq(id))
        .order_by_asc(objection::Column::Id)
        .limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(objection::Column::Id.gt(ObjectionId(after)));
    }
    let keys = ctx.vault.open(db).await?;
    let to_authority = !scope.holds_supplier(found.supplier.id);
    let page = page(rows.all(db).await?, limit, |row| row.id.to_string(), |row| view(&keys, row, to_authority));
    let items = page.items.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// Find an objection
///
/// For the account that raised it, and for the authorities of the supplier.
#[utoipa::path(
    get, path = "/objections/{id}", operation_id = "find_objection", tag = "suppliers", security(("bearer" = [])),
    params(("id" = ObjectionId, Path, description = "The objection")),
    responses((status = 200, body = ObjectionView, description = "The objection"))
)]
pub async fn find_objection(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ObjectionId>,
) -> Result<Json<ObjectionView>, ApiError> {
    let db = &ctx.store.read;
    let row = objection::Entity::find_by_id(id).one(db).await?.ok_or(ApiError::NotFound)?;
    let keys = ctx.vault.open(db).await?;
    if row.account_id.is_some() && row.account_id == caller.actor.recorded_account() {
        return Ok(Json(view(&keys, row, true)?));
    }
    let scope = caller.actor.may(Action::Read, Resource::Verification).map_err(|_| ApiError::NotFound)?;
    let found = store::find(db, &scope, row.verification_id).await?.ok_or(ApiError::NotFound)?;
    let to_authority = !scope.holds_supplier(found.supplier.id);
    Ok(Json(view(&keys, row, to_authority)?))
}
