//! Take a document out: before it proves anything, or after the law lets it go (F2).

use super::{
    clear::note_unused,
    store::{self, Kept},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Path, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use entity::{document, document_link, id::DocumentId};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

/// Delete a document
///
/// Its uploader may while it proves nothing; afterwards it is refused, with the date, until the law lets it go.
#[utoipa::path(
    delete, path = "/documents/{id}", operation_id = "delete_document", tag = "documents",
    security(("bearer" = [])),
    params(("id" = DocumentId, Path, description = "The document")),
    responses((status = 204, description = "It is gone"))
)]
pub async fn delete_document(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode, ApiError> {
    let scope = caller.actor.may(Action::Cancel, Resource::Document)?;
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Ok(StatusCode::NO_CONTENT) };
    let row = store::find(work.txn(), &caller.actor, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let links = store::links_of(work.txn(), &[id], Condition::all()).await?.remove(&id).unwrap_or_default();
    // What buyers see of others' is not theirs to delete.
    let own = document_link::Entity::find()
        .filter(document_link::Column::DocumentId.eq(id))
        .filter(scope.on_document_link())
        .one(work.txn())
        .await?;
    if !links.is_empty() && own.is_none() {
        return Err(ApiError::Forbidden);
    }
    let kept = |zh: String, en: String| Err(ApiError::conflict("document_kept", Text::new(zh, en)));
    match Kept::of(&links) {
        Kept::Until(day) if day >= work.at.business_day() => {
            return kept(format!("该材料须保存至 {day}。"), format!("This document must be kept until {day}."));
        }
        Kept::Open => {
            return kept(
                "该材料所证明的事项仍有效，不得删除。".to_owned(),
                "What this document proves has no end yet: it is kept.".to_owned(),
            );
        }
        Kept::Free | Kept::Until(_) => {}
    }
    document_link::Entity::delete_many().filter(document_link::Column::DocumentId.eq(id)).exec(work.txn()).await?;
    document::Entity::delete_by_id(id).exec(work.txn()).await?;
    note_unused(work.txn(), [row.sha256.as_str()], work.at).await?;
    let told = serde_json::json!({ "sha256": row.sha256, "kind": row.kind, "links": links.len() });
    work.audit("document.delete", "document", &id, &told);
    work.commit(StatusCode::NO_CONTENT, &()).await?;
    Ok(StatusCode::NO_CONTENT)
}
