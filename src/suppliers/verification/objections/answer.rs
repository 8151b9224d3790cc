//! The authority answers an objection.

use super::view::{ObjectionView, view};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
    suppliers::verification::{rules::Deed, store},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    id::ObjectionId,
    objection::{self, ObjectionOutcome},
};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerObjectionRequest {
    /// Whether the objection was right. Then the supplier can only be refused.
    pub outcome: ObjectionOutcome,
    /// What was found, up to 500 characters, without anybody's number.
    #[schema(example = "经实地核查，地块为其承包")]
    pub answer: String,
}

/// Answer an objection
///
/// By somebody who neither entered the supplier nor applied for it nor recommended it. Who raised it from an account is
/// told; the answer stays.
#[utoipa::path(
    post, path = "/objections/{id}/answer", operation_id = "answer_objection", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = ObjectionId, Path, description = "The objection")),
    request_body = AnswerObjectionRequest,
    responses((status = 200, body = ObjectionView, description = "Answered"))
)]
pub async fn answer_objection(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ObjectionId>,
    version: IfMatch,
    command: Command<AnswerObjectionRequest>,
) -> Result<Reply, ApiError> {
    use objection::Column;
    let scope = caller.actor.may(Action::Confirm, Resource::Verification)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut row = objection::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let found = store::find(work.txn(), &scope, row.verification_id).await?.ok_or(ApiError::NotFound)?;
    version.check(row.version)?;
    found.state.four_eyes(Deed { by: caller.actor.recorded_account(), at: work.at })?;
    if row.answered_at.is_some() {
        let detail = Text::new("该异议已答复。", "The objection was answered already.");
        return Err(ApiError::conflict("objection_answered", detail));
    }
    let mut check = Check::default();
    let answer = check.text("/answer", &command.body.answer, 500);
    check.finish()?;
    row.answer = Some(answer);
    row.outcome = Some(command.body.outcome);
    row.answered_by = caller.actor.recorded_account();
    row.answered_at = Some(work.at);
    let changed = objection::Entity::update_many()
        .col_expr(Column::Answer, Expr::value(row.answer.clone()))
        .col_expr(Column::Outcome, Expr::value(command.body.outcome.to_value()))
        .col_expr(Column::AnsweredBy, Expr::value(row.answered_by))
        .col_expr(Column::AnsweredAt, Expr::value(row.answered_at.map(|at| at.0)))
        .col_expr(Column::Version, Expr::value(row.version + 1))
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(row.version))
        .exec(work.txn())
        .await?;
    row.version += 1;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: row.version });
    }
    let told = json!({
        "supplier_id": found.supplier.id, "verification_id": found.row.id, "outcome": row.outcome, "answer": row.answer,
    });
    work.audit("objection.answer", "objection", &id, &told);
    if let Some(account) = row.account_id {
        work.event("objection.answered", &json!({"objection_id": id, "to": [account]}));
    }
    let keys = ctx.vault.open(work.txn()).await?;
    let answer = view(&keys, row, true)?;
    work.commit(StatusCode::OK, &answer).await
}
