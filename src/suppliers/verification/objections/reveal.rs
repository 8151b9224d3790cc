//! Who objected, in clear: for a reason that is kept, so that the authority can ask back (P1).

use super::view::open;
use crate::{
    access::{Action, Caller, Resource, count_reveal, reason_for},
    context::Ctx,
    http::{ApiError, Check, Command, Path},
    store::Begun,
    suppliers::verification::{decide::VerificationReasonRequest, store},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use entity::{id::ObjectionId, objection};
use sea_orm::EntityTrait;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// Name and phone in clear. Not `Debug`: this must not be printed.
#[derive(Serialize, ToSchema)]
pub struct RevealedContact {
    /// The objection.
    pub id: ObjectionId,
    /// Name.
    #[schema(example = "张某")]
    pub name: String,
    /// Phone number.
    #[schema(example = "19900000001")]
    pub phone: String,
}

/// Reveal who objected
///
/// For the officers who answer. Every call leaves a line in the audit trail; calls are limited by account and day.
#[utoipa::path(
    post, path = "/objections/{id}/reveal", operation_id = "reveal_objection", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = ObjectionId, Path, description = "The objection")),
    request_body = VerificationReasonRequest,
    responses((status = 200, body = RevealedContact, description = "In clear, not to be stored"))
)]
pub async fn reveal_objection(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ObjectionId>,
    command: Command<VerificationReasonRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let scope = caller.actor.may(Action::Reveal, Resource::Verification)?;
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Err(ApiError::Unavailable) };
    let row = objection::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let found = store::find(work.txn(), &scope, row.verification_id).await?.ok_or(ApiError::NotFound)?;
    let mut check = Check::default();
    let reason = reason_for(&mut check, "/reason", &command.body.reason);
    check.finish()?;
    count_reveal(&ctx, &caller, work.at).await?;
    let keys = ctx.vault.open(work.txn()).await?;
    let contact = open(&keys, &row)?.ok_or(ApiError::NotFound)?;
    work.audit("objection.reveal", "objection", &id, &json!({"supplier_id": found.supplier.id, "reason": reason}));
    work.commit(StatusCode::OK, &()).await?;
    let shown = RevealedContact { id, name: contact.name, phone: contact.phone };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(shown)))
}
