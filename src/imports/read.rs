//! The imports of the caller, and what could not be taken of each.

use super::view::{FileImportView, own, view};
use crate::{
    access::Caller,
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, Versioned, bad_cursor, page},
};
use axum::{Json, extract::State};
use entity::{file_import, file_import_refusal, id::FileImportId};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a row is not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRefusalView {
    /// Line in the file; the header is line 1.
    #[schema(example = 7)]
    pub line: i64,
    /// Column by its English name; empty for the whole row.
    #[schema(example = "division_code")]
    pub column: String,
    /// What the row is called by who made the file.
    #[schema(example = "h-910425-98")]
    pub external_id: String,
    /// Stable code.
    #[schema(example = "cell_wrong")]
    pub code: String,
    /// Why, in Chinese.
    #[schema(example = "不在您的权限范围内")]
    pub reason_zh: String,
    /// Why, in English.
    #[schema(example = "lies outside your reach")]
    pub reason_en: String,
}

/// List one's imports
///
/// Those the caller brought, the oldest first.
#[utoipa::path(
    get, path = "/register-imports", operation_id = "list_imports", tag = "imports", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<FileImportView>, description = "A page of imports"))
)]
pub async fn list_imports(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<FileImportView>>, ApiError> {
    let limit = paging.limit()?;
    let mut rows = file_import::Entity::find()
        .filter(file_import::COLUMN.account_id.eq(caller.actor.account_id()))
        .order_by_asc(file_import::Column::Id)
        .limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(file_import::Column::Id.gt(FileImportId(after)));
    }
    Ok(Json(page(rows.all(&ctx.store.read).await?, limit, |row| row.id.to_string(), view)))
}

/// Find an import
///
/// How far it is, for who brought it.
#[utoipa::path(
    get, path = "/register-imports/{id}", operation_id = "find_import", tag = "imports", security(("bearer" = [])),
    params(("id" = FileImportId, Path, description = "The import")),
    responses((status = 200, body = FileImportView, description = "The import, its version as `ETag`"))
)]
pub async fn find_import(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<FileImportId>,
) -> Result<Versioned<FileImportView>, ApiError> {
    let row = own(ctx.store.primary(), caller.actor.account_id(), id).await?;
    Ok(Versioned { version: row.version, body: view(row) })
}

/// List what an import refuses
///
/// Each cell or row that cannot be taken, in the order of the file; with `format=csv` or `xlsx` the error file.
#[utoipa::path(
    get, path = "/register-imports/{id}/refusals", operation_id = "list_import_refusals", tag = "imports",
    security(("bearer" = [])),
    params(("id" = FileImportId, Path, description = "The import"), PageQuery),
    responses((status = 200, body = Page<ImportRefusalView>, description = "A page of refusals"))
)]
pub async fn list_import_refusals(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<FileImportId>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<ImportRefusalView>>, ApiError> {
    use file_import_refusal::Column;
    let db = &ctx.store.read;
    own(db, caller.actor.account_id(), id).await?;
    let limit = paging.limit()?;
    let mut rows = file_import_refusal::Entity::find()
        .filter(Column::ImportId.eq(id))
        .order_by_asc(Column::Line)
        .order_by_asc(Column::Place)
        .limit(limit + 1);
    if let Some([line, place]) = paging.after::<2>()? {
        let (Ok(line), Ok(place)) = (line.parse::<i64>(), place.parse::<i32>()) else { return Err(bad_cursor()) };
        let same = Condition::all().add(Column::Line.eq(line)).add(Column::Place.gt(place));
        rows = rows.filter(Condition::any().add(Column::Line.gt(line)).add(same));
    }
    let key = |row: &file_import_refusal::Model| format!("{}~{}", row.line, row.place);
    let shown = |row: file_import_refusal::Model| ImportRefusalView {
        line: row.line,
        column: row.column_name,
        external_id: row.external_id,
        code: row.code,
        reason_zh: row.reason_zh,
        reason_en: row.reason_en,
    };
    Ok(Json(page(rows.all(db).await?, limit, key, shown)))
}
