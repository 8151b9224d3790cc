//! A personal paper: for a reason, to its county's manager, with a line in the audit trail (P1).

use super::{read::content, store};
use crate::{
    access::{Action, Caller, Resource, count_reveal, reason_for},
    context::Ctx,
    http::{ApiError, Check, Command, Path},
    store::Begun,
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use entity::id::DocumentId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Why it is to be seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealDocumentRequest {
    /// Why, 5 to 200 characters, without anybody's number: it is kept in the audit trail.
    #[schema(example = "核对脱贫户身份证件")]
    pub reason: String,
}

/// Reveal a personal paper
///
/// For managers of the authority whose household or supplier it concerns. Every call leaves a line in the audit trail with
/// the reason; calls count together with those that reveal households' numbers. The answer is stored nowhere.
#[utoipa::path(
    post, path = "/documents/{id}/reveal", operation_id = "reveal_document", tag = "documents",
    security(("bearer" = [])),
    params(("id" = DocumentId, Path, description = "The document")),
    request_body = RevealDocumentRequest,
    responses((
        status = 200, description = "The file, not to be stored",
        content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"),
            (Vec<u8> = "application/pdf"),
        )
    ))
)]
pub async fn reveal_document(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    command: Command<RevealDocumentRequest>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Reveal, Resource::Document)?;
    // No key: its row would keep the answer.
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Err(ApiError::Unavailable) };
    let row = store::find(work.txn(), &caller.actor, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let mut check = Check::default();
    let reason = reason_for(&mut check, "/reason", &command.body.reason);
    check.finish()?;
    count_reveal(&ctx, &caller, work.at).await?;
    work.audit("document.reveal", "document", &id, &serde_json::json!({ "kind": row.kind, "reason": reason }));
    work.commit(StatusCode::OK, &()).await?;
    let mut response = content(&ctx, &row).await?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
