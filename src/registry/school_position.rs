//! Where a school stands, as its authority enters it.

use super::store;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    finding::{PositionRequest, PositionResponse, find_position, put_position},
    http::{ApiError, Command, IfMatch, Path, Reply},
    store::Begun,
};
use axum::{Json, extract::State, http::StatusCode};
use entity::{id::SchoolId, school};

/// Find a school's position
///
/// 404 where nobody entered it.
#[utoipa::path(
    get, path = "/schools/{id}/position", operation_id = "find_school_position", tag = "registry",
    security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    responses((status = 200, body = PositionResponse, description = "Where it stands"))
)]
pub async fn find_school_position(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
) -> Result<Json<PositionResponse>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::School)?;
    let db = &ctx.store.read;
    store::find_school(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let position = find_position::<school::Model>(db, id.0).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(PositionResponse::from(&position)))
}

/// Enter a school's position
///
/// What `GET /schools?near=` measures from; entered again, it takes the place of the one before.
#[utoipa::path(
    put, path = "/schools/{id}/position", operation_id = "put_school_position", tag = "registry",
    security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    request_body = PositionRequest,
    responses((status = 200, body = PositionResponse, description = "Where it stands"))
)]
pub async fn put_school_position(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    version: IfMatch,
    command: Command<PositionRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    store::find_school(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let spot = command.body.spot()?;
    let (before, now) = put_position::<school::Model>(work.txn(), id.0, spot, &version).await?;
    let before = before.as_ref().map(PositionResponse::from);
    let now = PositionResponse::from(&now);
    work.changed("school.place", "school", &id, &serde_json::json!({ "school_id": id }), &before, &Some(&now));
    work.commit(StatusCode::OK, &now).await
}
