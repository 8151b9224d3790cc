//! What every step has in common: found within reach, of the version that was seen, taken, recorded, passed on to who is
//! next.

use super::{
    rules::{Deed, Step},
    store::{self, Found},
    view::response,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, IfMatch, Reply},
    registry::Authorities,
    store::{Begun, IdempotencyKey, Work},
    suppliers::list::Names,
};
use axum::http::StatusCode;
use chrono::NaiveDate;
use entity::{id::VerificationId, supplier, verification_step::VerificationStepKind};
use sea_orm::{ActiveEnum, ConnectionTrait};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Which verification, as it was seen.
pub struct Asked {
    /// Which.
    pub id: VerificationId,
    /// The version that was seen.
    pub version: IfMatch,
    /// Key of the request.
    pub key: Option<IdempotencyKey>,
}

/// Takes the step that `plan` makes of the present state, for a caller who may do `action`.
///
/// # Errors
/// 404 outside the scope, 403 for one's own work, 409 in the wrong state, 412 when stale.
pub async fn advance(
    ctx: &Ctx,
    caller: &Caller,
    asked: Asked,
    action: Action,
    plan: impl FnOnce(NaiveDate) -> Result<(Step, Option<String>), ApiError>,
) -> Result<Reply, ApiError> {
    let (mut work, mut found) = match find(ctx, caller, asked, action).await? {
        Ok(found) => found,
        Err(reply) => return Ok(reply),
    };
    let (step, reason) = plan(work.at.business_day())?;
    record(&mut work, caller, &mut found, &step, reason).await?;
    answer(ctx, caller, work, found).await
}

/// Begins the change: the verification as it stands, or the answer already given.
///
/// # Errors
/// 404 outside the scope, 412 when stale.
pub async fn find<'a>(
    ctx: &'a Ctx,
    caller: &'a Caller,
    asked: Asked,
    action: Action,
) -> Result<Result<(Work<'a>, Found), Reply>, ApiError> {
    let scope = caller.actor.may(action, Resource::Verification)?;
    let work = match ctx.begin(caller, asked.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(Err(reply)),
    };
    let found = store::find(work.txn(), &scope, asked.id).await?.ok_or(ApiError::NotFound)?;
    asked.version.check(found.row.version)?;
    Ok(Ok((work, found)))
}

/// Commits and shows the verification as it stands now.
///
/// # Errors
/// When the database refuses.
pub async fn answer(ctx: &Ctx, caller: &Caller, work: Work<'_>, found: Found) -> Result<Reply, ApiError> {
    let seen = caller.actor.may(Action::Read, Resource::Verification)?;
    let view = response(found, &Names::shown_to(caller, &seen));
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.pages.changed(Topic::Listings);
    Ok(reply)
}

/// Takes a step within a change that is under way, with its line in the trail and its event.
///
/// # Errors
/// As [`store::advance`].
pub async fn record(
    work: &mut Work<'_>,
    caller: &Caller,
    found: &mut Found,
    step: &Step,
    reason: Option<String>,
) -> Result<(), ApiError> {
    let deed = Deed { by: caller.actor.recorded_account(), at: work.at };
    let before = json!({"state": found.row.state, "status": found.supplier.status});
    let consent = caller.actor.consent_of(found.supplier.id);
    store::advance(work.txn(), found, step, deed, consent, reason).await?;
    let after = json!({"state": found.row.state, "status": found.supplier.status});
    let name = found.steps.last().map_or(VerificationStepKind::Apply, |step| step.step);
    let facts = told(found);
    work.changed(&format!("verification.{}", name.to_value()), "verification", &found.row.id, &facts, &before, &after);
    let event = event(work.txn(), found, deed).await?;
    work.event(&format!("verification.{}", topic(name)), &event);
    Ok(())
}

/// The facts the trail keeps of the last step.
pub fn told(found: &Found) -> Value {
    let last = found.steps.last();
    json!({
        "supplier_id": found.supplier.id,
        "from_on": last.and_then(|step| step.from_on),
        "until_on": last.and_then(|step| step.until_on),
        "reason": last.and_then(|step| step.reason.clone()),
    })
}

/// What is passed on: whose verification it is, which authorities look after it, and who need not be told.
///
/// # Errors
/// When the database does not answer.
pub async fn event(db: &impl ConnectionTrait, found: &Found, deed: Deed) -> Result<Value, ApiError> {
    let above = found.steps.last().is_some_and(|step| step.step != VerificationStepKind::Apply);
    let units = authorities(db, &found.supplier, above).await?;
    Ok(json!({
        "verification_id": found.row.id, "supplier_id": found.supplier.id, "units": units, "by": deed.by,
    }))
}

/// The authorities of a supplier's county; with `above` also those these report to.
///
/// # Errors
/// When the database does not answer.
pub async fn authorities(
    db: &impl ConnectionTrait,
    supplier: &supplier::Model,
    above: bool,
) -> Result<BTreeSet<String>, ApiError> {
    let place = supplier.division_code.as_str();
    Ok(Authorities::load(db, [place]).await?.of(place, above))
}

/// What happened, as notifications name it.
pub fn topic(step: VerificationStepKind) -> &'static str {
    match step {
        VerificationStepKind::Apply => "applied",
        VerificationStepKind::List | VerificationStepKind::Approve => "approved",
        VerificationStepKind::Recommend => "recommended",
        VerificationStepKind::Review => "reviewed",
        VerificationStepKind::Publish => "noticed",
        VerificationStepKind::Refuse => "refused",
        VerificationStepKind::Withdraw => "withdrawn",
        VerificationStepKind::Suspend => "suspended",
        VerificationStepKind::Reinstate => "reinstated",
        VerificationStepKind::Expire => "expired",
        VerificationStepKind::Revoke => "revoked",
        VerificationStepKind::Renew => "renewed",
    }
}
