//! Open a month again.

use super::view::{StatementView, in_scope, view};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    ledger::hold_alone,
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use entity::{id::StatementId, reporting_unit, statement};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Why a month is opened again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenMonthRequest {
    /// In own words, up to 500 characters.
    #[schema(example = "漏报三张自行采购凭证")]
    pub reason: String,
}

/// Open a month again
///
/// By the manager of the unit above; of the province, by its own. The statement stays, marked; what is declared from then on
/// goes into the next version. Where the unit above has closed the month too, it opens it first.
#[utoipa::path(
    post, path = "/statements/{id}/reopen", operation_id = "reopen_month", tag = "statements",
    security(("bearer" = [])),
    params(("id" = StatementId, Path, description = "The statement")),
    request_body = ReopenMonthRequest,
    responses((status = 200, body = StatementView, description = "Open"))
)]
pub async fn reopen_month(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<StatementId>,
    command: Command<ReopenMonthRequest>,
) -> Result<Reply, ApiError> {
    use statement::Column;
    let scope = caller.actor.may(Action::Cancel, Resource::Statement)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = in_scope(work.txn(), &scope, id).await?;
    let unit = reporting_unit::Entity::find_by_id(found.reporting_unit_code.as_str()).one(work.txn()).await?;
    let above = unit.and_then(|unit| unit.parent_code);
    if above.as_ref().is_some_and(|above| !scope.covers_unit(above)) {
        return Err(ApiError::refused(
            "unit_above_only",
            Text::new("须由上级单位重新开放。", "Only the unit above opens the month again."),
        ));
    }
    let mut check = Check::default();
    let reason = check.text("/reason", &command.body.reason, 500);
    check.finish()?;
    let mut held = vec![found.reporting_unit_code.as_str()];
    held.extend(above.as_deref());
    hold_alone(work.txn(), &held).await?;
    if let Some(above) = &above {
        let closed = statement::Entity::find()
            .filter(Column::ReportingUnitCode.eq(above.as_str()))
            .filter(Column::Month.eq(found.month))
            .filter(Column::ReopenedAt.is_null());
        if closed.count(work.txn()).await? > 0 {
            return Err(ApiError::conflict(
                "unit_above_closed",
                Text::new(
                    "上级单位已就该月结账，须先由其重新开放。",
                    "The unit above has closed the month; it must be opened there first.",
                ),
            ));
        }
    }
    let changed = statement::Entity::update_many()
        .col_expr(Column::ReopenedAt, Expr::value(work.at.0))
        .col_expr(Column::ReopenedBy, Expr::value(caller.actor.recorded_account()))
        .col_expr(Column::ReopenReason, Expr::value(reason.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::ReopenedAt.is_null())
        .exec(work.txn())
        .await?;
    if changed.rows_affected != 1 {
        return Err(ApiError::conflict(
            "month_open",
            Text::new("该月已经重新开放。", "The month is open again already."),
        ));
    }
    let row = statement::Model {
        reopened_at: Some(work.at),
        reopened_by: caller.actor.recorded_account(),
        reopen_reason: Some(reason.clone()),
        ..found
    };
    let told = json!({"reporting_unit_code": row.reporting_unit_code, "version": row.version, "reason": reason});
    work.audit("statement.reopen", "statement", &id, &told);
    work.event("statement.reopened", &json!({"subject": id, "reporting_unit_code": row.reporting_unit_code}));
    work.commit(StatusCode::OK, &view(&row)?).await
}
