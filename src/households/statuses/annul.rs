//! Annul a status that was entered wrongly: the row stays, reads pass over it.

use super::{
    store::{find_status, lines_resting_on},
    view::{HouseholdStatusView, view},
};
use crate::{
    access::{Action, Caller, Resource, reason_for},
    context::Ctx,
    households::identity::raise_version,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{household_status, id::HouseholdStatusId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnulStatusRequest {
    /// Why, 5 to 200 characters, without anybody's number: it is kept.
    #[schema(example = "错录为另一农户")]
    pub reason: String,
}

/// What was annulled, and what rests on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnulledStatusView {
    /// The status.
    pub status: HouseholdStatusView,
    /// Lines of the ledger that name the household as producer with this status. They stay as they are (S3); a revocation
    /// writes lines that correct them.
    #[schema(example = 3)]
    pub ledger_lines: i64,
    /// Schools that bought them.
    #[schema(example = 1)]
    pub schools: i64,
    /// Day of the first of them; null where there are none.
    #[schema(example = "2026-01-12")]
    pub first_on: Option<NaiveDate>,
    /// Day of the last of them; null where there are none.
    #[schema(example = "2026-02-20")]
    pub last_on: Option<NaiveDate>,
}

/// Annul a status of a household
///
/// By the managers of its county, for what was entered wrongly; what was right and is over is ended instead. The answer
/// tells how many lines of the ledger rest on it. `If-Match` names the household's version.
#[utoipa::path(
    post, path = "/household-statuses/{id}/annul", operation_id = "annul_household_status", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdStatusId, Path, description = "The status")),
    request_body = AnnulStatusRequest,
    responses((status = 200, body = AnnulledStatusView, description = "Annulled"))
)]
pub async fn annul_household_status(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdStatusId>,
    version: IfMatch,
    command: Command<AnnulStatusRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Cancel, Resource::Household)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let (mut status, household) = find_status(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(household.version)?;
    raise_version(work.txn(), household.id, household.version).await?;
    if status.annulled_at.is_some() {
        let detail = Text::new("该状态已作废。", "This status was annulled already.");
        return Err(ApiError::conflict("status_annulled", detail));
    }
    let mut check = Check::default();
    let reason = reason_for(&mut check, "/reason", &command.body.reason);
    check.finish()?;
    household_status::Entity::update_many()
        .col_expr(household_status::Column::AnnulledAt, Expr::value(work.at.0))
        .col_expr(household_status::Column::AnnulledBy, Expr::value(caller.actor.recorded_account()))
        .col_expr(household_status::Column::AnnulReason, Expr::value(reason.clone()))
        .filter(household_status::COLUMN.id.eq(id))
        .exec(work.txn())
        .await?;
    let resting = lines_resting_on(work.txn(), &status).await?;
    work.audit(
        "household_status.annul",
        "household_status",
        &id,
        &json!({
            "household_id": household.id, "history": status.history, "status": status.status,
            "from_on": status.from_on, "to_on": status.to_on, "reason": reason, "ledger_lines": resting.lines,
        }),
    );
    status.annulled_at = Some(work.at);
    status.annul_reason = Some(reason);
    let answer = AnnulledStatusView {
        status: view(status),
        ledger_lines: resting.lines,
        schools: resting.schools,
        first_on: resting.first_on,
        last_on: resting.last_on,
    };
    work.commit(StatusCode::OK, &answer).await
}
