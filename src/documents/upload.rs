//! Bring a photo or a PDF. A retry over a bad network finds what the first try left.

use super::{
    kind,
    store::waiting,
    view::{DocumentView, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Query, Reply, Text, body_error, hex, idempotency_key},
    store::{Begun, FilesError, Work, bulk},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
};
use entity::{
    document::{self, DocumentKind},
    document_content,
};
use ring::digest;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use utoipa::IntoParams;

/// Documents one account may have that prove nothing yet.
const MOST_WAITING: u64 = 200;
const LONGEST_NAME: usize = 200;

/// What is brought.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// What it is. The content of `handbook`, `identity` and `bank_card` is shown for a reason only.
    #[param(inline, example = "certificate")]
    pub kind: DocumentKind,
    /// Its name on the device, up to 200 characters.
    #[param(example = "hegezheng.jpg")]
    pub file_name: String,
}

/// Upload a document
///
/// The body is the file itself; `Content-Type` must be what it is by its content. The same file brought again by the
/// same account answers with the document that is there as long as it proves nothing. What proves nothing within a day
/// is cleared away.
#[utoipa::path(
    post, path = "/documents", operation_id = "upload_document", tag = "documents", security(("bearer" = [])),
    params(UploadQuery),
    request_body(content(
        (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"),
        (Vec<u8> = "application/pdf"),
    )),
    responses(
        (status = 201, body = DocumentView, description = "Kept"),
        (status = 200, body = DocumentView, description = "It was there already")
    )
)]
pub async fn upload_document(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Create, Resource::Document)?;
    let (parts, body) = request.into_parts();
    let named = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = kind::declared(named).ok_or(ApiError::UnsupportedMediaType)?;
    let content = Bytes::from_request(Request::from_parts(parts.clone(), body), &())
        .await
        .map_err(|rejection| body_error(rejection.status()))?;
    let key = idempotency_key(&parts, &content, false)?;
    let mut check = Check::default();
    let file_name = check.text("?file_name", &query.file_name, LONGEST_NAME);
    if let Err(error) = kind::check(&content, media_type) {
        check.refuse("", error.code(), error.text());
    }
    check.finish()?;
    ctx.admit_file(&content).await?;
    let sha256 = hex(digest::digest(&digest::SHA256, &content).as_ref());
    // What will be refused is not kept first.
    let mine = document::Entity::find().filter(waiting(&caller.actor));
    if mine.clone().count(ctx.store.primary()).await? >= MOST_WAITING {
        let again = mine.filter(document::Column::Sha256.eq(&sha256)).filter(document::Column::Kind.eq(query.kind));
        if again.count(ctx.store.primary()).await? == 0 {
            return Err(too_many_waiting());
        }
    }
    // Before the transaction: while one is open nobody else writes to SQLite.
    ctx.files.put(&sha256, content.clone()).await.map_err(unkept)?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    hold(&ctx, &work, &sha256, content.clone()).await?;
    let row = document::Model {
        id: ctx.ids.next(),
        sha256,
        bytes: i64::try_from(content.len()).unwrap_or(i64::MAX),
        media_type: media_type.to_owned(),
        file_name,
        kind: query.kind,
        uploaded_by: caller.actor.account_id(),
        uploaded_at: work.at,
        linked_at: None,
    };
    if bulk::insert_with(work.txn(), std::slice::from_ref(&row), "on conflict do nothing").await? == 0 {
        let there = document::Entity::find()
            .filter(waiting(&caller.actor))
            .filter(document::Column::Sha256.eq(&row.sha256))
            .filter(document::Column::Kind.eq(row.kind))
            .one(work.txn())
            .await?;
        let there = there.ok_or(ApiError::Unavailable)?;
        return work.commit(StatusCode::OK, &view(there, &[], None)).await;
    }
    if document::Entity::find().filter(waiting(&caller.actor)).count(work.txn()).await? > MOST_WAITING {
        return Err(too_many_waiting());
    }
    let told = serde_json::json!({
        "sha256": row.sha256, "bytes": row.bytes, "media_type": row.media_type, "kind": row.kind,
    });
    work.audit("document.upload", "document", &row.id, &told);
    work.commit(StatusCode::CREATED, &view(row, &[], None)).await
}

fn too_many_waiting() -> ApiError {
    ApiError::conflict(
        "too_many_waiting",
        Text::new(
            format!("您有 {MOST_WAITING} 份材料尚未关联，请先关联或删除。"),
            format!("{MOST_WAITING} of your documents prove nothing yet: link or delete some first."),
        ),
    )
}

/// Notes the content as used. From here on the clearing of unused content waits for this transaction; where it was
/// faster, the file is put again.
async fn hold(ctx: &Ctx, work: &Work<'_>, sha256: &str, content: Bytes) -> Result<(), ApiError> {
    let row = document_content::Model { sha256: sha256.to_owned(), unused_since: None };
    bulk::insert_with(work.txn(), &[row], "on conflict (sha256) do update set unused_since = null").await?;
    if !ctx.files.holds(sha256).await.map_err(unkept)? {
        ctx.files.put(sha256, content).await.map_err(unkept)?;
    }
    Ok(())
}

/// The store of files is busy or gone; worth a retry.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn unkept(error: FilesError) -> ApiError {
    tracing::error!(%error, "the store of documents does not answer");
    ApiError::Unavailable
}
