//! Apply an import, or throw it away.

use super::view::{FileImportView, own, view, wrong_state};
use crate::{
    access::Caller,
    context::Ctx,
    http::{ApiError, Command, IfMatch, Path, Reply, Text},
    store::{Begun, Work},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    file_import::{self, FileImportState},
    file_import_part,
    id::FileImportId,
};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// How an import is applied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyImportRequest {
    /// With true nothing is applied where any row is refused.
    #[serde(default)]
    #[schema(example = false)]
    pub only_if_clean: bool,
}

/// Why an import is thrown away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardImportRequest {}

/// Apply an import
///
/// By who brought it, once it is `checked`. The rows that were not refused go into the register in the background, part
/// by part; what another has changed meanwhile is looked at again, and refused by name.
#[utoipa::path(
    post, path = "/register-imports/{id}/apply", operation_id = "apply_import", tag = "imports", security(("bearer" = [])),
    params(("id" = FileImportId, Path, description = "The import")),
    request_body = ApplyImportRequest,
    responses((status = 202, body = FileImportView, description = "Being applied"))
)]
pub async fn apply_import(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<FileImportId>,
    version: IfMatch,
    command: Command<ApplyImportRequest>,
) -> Result<Reply, ApiError> {
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut row = own(work.txn(), caller.actor.account_id(), id).await?;
    version.check(row.version)?;
    if row.state != FileImportState::Checked {
        return Err(wrong_state(&row));
    }
    // Who has lost the right since brought it in vain.
    let (action, resource) = super::file::needs(row.kind);
    let scope = caller.actor.may(action, resource)?;
    if command.body.only_if_clean && row.refused_rows > 0 {
        let detail = Text::new(
            format!("有 {} 行被拒绝，未导入。", row.refused_rows),
            format!("{} rows are refused; nothing was applied.", row.refused_rows),
        );
        return Err(ApiError::conflict("import_not_clean", detail));
    }
    // It was checked for where its sender stood then, and is applied for where it stands now.
    let [divisions, units] = scope.held_places();
    (row.everywhere, row.divisions, row.units) = (scope.is_everything(), divisions.join("|"), units.join("|"));
    row.state = FileImportState::Applying;
    row.parts_done = 0;
    row.new_rows = 0;
    row.known_rows = 0;
    save(&mut work, &mut row).await?;
    work.audit("file_import.apply", "file_import", &id, &json!({"kind": row.kind, "rows": row.row_count}));
    work.commit(StatusCode::ACCEPTED, &view(row)).await
}

/// Discard an import
///
/// By who brought it, before it is applied. Its rows are deleted at once.
#[utoipa::path(
    post, path = "/register-imports/{id}/discard", operation_id = "discard_import", tag = "imports", security(("bearer" = [])),
    params(("id" = FileImportId, Path, description = "The import")),
    request_body = DiscardImportRequest,
    responses((status = 200, body = FileImportView, description = "Gone"))
)]
pub async fn discard_import(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<FileImportId>,
    version: IfMatch,
    command: Command<DiscardImportRequest>,
) -> Result<Reply, ApiError> {
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut row = own(work.txn(), caller.actor.account_id(), id).await?;
    version.check(row.version)?;
    if !matches!(row.state, FileImportState::Checking | FileImportState::Checked) {
        return Err(wrong_state(&row));
    }
    row.state = FileImportState::Discarded;
    row.finished_at = Some(work.at);
    save(&mut work, &mut row).await?;
    file_import_part::Entity::delete_many().filter(file_import_part::Column::ImportId.eq(id)).exec(work.txn()).await?;
    work.audit("file_import.discard", "file_import", &id, &json!({"kind": row.kind}));
    work.commit(StatusCode::OK, &view(row)).await
}

/// Writes the state unless somebody else was faster.
async fn save(work: &mut Work<'_>, row: &mut file_import::Model) -> Result<(), ApiError> {
    use file_import::Column;
    let changed = file_import::Entity::update_many()
        .col_expr(Column::State, Expr::value(row.state.to_value()))
        .col_expr(Column::Everywhere, Expr::value(row.everywhere))
        .col_expr(Column::Divisions, Expr::value(row.divisions.clone()))
        .col_expr(Column::Units, Expr::value(row.units.clone()))
        .col_expr(Column::PartsDone, Expr::value(row.parts_done))
        .col_expr(Column::NewRows, Expr::value(row.new_rows))
        .col_expr(Column::KnownRows, Expr::value(row.known_rows))
        .col_expr(Column::FinishedAt, Expr::value(row.finished_at.map(|at| at.0)))
        .col_expr(Column::Version, Expr::value(row.version + 1))
        .filter(file_import::COLUMN.id.eq(row.id))
        .filter(file_import::COLUMN.version.eq(row.version))
        .exec(work.txn())
        .await?;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: row.version + 1 });
    }
    row.version += 1;
    Ok(())
}
