//! Settle something on the work list.

use super::view::{DiscrepancyView, view};
use crate::{
    access::{Action, Caller, Resource, reason_for},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use entity::{household_discrepancy, id::DiscrepancyId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// How it was settled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveDiscrepancyRequest {
    /// What was found and done, 5 to 200 characters, without anybody's number.
    #[schema(example = "已核对户口本，编号录错")]
    pub note: String,
}

/// Settle what was to be looked into
///
/// By officers of the county. The register is not touched: what is right is entered there, or comes with the next list.
#[utoipa::path(
    post, path = "/household-discrepancies/{id}/resolve", operation_id = "resolve_household_discrepancy",
    tag = "suppliers", security(("bearer" = [])),
    params(("id" = DiscrepancyId, Path, description = "What was to be looked into")),
    request_body = ResolveDiscrepancyRequest,
    responses((status = 200, body = DiscrepancyView, description = "Settled"))
)]
pub async fn resolve_household_discrepancy(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DiscrepancyId>,
    version: IfMatch,
    command: Command<ResolveDiscrepancyRequest>,
) -> Result<Reply, ApiError> {
    use household_discrepancy::Column;
    let scope = caller.actor.may(Action::Update, Resource::Household)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = household_discrepancy::Entity::find_by_id(id).filter(scope.on_county(Column::CountyCode));
    let mut row = found.one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    version.check(row.version)?;
    if row.resolved_at.is_some() {
        let detail = Text::new("该事项已办结。", "This was settled already.");
        return Err(ApiError::conflict("discrepancy_resolved", detail));
    }
    let mut check = Check::default();
    let note = reason_for(&mut check, "/note", &command.body.note);
    check.finish()?;
    let changed = household_discrepancy::Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(work.at.0))
        .col_expr(Column::ResolvedBy, Expr::value(caller.actor.recorded_account()))
        .col_expr(Column::Note, Expr::value(note.clone()))
        .col_expr(Column::Version, Expr::value(row.version + 1))
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(row.version))
        .exec(work.txn())
        .await?;
    row.version += 1;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: row.version });
    }
    work.audit(
        "household_discrepancy.resolve",
        "household_discrepancy",
        &id,
        &json!({"kind": row.kind, "county_code": row.county_code, "note": note}),
    );
    row.resolved_at = Some(work.at);
    row.note = Some(note);
    work.commit(StatusCode::OK, &view(row)).await
}
