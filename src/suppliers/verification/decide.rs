//! It is approved until a day, turned down, or taken back.

use super::{
    advance::{Asked, advance, answer, find, record},
    revoke::end_revocations,
    rules::{Deed, Stage, Step},
    store::{self, HOLDS},
    view::VerificationResponse,
};
use crate::{
    access::{Action, Caller, Place, Resource, Scope, grants, reason_for},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
};
use axum::extract::State;
use chrono::{Months, NaiveDate};
use entity::{
    id::{AccountId, VerificationId},
    membership::Role,
    supplier::SupplierStatus,
    time::Timestamp,
};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use utoipa::ToSchema;

/// Months an approval holds unless another end is named.
const USUAL_MONTHS: u32 = 36;
/// Months it holds at most.
const MOST_MONTHS: u32 = 60;

/// Last day of an approval of `today` unless another is named: three years.
#[must_use]
pub fn usual_end(today: NaiveDate) -> NaiveDate {
    today.checked_add_months(Months::new(USUAL_MONTHS)).unwrap_or(today)
}

/// Until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveRequest {
    /// Last day of the approval: tomorrow at the earliest, in five years at the latest; in three unless given.
    #[schema(example = "2029-03-08")]
    pub expires_on: Option<NaiveDate>,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationReasonRequest {
    /// Why, 5 to 200 characters, without anybody's number: it is kept.
    #[schema(example = "材料与实地核查不符")]
    pub reason: String,
}

/// Approve a supplier
///
/// After the days of its public notice, with every objection answered, by somebody who neither entered it nor applied nor
/// recommended (H4). From now on it may sell; an earlier approval is renewed by this one.
#[utoipa::path(
    post, path = "/verifications/{id}/approve", operation_id = "approve_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The application")),
    request_body = ApproveRequest,
    responses((status = 200, body = VerificationResponse, description = "May sell"))
)]
pub async fn approve_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<ApproveRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    let (mut work, mut found) = match find(&ctx, &caller, asked, Action::Confirm).await? {
        Ok(found) => found,
        Err(reply) => return Ok(reply),
    };
    let today = work.at.business_day();
    let expires_on = command.body.expires_on.unwrap_or_else(|| usual_end(today));
    let last = today.checked_add_months(Months::new(MOST_MONTHS)).unwrap_or(today);
    let mut check = Check::default();
    check.that(
        today < expires_on && expires_on <= last,
        "/expires_on",
        "date_out_of_range",
        Text::new(
            format!("有效期须自明日起，至 {last} 止。"),
            format!("The last day lies between tomorrow and {last}."),
        ),
    );
    check.finish()?;
    if found.supplier.status == SupplierStatus::Suspended {
        let detail = Text::new("该主体已暂停供货，请先恢复。", "The supplier is suspended; reinstate it first.");
        return Err(ApiError::conflict("supplier_suspended", detail));
    }
    let objections = found.objections;
    // The rules speak before the approval that holds is touched.
    let step = Step::Approve { expires_on, objections };
    let held = store::find_held(work.txn(), &found.supplier, &HOLDS).await?;
    if let Some(mut held) = held {
        found.state.clone().take(&step, Deed { by: caller.actor.recorded_account(), at: work.at })?;
        record(&mut work, &caller, &mut held, &Step::Renew, None).await?;
    }
    record(&mut work, &caller, &mut found, &step, None).await?;
    end_revocations(work.txn(), found.supplier.id, today).await?;
    answer(&ctx, &caller, work, found).await
}

/// Turn an application down
///
/// Before it is approved, by anybody of the authorities but who applied.
#[utoipa::path(
    post, path = "/verifications/{id}/refuse", operation_id = "refuse_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The application")),
    request_body = VerificationReasonRequest,
    responses((status = 200, body = VerificationResponse, description = "Turned down; the supplier may apply anew"))
)]
pub async fn refuse_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<VerificationReasonRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    reasoned(&ctx, &caller, asked, (Action::Decline, Step::Refuse), &command.body).await
}

/// Take an application back
///
/// By the supplier or its agent, before it is decided on.
#[utoipa::path(
    post, path = "/verifications/{id}/withdraw", operation_id = "withdraw_application", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The application")),
    request_body = VerificationReasonRequest,
    responses((status = 200, body = VerificationResponse, description = "Taken back"))
)]
pub async fn withdraw_application(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<VerificationReasonRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    reasoned(&ctx, &caller, asked, (Action::Create, Step::Withdraw), &command.body).await
}

/// Suspend a supplier
///
/// At once: its offers are not shown, nothing new can be ordered, and what was ordered and not confirmed cannot be
/// confirmed. What was confirmed is still delivered and received.
#[utoipa::path(
    post, path = "/verifications/{id}/suspend", operation_id = "suspend_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The approval")),
    request_body = VerificationReasonRequest,
    responses((status = 200, body = VerificationResponse, description = "May take no new orders"))
)]
pub async fn suspend_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<VerificationReasonRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    reasoned(&ctx, &caller, asked, (Action::Confirm, Step::Suspend), &command.body).await
}

/// Reinstate a suspended supplier
///
/// Its approval goes on until its last day.
#[utoipa::path(
    post, path = "/verifications/{id}/reinstate", operation_id = "reinstate_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The approval")),
    request_body = VerificationReasonRequest,
    responses((status = 200, body = VerificationResponse, description = "May sell again"))
)]
pub async fn reinstate_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<VerificationReasonRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    let scope = caller.actor.may(Action::Confirm, Resource::Verification)?;
    let (mut work, mut found) = match find(&ctx, &caller, asked, Action::Confirm).await? {
        Ok(found) => found,
        Err(reply) => return Ok(reply),
    };
    let mut check = Check::default();
    let reason = reason_for(&mut check, "/reason", &command.body.reason);
    check.finish()?;
    if let Stage::Suspended { deed: Deed { by: Some(by), .. }, .. } = found.state.stage
        && stands_above(work.txn(), &scope, by, work.at).await?
    {
        return Err(ApiError::refused(
            "suspended_from_above",
            Text::new(
                "该主体由上级暂停，只能由其或更高一级恢复。",
                "The supplier was suspended from above; only the same or a higher authority reinstates it.",
            ),
        ));
    }
    record(&mut work, &caller, &mut found, &Step::Reinstate, Some(reason)).await?;
    answer(&ctx, &caller, work, found).await
}

/// Whether an account holds an authority's role now that is not within `scope`.
async fn stands_above(
    db: &impl ConnectionTrait,
    scope: &Scope,
    account: AccountId,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let decides = |role| matches!(role, Role::Administrator | Role::AuthorityManager | Role::AuthorityOfficer);
    let held = grants(db, account, now).await?;
    Ok(held.iter().filter(|grant| decides(grant.role)).any(|grant| match &grant.place {
        Place::Everywhere => !scope.is_everything(),
        Place::Subtree { top, .. } => !scope.covers_unit(top),
        Place::School(_) | Place::Supplier(_) | Place::Household { .. } => false,
    }))
}

async fn reasoned(
    ctx: &Ctx,
    caller: &Caller,
    asked: Asked,
    (action, step): (Action, Step),
    body: &VerificationReasonRequest,
) -> Result<Reply, ApiError> {
    advance(ctx, caller, asked, action, |_| {
        let mut check = Check::default();
        let reason = reason_for(&mut check, "/reason", &body.reason);
        check.finish()?;
        Ok((step, Some(reason)))
    })
    .await
}
