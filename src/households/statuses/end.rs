//! End a status of a household.

use super::{
    store::find_status,
    view::{HouseholdStatusView, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    households::{identity::raise_version, period},
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{household_status, id::HouseholdStatusId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// When it ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndStatusRequest {
    /// Last day, not after today.
    #[schema(example = "2026-02-28")]
    pub to_on: NaiveDate,
}

/// End a status of a household
///
/// By officers of its county. One that has ended stays as it is: what was wrong is annulled and entered anew. `If-Match`
/// names the household's version.
#[utoipa::path(
    post, path = "/household-statuses/{id}/end", operation_id = "end_household_status", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdStatusId, Path, description = "The status")),
    request_body = EndStatusRequest,
    responses((status = 200, body = HouseholdStatusView, description = "Ended"))
)]
pub async fn end_household_status(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdStatusId>,
    version: IfMatch,
    command: Command<EndStatusRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::Household)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let (mut status, household) = find_status(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(household.version)?;
    raise_version(work.txn(), household.id, household.version).await?;
    if status.annulled_at.is_some() || status.to_on.is_some() {
        return Err(ApiError::conflict(
            "status_over",
            Text::new("该状态已结束或已作废。", "This status has ended or was annulled already."),
        ));
    }
    let to_on = command.body.to_on;
    let mut check = Check::default();
    if let Err(error) = period::existed(status.status, status.from_on, Some(to_on)) {
        check.refuse("/to_on", error.code(), error.text());
    }
    check.that(
        to_on <= work.at.business_day(),
        "/to_on",
        "date_in_future",
        Text::new("不能晚于今天。", "Must not lie ahead."),
    );
    check.finish()?;
    household_status::Entity::update_many()
        .col_expr(household_status::Column::ToOn, Expr::value(to_on))
        .filter(household_status::COLUMN.id.eq(id))
        .exec(work.txn())
        .await?;
    status.to_on = Some(to_on);
    work.audit(
        "household_status.end",
        "household_status",
        &id,
        &json!({"household_id": household.id, "status": status.status, "to_on": to_on}),
    );
    work.commit(StatusCode::OK, &view(status)).await
}
