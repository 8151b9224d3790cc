//! See documents: what is known of them, and their content.

use super::{
    kind,
    store::{self, Kept},
    upload::unkept,
    view::{DocumentView, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, Text, page},
    store::FilesError,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use entity::{document, document_link, document_link::DocumentSubject, id::DocumentId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// No script of a document runs, and nothing in it is loaded.
const ALONE: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// Which documents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentsQuery {
    /// Those that prove something of this kind.
    #[param(inline, example = "certificate")]
    subject: Option<DocumentSubject>,
    /// Of this one; with `subject`.
    #[param(example = "01990000-0000-7000-8000-000000000001")]
    subject_id: Option<Uuid>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List documents
///
/// With a subject those that prove something of it, without one the caller's own that prove nothing yet. In the order of
/// ids.
#[utoipa::path(
    get, path = "/documents", operation_id = "list_documents", tag = "documents", security(("bearer" = [])),
    params(DocumentsQuery),
    responses((status = 200, body = Page<DocumentView>, description = "A page of documents"))
)]
pub async fn list_documents(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<DocumentsQuery>,
) -> Result<Json<Page<DocumentView>>, ApiError> {
    use document_link::Column as Link;
    let scope = caller.actor.may(Action::Read, Resource::Document)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let filter = match (query.subject, query.subject_id) {
        (None, None) => store::waiting(&caller.actor),
        (Some(subject), Some(id)) => {
            let proving = document_link::Entity::find()
                .select_only()
                .column(Link::DocumentId)
                .filter(Link::Subject.eq(subject))
                .filter(Link::SubjectId.eq(id))
                .filter(store::links_for(&caller.actor, &scope));
            Condition::all().add(document::Column::Id.in_subquery(proving.into_query()))
        }
        _ => {
            let detail = Text::new("subject 与 subject_id 须同时给出。", "subject and subject_id go together.");
            return Err(ApiError::Malformed(crate::http::FieldError::new("?subject_id", "subject_incomplete", detail)));
        }
    };
    let mut select = document::Entity::find().filter(filter).order_by_asc(document::Column::Id).limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        select = select.filter(document::Column::Id.gt(after));
    }
    let db = &ctx.store.read;
    let rows = select.all(db).await?;
    let ids: Vec<DocumentId> = rows.iter().map(|row| row.id).collect();
    let mut seen = store::links_of(db, &ids, store::links_for(&caller.actor, &scope)).await?;
    let all = store::links_of(db, &ids, Condition::all()).await?;
    let show = |row: document::Model| {
        let kept = all.get(&row.id).map_or(Kept::Free, |links| Kept::of(links));
        let links = seen.remove(&row.id).unwrap_or_default();
        view(row, &links, kept.day())
    };
    let mut show = show;
    let rows = page(rows, limit, |row| row.id.to_string(), |row| row);
    let items = rows.items.into_iter().map(&mut show).collect();
    Ok(Json(Page { items, next_cursor: rows.next_cursor }))
}

/// Find a document
///
/// What is known of it and what it proves. Until it proves something its uploader alone sees it, then whoever may see
/// what it proves.
#[utoipa::path(
    get, path = "/documents/{id}", operation_id = "find_document", tag = "documents", security(("bearer" = [])),
    params(("id" = DocumentId, Path, description = "The document")),
    responses((status = 200, body = DocumentView, description = "The document"))
)]
pub async fn find_document(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<DocumentView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Document)?;
    let db = &ctx.store.read;
    let row = store::find(db, &caller.actor, &scope, id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(show(db, &caller, &scope, row).await?))
}

/// A document with those of its links that the caller may see.
pub(super) async fn show(
    db: &impl sea_orm::ConnectionTrait,
    caller: &Caller,
    scope: &crate::access::Scope,
    row: document::Model,
) -> Result<DocumentView, ApiError> {
    let seen = store::links_of(db, &[row.id], store::links_for(&caller.actor, scope)).await?.remove(&row.id);
    let all = store::links_of(db, &[row.id], Condition::all()).await?.remove(&row.id);
    let kept = Kept::of(&all.unwrap_or_default());
    Ok(view(row, &seen.unwrap_or_default(), kept.day()))
}

/// Read a document's content
///
/// As it came, to be saved and not shown in place. Personal papers are not answered here: see `reveal_document`.
#[utoipa::path(
    get, path = "/documents/{id}/content", operation_id = "document_content", tag = "documents",
    security(("bearer" = [])),
    params(("id" = DocumentId, Path, description = "The document")),
    responses((
        status = 200, description = "The file",
        content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"),
            (Vec<u8> = "application/pdf"),
        )
    ))
)]
pub async fn document_content(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Document)?;
    let row = store::find(&ctx.store.read, &caller.actor, &scope, id).await?.ok_or(ApiError::NotFound)?;
    if row.kind.is_personal() {
        return Err(ApiError::refused(
            "reveal_needed",
            Text::new(
                "该材料含个人信息，须由县级管理员说明事由后查看。",
                "This is a personal paper: the county's manager sees it for a reason.",
            ),
        ));
    }
    content(&ctx, &row).await
}

/// The file as an answer that no browser opens in place.
pub(super) async fn content(ctx: &Ctx, row: &document::Model) -> Result<Response, ApiError> {
    let bytes = ctx.files.get(&row.sha256).await.map_err(|error| match error {
        FilesError::NotFound { .. } => ApiError::internal(error),
        other => unkept(other),
    })?;
    let mut response = bytes.into_response();
    let ending = kind::ending(&row.media_type);
    // A personal paper's own name may be a person's.
    let name = if row.kind.is_personal() { format!("{}.{ending}", row.id) } else { row.file_name.clone() };
    let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    for (header, text) in [
        (header::CONTENT_TYPE, row.media_type.clone()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.{ending}\"; filename*=UTF-8''{name}", row.id)),
        (header::ETAG, format!("\"{}\"", row.sha256)),
        (header::CONTENT_SECURITY_POLICY, ALONE.to_owned()),
    ] {
        let value = HeaderValue::from_str(&text).map_err(ApiError::internal)?;
        response.headers_mut().insert(header, value);
    }
    Ok(response)
}
