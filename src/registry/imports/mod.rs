//! New divisions and new lists by file: compared first, applied by the hash of the difference that was seen.
//!
//! Owns what such a file may do. Refuses files that are not whole, a difference that is another one by now, and one that
//! would end more than the setting allows unless that is asked for.

mod county_list;
mod divisions;
mod members;
mod register;
mod seats;
mod yearly;

use crate::{
    access::Caller,
    context::Ctx,
    http::{ApiError, FieldError, Text, hex},
    store::{Work, bulk},
};
use axum::extract::DefaultBodyLimit;
use chrono::{Datelike, NaiveDate};
use entity::registry_import::{self, RegistryImportKind};
use ring::digest;
use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use members::COUNTY_LIST;
pub use yearly::DIVISIONS;

/// Bytes a file may have: a province has 1,600 divisions down to the townships.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Changes an answer names; the rest is counted.
const MOST_NAMED: usize = 1_000;

/// Their routes, with a limit of their own on the body.
pub(in crate::registry) fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(divisions::import_divisions))
        .routes(routes!(county_list::import_county_list))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
}

/// A difference in one line: SHA-256 over the day and all changes, in hex.
fn hash_of(changes: &impl Serialize) -> Result<String, ApiError> {
    let text = serde_json::to_vec(changes).map_err(ApiError::internal)?;
    Ok(hex(digest::digest(&digest::SHA256, &text).as_ref()))
}

/// Lets one import in at a time, so that what was compared is what is changed.
async fn alone(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.execute_unprepared("update bundle set digest = digest where name = 'registry'").await.map(drop)
}

/// Refuses to apply another difference than the one that was seen.
fn same(wanted: &str, found: &str) -> Result<(), ApiError> {
    if wanted == found {
        return Ok(());
    }
    Err(ApiError::Outdated {
        code: "difference_stale",
        detail: Text::new(
            "比对结果已变化（文件、日期或登记数据不同），请重新比对后再应用。",
            "The difference is another one by now: the file, the day or the register differs. Compare again, then apply.",
        ),
    })
}

/// Whether ending so many of so many is more than the setting allows.
fn is_shrinking(ctx: &Ctx, ending: usize, of: usize) -> bool {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    whole(ending).saturating_mul(10_000) > whole(of).saturating_mul(ctx.settings.registry_shrink_bp)
}

fn too_few(ctx: &Ctx, ending: usize, of: usize) -> ApiError {
    let allowed = ctx.settings.registry_shrink_bp / 100;
    ApiError::field(
        "?allow_shrink",
        "ends_too_many",
        Text::new(
            format!("将终止 {of} 项中的 {ending} 项，超过 {allowed}%。确认无误请加 allow_shrink=true。"),
            format!("{ending} of {of} would end, more than {allowed} %. If that is meant, say allow_shrink=true."),
        ),
    )
}

/// A first day between 1900 and 2200.
fn check_day(name: &str, day: NaiveDate) -> Result<(), ApiError> {
    if (1900..=2200).contains(&day.year()) {
        return Ok(());
    }
    let detail = Text::new("日期超出范围。", "The date is out of range.");
    Err(ApiError::Malformed(FieldError::new(format!("?{name}"), "date_out_of_range", detail)))
}

/// Remembers that administrators keep these data from now on: a bundle no longer writes over them.
async fn remember(
    ctx: &Ctx,
    caller: &Caller,
    work: &mut Work<'_>,
    (kind, subject): (RegistryImportKind, &str),
    from_on: NaiveDate,
    difference: &str,
) -> Result<(), DbErr> {
    let row = registry_import::Model {
        id: ctx.ids.next(),
        kind,
        subject: subject.to_owned(),
        from_on,
        difference: difference.to_owned(),
        applied_at: work.at,
        applied_by: caller.actor.recorded_account(),
    };
    bulk::insert(work.txn(), &[row]).await
}
