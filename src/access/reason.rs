//! Seeing personal data in clear: a reason that is kept, and a count by account and day (P1).

use super::Caller;
use crate::{
    context::Ctx,
    http::{ApiError, Check, Text},
    vault::tells_number,
};
use entity::time::Timestamp;
use std::time::Duration;

/// Characters a reason has at least: enough to say something.
const SHORTEST_REASON: usize = 5;
const LONGEST_REASON: usize = 200;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A reason of 5 to 200 characters without anybody's number, trimmed: it goes into the audit trail.
pub fn reason_for(check: &mut Check, pointer: &str, reason: &str) -> String {
    let reason = check.text(pointer, reason, LONGEST_REASON);
    if !reason.is_empty() {
        check.that(
            reason.chars().count() >= SHORTEST_REASON,
            pointer,
            "too_short",
            Text::new("请说明事由，至少 5 个字符。", "Say why, in at least 5 characters."),
        );
    }
    check.that(
        !tells_number(&reason),
        pointer,
        "number_in_reason",
        Text::new(
            "事由中不得写证件号码、电话或账号。",
            "The reason must not hold an ID number, a phone number or an account.",
        ),
    );
    reason
}

/// Counts one reveal of the caller's day.
///
/// # Errors
/// 429 beyond the settings' number.
pub async fn count_reveal(ctx: &Ctx, caller: &Caller, at: Timestamp) -> Result<(), ApiError> {
    let key = format!("xiaonong:reveal:{}", caller.actor.account_id());
    if ctx.counters.hit(&key, DAY, at).await > ctx.settings.reveals_per_day {
        return Err(ApiError::TooMany { retry_after: DAY.as_secs().cast_signed() });
    }
    Ok(())
}
