//! End a version of an indicator.

use super::{list::IndicatorVersionView, version::with_classes};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{id::IndicatorId, indicator};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// When it ends, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndIndicatorRequest {
    /// Last day; today at the earliest.
    #[schema(example = "2030-12-31")]
    pub valid_to: NaiveDate,
    /// Why; kept in the trail.
    #[schema(example = "省教育厅 2030-12-01 通知")]
    pub reason: String,
}

/// End an indicator version
///
/// By the administrator. The last day lies ahead: what was published stands.
#[utoipa::path(
    post, path = "/indicators/versions/{id}/end", operation_id = "end_indicator", tag = "share",
    security(("bearer" = [])),
    params(("id" = IndicatorId, Path, description = "The version")),
    request_body = EndIndicatorRequest,
    responses((status = 200, body = IndicatorVersionView, description = "Ended"))
)]
pub async fn end_indicator(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<IndicatorId>,
    command: Command<EndIndicatorRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Update, Resource::Reference)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let EndIndicatorRequest { valid_to, reason } = command.body;
    let version = indicator::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let mut check = Check::default();
    let reason = check.text("/reason", &reason, 200);
    check.day("/valid_to", valid_to);
    check.that(
        valid_to >= work.at.business_day().max(version.valid_from),
        "/valid_to",
        "indicator_in_the_past",
        Text::new(
            "截止日不得早于今天：已公布的数字不变。",
            "It ends today at the earliest: what was published stands.",
        ),
    );
    check.that(
        version.valid_to.is_none_or(|last| valid_to <= last),
        "/valid_to",
        "indicator_ended",
        Text::new("该版本已于更早的日期截止。", "This version ends earlier already."),
    );
    check.finish()?;
    indicator::Entity::update_many()
        .col_expr(indicator::Column::ValidTo, Expr::value(valid_to))
        .filter(indicator::COLUMN.id.eq(id))
        .exec(work.txn())
        .await?;
    let before = version.valid_to;
    let ended = indicator::Model { valid_to: Some(valid_to), ..version };
    let view = with_classes(work.txn(), vec![ended]).await?.pop().map(IndicatorVersionView::of);
    let told = json!({ "valid_to": [before, valid_to], "reason": reason });
    work.audit("indicator.end", "indicator", &id.to_string(), &told);
    let reply = work.commit(StatusCode::OK, &view).await;
    ctx.recent.changed();
    reply
}
