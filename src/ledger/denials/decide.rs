//! The authority decides on a denied sale.

use super::view::{SaleDenialView, view};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    ledger::{correct, counting, record::record, standing::left_of},
    store::{Begun, IdempotencyKey, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    id::SaleDenialId,
    purchase_line,
    sale_denial::{self, DenialOutcome},
};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideDenialRequest {
    /// What was found, up to 500 characters, without anybody's number: it is kept and shown to who denied.
    #[schema(example = "核对过磅单，签名非本人")]
    pub finding: String,
}

/// Uphold a denial
///
/// The sale was not theirs: a correcting pair is written at once. The line is taken back, and one takes its place that stays
/// in the denominator and counts for nothing (S3, S6). By another officer than the one who opened the case.
#[utoipa::path(
    post, path = "/sale-denials/{id}/uphold", operation_id = "uphold_sale_denial", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = SaleDenialId, Path, description = "The case")),
    request_body = DecideDenialRequest,
    responses((status = 200, body = SaleDenialView, description = "Upheld; the line is corrected"))
)]
pub async fn uphold_sale_denial(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SaleDenialId>,
    version: IfMatch,
    command: Command<DecideDenialRequest>,
) -> Result<Reply, ApiError> {
    decide(&ctx, &caller, (id, version, command.key), DenialOutcome::Upheld, &command.body).await
}

/// Reject a denial
///
/// The sale was theirs: the line stays as it is. By another officer than the one who opened the case.
#[utoipa::path(
    post, path = "/sale-denials/{id}/reject", operation_id = "reject_sale_denial", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = SaleDenialId, Path, description = "The case")),
    request_body = DecideDenialRequest,
    responses((status = 200, body = SaleDenialView, description = "Rejected; the line stays"))
)]
pub async fn reject_sale_denial(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SaleDenialId>,
    version: IfMatch,
    command: Command<DecideDenialRequest>,
) -> Result<Reply, ApiError> {
    decide(&ctx, &caller, (id, version, command.key), DenialOutcome::Rejected, &command.body).await
}

async fn decide(
    ctx: &Ctx,
    caller: &Caller,
    (id, version, key): (SaleDenialId, IfMatch, Option<IdempotencyKey>),
    outcome: DenialOutcome,
    body: &DecideDenialRequest,
) -> Result<Reply, ApiError> {
    use sale_denial::Column;
    let scope = caller.actor.may(Action::Confirm, Resource::SaleDenial)?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found =
        sale_denial::Entity::find_by_id(id).filter(scope.on_registered(Column::SupplierId, Column::DivisionCode));
    let mut row = found.one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    version.check(row.version)?;
    let mut check = Check::default();
    let finding = check.text("/finding", &body.finding, 500);
    check.finish()?;
    if row.decided_at.is_some() {
        return Err(ApiError::conflict(
            "denial_decided",
            Text::new("该否认已有结论。", "The case was decided already."),
        ));
    }
    if row.denied_by == caller.actor.account_id() {
        return Err(ApiError::refused(
            "own_work",
            Text::new("本人提起的须由他人核定。", "Who opened the case does not decide it."),
        ));
    }
    row.outcome = Some(outcome);
    row.finding = Some(finding);
    row.decided_by = caller.actor.recorded_account();
    row.decided_at = Some(work.at);
    let changed = sale_denial::Entity::update_many()
        .col_expr(Column::Outcome, Expr::value(outcome.to_value()))
        .col_expr(Column::Finding, Expr::value(row.finding.clone()))
        .col_expr(Column::DecidedBy, Expr::value(row.decided_by))
        .col_expr(Column::DecidedAt, Expr::value(work.at.0))
        .col_expr(Column::Version, Expr::value(row.version + 1))
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(row.version))
        .exec(work.txn())
        .await?;
    row.version += 1;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: row.version });
    }
    let mut corrected = Vec::new();
    if outcome == DenialOutcome::Upheld {
        // A revocation may have corrected it meanwhile, or all of it was given back; then there is nothing left to take back.
        let denied = purchase_line::Entity::find_by_id(row.purchase_line_id).one(work.txn()).await?;
        let denied = denied.ok_or_else(|| ApiError::internal("a case without its line"))?;
        let left = left_of(work.txn(), &denied).await?.map(|line| line.id);
        let left = purchase_line::Entity::find().filter(purchase_line::Column::Id.is_in(left)).filter(counting());
        corrected = correct(&ctx.ids, &left.all(work.txn()).await?, work.at);
        record(work.txn(), &corrected).await.map_err(corrected_at_once)?;
    }
    let told = json!({
        "supplier_id": row.supplier_id, "household_id": row.household_id, "school_id": row.school_id,
        "purchase_line_id": row.purchase_line_id, "finding": row.finding, "correcting_lines": corrected.len(),
    });
    let name = if outcome == DenialOutcome::Upheld { "sale.uphold" } else { "sale.reject" };
    work.audit(name, "sale_denial", &id, &told);
    work.event("sale.decided", &json!({"subject": id, "supplier_id": row.supplier_id, "to": [row.denied_by]}));
    if !corrected.is_empty() {
        work.event("ledger.corrected", &json!({"subject": row.purchase_line_id, "school_id": row.school_id}));
    }
    let school = row.school_id;
    let reply = work.commit(StatusCode::OK, &view(row)).await?;
    ctx.pages.changed(Topic::School(school));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// The line was taken back by a revocation in the same moment: the next try finds it so.
fn corrected_at_once(error: sea_orm::DbErr) -> ApiError {
    if is_duplicate(&error) { ApiError::Unavailable } else { error.into() }
}
