//! Take a household's consent back.

use super::list::{ConsentView, view};
use crate::{
    access::{Action, Caller, Resource, access_changed, accounts::draft::check_end},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use chrono::{Days, NaiveDate};
use entity::{household_consent, id::ConsentId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// How far ahead a withdrawal may take effect.
const MOST_NOTICE: Days = Days::new(366);

/// When it ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawConsentRequest {
    /// Last day: yesterday ends it at once.
    #[schema(example = "2026-08-31")]
    pub to_on: NaiveDate,
}

/// Withdraw a consent
///
/// By the household itself or by those who keep the accounts. What the agent did until then stands.
#[utoipa::path(
    post, path = "/consents/{id}/withdraw", operation_id = "withdraw_consent", tag = "accounts",
    security(("bearer" = [])),
    params(("id" = ConsentId, Path, description = "The consent")),
    request_body = WithdrawConsentRequest,
    responses((status = 200, body = ConsentView, description = "Withdrawn"))
)]
pub async fn withdraw_consent(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConsentId>,
    version: IfMatch,
    command: Command<WithdrawConsentRequest>,
) -> Result<Reply, ApiError> {
    use household_consent::Column;
    let scope = caller.actor.may(Action::Cancel, Resource::Consent)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = household_consent::Entity::find_by_id(id).filter(scope.on_consent()).one(work.txn()).await?;
    let mut consent = found.ok_or(ApiError::NotFound)?;
    let agent = consent.account_id;
    version.check(consent.version)?;
    let today = work.at.business_day();
    // One that still runs out may be brought forward.
    if consent.withdrawn_at.is_some() && consent.to_on.is_some_and(|end| end < today) {
        let detail = Text::new("该委托已撤回。", "This consent was withdrawn already.");
        return Err(ApiError::conflict("consent_withdrawn", detail));
    }
    let to_on = command.body.to_on;
    let mut check = Check::default();
    check_end(&mut check, to_on, consent.to_on, today);
    check.that(
        to_on <= today.checked_add_days(MOST_NOTICE).unwrap_or(today),
        "/to_on",
        "to_on_too_far",
        Text::new("撤回最迟在一年内生效。", "A withdrawal takes effect within a year."),
    );
    check.finish()?;
    let changed = household_consent::Entity::update_many()
        .col_expr(Column::ToOn, Expr::value(to_on))
        .col_expr(Column::WithdrawnAt, Expr::value(work.at.0))
        .col_expr(Column::Version, Expr::value(consent.version + 1))
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(consent.version))
        .exec(work.txn())
        .await?;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: consent.version + 1 });
    }
    let told = json!({
        "consent_id": id, "account_id": consent.account_id, "supplier_id": consent.supplier_id,
        "to_on": { "before": consent.to_on, "after": to_on },
    });
    consent.to_on = Some(to_on);
    consent.withdrawn_at = Some(work.at);
    consent.version += 1;
    work.audit("consent.withdraw", "household_consent", &id, &told);
    let view = view(work.txn(), consent).await?;
    access_changed(&ctx, work.txn(), agent).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.guard.forget(agent);
    Ok(reply)
}
