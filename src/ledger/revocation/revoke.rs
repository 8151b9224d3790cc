//! Take a supplier's approval back, with effect from a day.

use super::{
    extent::{Doubted, Extent},
    list::{RevocationView, view},
};
use crate::{
    access::{Action, Caller, Resource, reason_for},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    store::{Begun, bulk},
    suppliers::verification,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{id::SupplierId, supplier_revocation};
use serde::Deserialize;
use utoipa::ToSchema;

/// From when, why, and what was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeSupplierRequest {
    /// First day on which what it sold counts for nothing, and what names it not as grown by it; today at the latest.
    #[schema(example = "2026-02-01")]
    pub effective_from: NaiveDate,
    /// Why, 5 to 200 characters, without anybody's number: it is kept.
    #[schema(example = "经查系外购冒充自产")]
    pub reason: String,
    /// `fingerprint` of the preview with the same day.
    #[schema(example = "3f6c2b8e0d5a47199b1c2f3e4d5a6b7c")]
    pub fingerprint: String,
}

/// Revoke a supplier
///
/// By a manager of its county, after `POST /suppliers/{id}/revocation-preview`. It may sell nothing from now on. Of every
/// line it sold from the day on a correcting pair is written: the line is taken back, and one takes its place that stays in
/// the denominator and counts for nothing (S3, S6). Of lines that others sold naming the household it is, the one in place
/// keeps its origin and names no household. Lines are never changed. The pairs are written in steps that each keep
/// every figure whole; `GET /suppliers/{id}/revocations` tells how far it is. Once more sold than was looked at, the
/// preview is asked for again.
#[utoipa::path(
    post, path = "/suppliers/{id}/revocation", operation_id = "revoke_supplier", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = RevokeSupplierRequest,
    responses((status = 202, body = RevocationView, description = "Revoked; its lines are being corrected"))
)]
pub async fn revoke_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    command: Command<RevokeSupplierRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Cancel, Resource::Verification)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut found = verification::find_revocable(work.txn(), &scope, id).await?;
    let body = command.body;
    let mut check = Check::default();
    check_day(&mut check, body.effective_from, work.at.business_day());
    let reason = reason_for(&mut check, "/reason", &body.reason);
    check.finish()?;
    // The supplier's row is taken first: no receipt or declaration of it is written from here on that does not know.
    verification::revoke(&mut work, &caller, &mut found, body.effective_from, reason).await?;
    let doubted =
        Doubted { supplier: id, household: found.supplier.household_id, from: body.effective_from, before: None };
    let extent = Extent::read(work.txn(), doubted).await?;
    let version = found.row.version - 1;
    if extent.fingerprint(found.row.id, version, body.effective_from) != body.fingerprint {
        return Err(ApiError::conflict(
            "preview_outdated",
            Text::new(
                "预览之后数据已有变化，请重新预览后再确认。",
                "Something has changed since the preview; look at it again, then confirm.",
            ),
        ));
    }
    let row = supplier_revocation::Model {
        id: ctx.ids.next(),
        supplier_id: id,
        verification_id: found.row.id,
        effective_from: body.effective_from,
        ended_on: None,
        revoked_at: work.at,
        lines: extent.lines,
        corrected: 0,
        reached_on: None,
        reached_id: None,
        finished_at: None,
    };
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await?;
    let reply = work.commit(StatusCode::ACCEPTED, &view(&row)).await?;
    ctx.pages.changed(Topic::Listings);
    Ok(reply)
}

/// Today at the latest, and not before the programme.
pub fn check_day(check: &mut Check, from: NaiveDate, today: NaiveDate) {
    check.day("/effective_from", from);
    check.that(
        from <= today,
        "/effective_from",
        "date_in_future",
        Text::new("不能晚于今日。", "Must not lie in the future."),
    );
}
