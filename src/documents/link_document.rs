//! Say what a document proves.

use super::{
    link::{Proof, link},
    read::show,
    store,
    subject::{self, Thing},
    view::DocumentView,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Command, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use entity::{
    document_link::{self, DocumentSubject},
    id::DocumentId,
};
use sea_orm::{EntityTrait, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What it proves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkDocumentRequest {
    /// Kind of thing. What belongs to a step of a verification is linked with that step.
    pub subject: DocumentSubject,
    /// Which one.
    pub subject_id: Uuid,
}

/// Link a document to what it proves
///
/// By whoever holds both: from then on everybody who may see the one sees the other, and the document is kept as long
/// as the law asks. Linking twice changes nothing.
#[utoipa::path(
    post, path = "/documents/{id}/links", operation_id = "link_document", tag = "documents",
    security(("bearer" = [])),
    params(("id" = DocumentId, Path, description = "The document")),
    request_body = LinkDocumentRequest,
    responses((status = 200, body = DocumentView, description = "Linked"))
)]
pub async fn link_document(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    command: Command<LinkDocumentRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Document)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let row = store::find(work.txn(), &caller.actor, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let LinkDocumentRequest { subject, subject_id } = command.body;
    let unknown = || {
        ApiError::field(
            "/subject_id",
            "subject_unknown",
            Text::new("您的权限范围内没有此事项。", "No such thing in your reach."),
        )
    };
    let Thing { owner, keep_until } = subject::find(work.txn(), subject, subject_id).await?.ok_or_else(unknown)?;
    link(&mut work, &caller, "", Proof { document_id: id, subject, subject_id, owner, keep_until }).await?;
    // One rule says what is in reach, for reading and for this: nothing is committed where the link is not.
    let held = document_link::Entity::find_by_id((id, subject, subject_id)).filter(scope.on_document_link());
    held.one(work.txn()).await?.ok_or_else(unknown)?;
    let view = show(work.txn(), &caller, &scope, row).await?;
    work.commit(StatusCode::OK, &view).await
}
