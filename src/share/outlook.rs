//! Where a share is heading: what is needed a week to reach the target, and what it will be if nothing changes.
//!
//! The method is plain, so that anybody can follow it: in each week that is left as much is bought, and of as much that
//! counts, as on average in the four weeks before today. How far off that was in the past is measured by [`back_test`].

use super::{
    indicators::{Indicator, indicators_on},
    reading::{Percent, Sums, WHOLE_BP, share_bp, still_needed},
    sums::{SumRow, of_school},
};
use crate::context::Ctx;
use chrono::{Days, NaiveDate};
use entity::{id::SchoolId, indicator::Basis, money::Fen};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use serde::Serialize;
use utoipa::ToSchema;

/// Weeks the average is taken over.
const WEEKS: i64 = 4;

/// Where a school's share by amount is heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutlookView {
    /// Weeks from today to the last day, the last one begun or not.
    #[schema(example = 6)]
    pub weeks_left: i64,
    /// What was bought a week, on average over the four weeks before today.
    pub bought_per_week: Fen,
    /// Of that, what counted.
    pub counted_per_week: Fen,
    /// What must be bought a week from qualifying sources for the share to reach the target on the last day, where as much as now
    /// is bought in all; where it is more than `bought_per_week`, all of what is bought must qualify and be so much more. Null
    /// where the target can no longer be reached.
    pub needed_per_week: Option<Fen>,
    /// The share on the last day if every week that is left is like the four before today, rounded down; null where nothing would
    /// have been bought.
    #[schema(value_type = Option<String>, example = "52.31")]
    pub projected: Option<Percent>,
}

/// What counts and all that was bought, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bought {
    /// What counts.
    pub part: i64,
    /// All of it.
    pub whole: i64,
}

impl Bought {
    fn of(indicator: &Indicator, rows: &[SumRow]) -> Self {
        let mut bought = Self::default();
        for row in rows {
            let Sums { amount, .. } = row.sums();
            bought.whole += amount.0;
            if indicator.counts(row.class) {
                bought.part += amount.0;
            }
        }
        bought
    }

    /// With as much more as `recent` says of four weeks, for so many weeks.
    #[must_use]
    pub fn going_on(self, recent: Self, weeks: i64) -> Self {
        Self { part: self.part + recent.part * weeks / WEEKS, whole: self.whole + recent.whole * weeks / WEEKS }
    }
}

/// What must be bought a week of what counts. Within what is bought a week anyway it is
/// `(target × (whole + weeks × a week) − part) / weeks`; where that is not enough, everything bought must count and be more,
/// [`still_needed`] over the weeks. Rounded up; none without weeks, or for a target that can no longer be reached.
#[must_use]
pub fn needed_per_week(bought: Bought, recent: Bought, weeks: i64, target_bp: i64) -> Option<i64> {
    if weeks <= 0 {
        return None;
    }
    let whole = i128::from(bought.going_on(recent, weeks).whole);
    let gap = whole * i128::from(target_bp) - i128::from(bought.part) * i128::from(WHOLE_BP);
    let each = i128::from(weeks) * i128::from(WHOLE_BP);
    let within = i64::try_from(((gap + each - 1).div_euclid(each)).max(0)).ok()?;
    if within <= recent.whole / WEEKS {
        return Some(within);
    }
    still_needed(bought.part, bought.whole, target_bp).map(|all| (all + weeks - 1) / weeks)
}

/// The outlook of a school within a period that is not over, under the headline indicator by amount.
///
/// # Errors
/// When the database does not answer.
pub async fn outlook(
    db: &impl ConnectionTrait,
    school: SchoolId,
    (to, today): (NaiveDate, NaiveDate),
    indicator: &Indicator,
    so_far: &[SumRow],
) -> Result<Option<OutlookView>, DbErr> {
    if today > to || indicator.version.basis != Basis::Amount {
        return Ok(None);
    }
    let (Some(first), Some(last)) = (today.checked_sub_days(Days::new(28)), today.pred_opt()) else { return Ok(None) };
    let recent = Bought::of(indicator, &of_school(db, school, first, last).await?);
    let bought = Bought::of(indicator, so_far);
    let weeks = (to - today).num_days() / 7 + 1;
    let target = indicator.version.target_bp.map(i64::from);
    let Bought { part, whole } = bought.going_on(recent, weeks);
    Ok(Some(OutlookView {
        weeks_left: weeks,
        bought_per_week: Fen(recent.whole / WEEKS),
        counted_per_week: Fen(recent.part / WEEKS),
        needed_per_week: target.and_then(|target| needed_per_week(bought, recent, weeks, target)).map(Fen),
        projected: share_bp(part, whole).map(Percent),
    }))
}

/// How far off the projection was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackTest {
    /// Schools that had bought before the day and had a share in the end.
    pub schools: usize,
    /// Error of half of them at most, in hundredths of a percent.
    pub half_within_bp: i64,
    /// Error of nine tenths of them at most.
    pub most_within_bp: i64,
}

#[derive(FromQueryResult)]
struct Past {
    part: i64,
    whole: i64,
    recent_part: i64,
    recent_whole: i64,
    end_part: i64,
    end_whole: i64,
}

/// Projects every school's share of `from` to `to` as it was seen on `day`, and compares it with what it came to: one
/// statement over the period's lines.
///
/// # Errors
/// When the database does not answer.
pub async fn back_test(ctx: &Ctx, (from, to): (NaiveDate, NaiveDate), day: NaiveDate) -> Result<BackTest, DbErr> {
    let db = &ctx.store.read;
    let indicators = indicators_on(db, to).await?;
    let Some(headline) = indicators.iter().find(|indicator| indicator.version.headline) else {
        return Ok(BackTest::default());
    };
    let recent = day.checked_sub_days(Days::new(28)).unwrap_or(from);
    let counted: Vec<String> = headline.class_codes().iter().map(i32::to_string).chain(["-1".to_owned()]).collect();
    let counts = format!("class in ({})", counted.join(", "));
    let sum = |name: &str, condition: &str| {
        format!("cast(sum(case when {condition} then amount_fen else 0 end) as bigint) as {name}")
    };
    let sums = [
        sum("part", &format!("purchased_on < $3 and {counts}")),
        sum("whole", "purchased_on < $3"),
        sum("recent_part", &format!("purchased_on >= $4 and purchased_on < $3 and {counts}")),
        sum("recent_whole", "purchased_on >= $4 and purchased_on < $3"),
        sum("end_part", &counts),
        sum("end_whole", "1 = 1"),
    ];
    let sql = format!(
        "select {} from purchase_line where purchased_on between $1 and $2 group by school_id",
        sums.join(", ")
    );
    let values = [from, to, day, recent].map(sea_orm::Value::from);
    let rows = Past::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values));
    let weeks = (to - day).num_days() / 7 + 1;
    let mut errors: Vec<i64> = rows
        .all(db)
        .await?
        .into_iter()
        .filter(|past| past.whole > 0)
        .filter_map(|past| {
            let so_far = Bought { part: past.part, whole: past.whole };
            let recent = Bought { part: past.recent_part, whole: past.recent_whole };
            let projected = so_far.going_on(recent, weeks);
            let share = share_bp(projected.part, projected.whole)?;
            Some((share - share_bp(past.end_part, past.end_whole)?).abs())
        })
        .collect();
    errors.sort_unstable();
    let at = |tenths: usize| errors.get((errors.len() * tenths / 10).min(errors.len().saturating_sub(1)));
    Ok(BackTest {
        schools: errors.len(),
        half_within_bp: at(5).copied().unwrap_or_default(),
        most_within_bp: at(9).copied().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::reading::meets;
    use proptest::prelude::*;

    #[test]
    fn an_average_week_goes_on() {
        let (so_far, recent) = (Bought { part: 40, whole: 100 }, Bought { part: 20, whole: 40 });
        assert_eq!(so_far.going_on(recent, 6), Bought { part: 70, whole: 160 });
        // Half of 160 is 80: 40 more in six weeks.
        assert_eq!(needed_per_week(so_far, recent, 6, 5_000), Some(7));
        assert_eq!(needed_per_week(Bought { part: 90, whole: 100 }, recent, 6, 5_000), Some(0));
        assert_eq!(needed_per_week(so_far, recent, 0, 5_000), None);
        // 20 more of 100 in one week, of which only ten are bought anyway: all of twenty must count.
        assert_eq!(needed_per_week(so_far, recent, 1, 5_000), Some(20));
    }

    proptest! {
        #[test]
        fn what_is_needed_a_week_reaches_the_target(
            part in 0..=1_000_000_000_i64, rest in 0..=1_000_000_000_i64, week in 1..=10_000_000_i64, weeks in 1..=50_i64,
            target in 1..=10_000_i64,
        ) {
            let (so_far, recent) = (Bought { part, whole: part + rest }, Bought { part: 0, whole: 4 * week });
            let Some(need) = needed_per_week(so_far, recent, weeks, target) else {
                prop_assert!(target == 10_000 && rest > 0);
                return Ok(());
            };
            // As much as now in all, or all of it and more.
            let ends = |need: i64| {
                let more = if need <= week { week } else { need };
                meets(part + need * weeks, part + rest + more * weeks, target)
            };
            prop_assert_eq!(ends(need), Some(true));
            if need > 0 {
                prop_assert_eq!(ends(need - 1), Some(false));
            }
        }
    }
}
