//! Where a supplier stands, as the authority of its place enters it.

use super::{list::Names, store};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    finding::{PositionRequest, PositionResponse, find_position, put_position},
    http::{ApiError, Command, IfMatch, Path, Reply},
    registry::find_division,
    store::Begun,
};
use axum::{Json, extract::State, http::StatusCode};
use entity::{id::SupplierId, supplier};
use sea_orm::EntityTrait;

/// Find a supplier's position
///
/// 404 where nobody entered it, and of a household's for those who may not see its name (P1).
#[utoipa::path(
    get, path = "/suppliers/{id}/position", operation_id = "find_supplier_position", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    responses((status = 200, body = PositionResponse, description = "Where it stands"))
)]
pub async fn find_supplier_position(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
) -> Result<Json<PositionResponse>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Supplier)?;
    let db = &ctx.store.read;
    let found = store::find_supplier(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    if !Names::shown_to(&caller, &scope).shows(&found) {
        return Err(ApiError::NotFound);
    }
    let position = find_position::<supplier::Model>(db, id.0).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(PositionResponse::from(&position)))
}

/// Enter a supplier's position
///
/// What `GET /suppliers?near=` measures from; entered again, it takes the place of the one before.
#[utoipa::path(
    put, path = "/suppliers/{id}/position", operation_id = "put_supplier_position", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = PositionRequest,
    responses((status = 200, body = PositionResponse, description = "Where it stands"))
)]
pub async fn put_supplier_position(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    version: IfMatch,
    command: Command<PositionRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::Supplier)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = supplier::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let division = find_division(work.txn(), &found.division_code).await?;
    if !division.is_some_and(|division| scope.covers_registered(id, &division)) {
        return Err(ApiError::NotFound);
    }
    let spot = command.body.spot()?;
    let (before, now) = put_position::<supplier::Model>(work.txn(), id.0, spot, &version).await?;
    let before = before.as_ref().map(PositionResponse::from);
    let now = PositionResponse::from(&now);
    work.changed("supplier.place", "supplier", &id, &serde_json::json!({ "supplier_id": id }), &before, &Some(&now));
    work.commit(StatusCode::OK, &now).await
}
