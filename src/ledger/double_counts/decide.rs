//! A school says whether a declared purchase and a receipt were one delivery.

use super::list::{DoubleCountView, views};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    ledger::{corrections::take_back_all, record::record},
    store::{Begun, IdempotencyKey, bulk},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    declared_purchase,
    double_count::{self, Column, DoubleCountOutcome},
    id::DoubleCountId,
};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What the school found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideDoubleCountRequest {
    /// In own words, up to 500 characters.
    #[schema(example = "同一车货，平台已验收")]
    pub note: String,
}

/// Decide that it was one delivery
///
/// The declared purchase is taken back by reversing lines; the receipt stays.
#[utoipa::path(
    post, path = "/double-counts/{id}/same-goods", operation_id = "same_goods", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = DoubleCountId, Path, description = "The pair")),
    request_body = DecideDoubleCountRequest,
    responses((status = 200, body = DoubleCountView, description = "Counted once from now on"))
)]
pub async fn same_goods(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DoubleCountId>,
    version: IfMatch,
    command: Command<DecideDoubleCountRequest>,
) -> Result<Reply, ApiError> {
    decide(&ctx, &caller, (id, version, command.key), DoubleCountOutcome::SameGoods, &command.body).await
}

/// Decide that they were two deliveries
///
/// Both count.
#[utoipa::path(
    post, path = "/double-counts/{id}/different-goods", operation_id = "different_goods", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = DoubleCountId, Path, description = "The pair")),
    request_body = DecideDoubleCountRequest,
    responses((status = 200, body = DoubleCountView, description = "Both count"))
)]
pub async fn different_goods(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DoubleCountId>,
    version: IfMatch,
    command: Command<DecideDoubleCountRequest>,
) -> Result<Reply, ApiError> {
    decide(&ctx, &caller, (id, version, command.key), DoubleCountOutcome::DifferentGoods, &command.body).await
}

async fn decide(
    ctx: &Ctx,
    caller: &Caller,
    (id, version, key): (DoubleCountId, IfMatch, Option<IdempotencyKey>),
    outcome: DoubleCountOutcome,
    body: &DecideDoubleCountRequest,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::DeclaredPurchase)?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = double_count::Entity::find_by_id(id).filter(scope.rows(Some(Column::SchoolId), None::<Column>));
    let mut row = found.one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    version.check(row.version)?;
    let mut check = Check::default();
    let note = check.text("/note", &body.note, 500);
    check.finish()?;
    if row.decided_at.is_some() {
        return Err(ApiError::conflict("pair_decided", Text::new("该项已处理。", "The pair was decided already.")));
    }
    row.outcome = Some(outcome);
    row.note = Some(note.clone());
    row.decided_by = caller.actor.recorded_account();
    row.decided_at = Some(work.at);
    let changed = double_count::Entity::update_many()
        .col_expr(Column::Outcome, Expr::value(outcome.to_value()))
        .col_expr(Column::Note, Expr::value(note.as_str()))
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
    let mut taken_back = 0;
    if outcome == DoubleCountOutcome::SameGoods {
        let purchase = declared_purchase::Entity::find_by_id(row.declared_purchase_id).one(work.txn()).await?;
        let purchase = purchase.ok_or_else(|| ApiError::internal("a pair without its purchase"))?;
        let (back, reasons) = take_back_all(ctx, work.txn(), caller, &purchase, (&note, work.at)).await?;
        taken_back = back.len();
        record(work.txn(), &back).await?;
        bulk::insert(work.txn(), &reasons).await?;
    }
    let told = json!({
        "school_id": row.school_id, "declared_purchase_id": row.declared_purchase_id, "receipt_id": row.receipt_id,
        "outcome": outcome, "note": note, "taken_back": taken_back,
    });
    work.audit("purchase.match", "double_count", &id, &told);
    if taken_back > 0 {
        work.event("ledger.corrected", &json!({"subject": row.declared_purchase_id, "school_id": row.school_id}));
    }
    let school = row.school_id;
    let view = views(work.txn(), vec![row]).await?.pop();
    let view = view.ok_or_else(|| ApiError::internal("a pair without its sides"))?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.pages.changed(Topic::School(school));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}
