//! What all papers of suppliers share: whose they are, from when to when, and how they end.

use crate::{
    access::{Action, Caller, Resource},
    http::{ApiError, Check, Text},
    suppliers::register::in_reach,
};
use chrono::NaiveDate;
use entity::{
    id::SupplierId,
    supplier::{self, SupplierStatus},
};
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use serde::Deserialize;
use utoipa::ToSchema;

/// Longest number, name and issuer, in characters.
pub(super) const LONGEST: usize = 100;

/// When something ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndPaperRequest {
    /// Last day, not before its first.
    #[schema(example = "2026-12-31")]
    pub to_on: NaiveDate,
}

/// A supplier whose papers the caller may look at; whether as its authority.
///
/// # Errors
/// 403 for roles that may not, 404 outside their reach.
pub(super) async fn seen(
    db: &impl ConnectionTrait,
    caller: &Caller,
    id: SupplierId,
) -> Result<(supplier::Model, bool), ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::SupplierPaper)?;
    in_reach(db, &scope, id).await
}

/// A supplier whose papers the caller may change, held until the transaction ends: what overlaps is then seen.
///
/// # Errors
/// 403 for roles that may not, 404 outside their reach, 409 for a supplier that was struck off.
pub(super) async fn held(
    db: &impl ConnectionTrait,
    caller: &Caller,
    action: Action,
    id: SupplierId,
) -> Result<(supplier::Model, bool), ApiError> {
    let scope = caller.actor.may(action, Resource::SupplierPaper)?;
    let (found, authority) = in_reach(db, &scope, id).await?;
    // SQLite has one writer at a time and passes this over.
    supplier::Entity::find_by_id(id).lock_exclusive().one(db).await?;
    if found.status == SupplierStatus::Revoked {
        return Err(ApiError::conflict(
            "supplier_revoked",
            Text::new("该供货主体已被撤销资格。", "This supplier's approval was revoked."),
        ));
    }
    Ok((found, authority))
}

/// The same for what only the supplier's authority enters.
///
/// # Errors
/// As [`held`]; 403 for the supplier itself.
pub(super) async fn held_by_authority(
    db: &impl ConnectionTrait,
    caller: &Caller,
    id: SupplierId,
) -> Result<supplier::Model, ApiError> {
    let (found, authority) = held(db, caller, Action::Manage, id).await?;
    if authority { Ok(found) } else { Err(authority_only()) }
}

pub(super) fn authority_only() -> ApiError {
    ApiError::refused(
        "authority_only",
        Text::new("此项由所在县主管部门登记。", "The authority of its county enters this."),
    )
}

/// Notes a period that runs backwards or lies nowhere near.
pub(super) fn period(check: &mut Check, pointers: [&str; 2], from: NaiveDate, to: Option<NaiveDate>) {
    check.day(pointers[0], from);
    if let Some(to) = to {
        check.day(pointers[1], to);
        check.that(
            from <= to,
            pointers[1],
            "period_reversed",
            Text::new("结束日期早于开始日期。", "The last day is before the first."),
        );
    }
}

/// Whether two periods share a day.
pub(in crate::suppliers) fn overlap(
    one: (NaiveDate, Option<NaiveDate>),
    other: (NaiveDate, Option<NaiveDate>),
) -> bool {
    one.1.is_none_or(|last| other.0 <= last) && other.1.is_none_or(|last| one.0 <= last)
}

/// Says which period stands in the way.
pub(super) fn overlaps(check: &mut Check, pointer: &str, other: NaiveDate) {
    check.refuse(
        pointer,
        "period_overlaps",
        Text::new(
            format!("与自 {other} 起的一条重叠，请先结束它。"),
            format!("Overlaps the one from {other}; end that one first."),
        ),
    );
}

/// Notes why a row from `from` until `to` cannot end on `day`.
pub(super) fn ends(check: &mut Check, from: NaiveDate, to: Option<NaiveDate>, day: NaiveDate) {
    check.day("/to_on", day);
    check.that(
        from <= day,
        "/to_on",
        "period_reversed",
        Text::new("结束日期早于开始日期。", "The last day is before the first."),
    );
    check.that(
        to.is_none_or(|last| day < last),
        "/to_on",
        "ended_already",
        Text::new("已于更早或同一日期结束。", "It ends on that day or earlier already."),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(number: i64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date") + chrono::TimeDelta::days(number)
    }

    proptest! {
        #[test]
        fn periods_overlap_when_they_share_a_day(a in 0i64..20, b in 0i64..20, c in 0i64..20, d in 0i64..20, open: bool) {
            let one = (day(a.min(b)), Some(day(a.max(b))));
            let other = (day(c.min(d)), (!open).then(|| day(c.max(d))));
            let holds = |period: (NaiveDate, Option<NaiveDate>), at: NaiveDate| {
                period.0 <= at && period.1.is_none_or(|last| at <= last)
            };
            let shared = (0..20).any(|number| holds(one, day(number)) && holds(other, day(number)));
            prop_assert_eq!(overlap(one, other), shared);
            prop_assert_eq!(overlap(other, one), shared);
        }
    }
}
