//! What the two histories of a household allow (H1): which statuses they hold, when each existed, and one at a time.

use crate::http::Text;
use chrono::NaiveDate;
use entity::{
    household_status::{HouseholdStatusKind, StatusHistory},
    id::HouseholdStatusId,
};

/// The years households were registered as poor.
const REGISTERED: [NaiveDate; 2] = [day(2014, 1, 1), day(2020, 12, 31)];
/// First day of the year in which those registered had been lifted out.
const LIFTED_FROM: NaiveDate = day(2021, 1, 1);
/// First day of the year in which monitoring began.
const MONITORED_FROM: NaiveDate = day(2020, 1, 1);

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

/// Why a status cannot stand in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodError {
    /// It belongs to the other history.
    OtherHistory,
    /// It begins before or after the years it existed in.
    Begins,
    /// It goes on after the years it existed in.
    Ends,
    /// It ends before it begins.
    Reversed,
    /// Another status of the same history holds on one of its days.
    Overlaps {
        /// First day of the other one.
        from_on: NaiveDate,
    },
    /// A risk was cleared that had not been there.
    NothingToClear,
}

impl PeriodError {
    /// Stable code for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OtherHistory => "status_of_other_history",
            Self::Begins | Self::Ends => "status_period",
            Self::Reversed => "period_reversed",
            Self::Overlaps { .. } => "period_overlaps",
            Self::NothingToClear => "nothing_to_clear",
        }
    }

    /// The field it concerns.
    #[must_use]
    pub fn pointer(self) -> &'static str {
        match self {
            Self::OtherHistory | Self::NothingToClear => "/status",
            Self::Begins | Self::Overlaps { .. } => "/from_on",
            Self::Ends | Self::Reversed => "/to_on",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn text(self) -> Text {
        const YEARS: (&str, &str) = (
            "建档立卡为 2014 至 2020 年，脱贫自 2021 年起，监测自 2020 年起。",
            "Registered poor was 2014 to 2020, lifted is from 2021 on, monitored from 2020 on.",
        );
        match self {
            Self::OtherHistory => {
                Text::new("该状态不属于这一历史。", "This status belongs to the other of the two histories.")
            }
            Self::Begins | Self::Ends => Text::new(YEARS.0, YEARS.1),
            Self::Reversed => Text::new("结束日期早于开始日期。", "The last day is before the first."),
            Self::Overlaps { from_on } => Text::new(
                format!("与同一历史中自 {from_on} 起的状态重叠，请先结束它。"),
                format!("Overlaps the status of the same history from {from_on}; end that one first."),
            ),
            Self::NothingToClear => Text::new(
                "此前没有监测状态可消除。",
                "No monitored status stands before it whose risk could be cleared.",
            ),
        }
    }
}

/// The history a status belongs to.
#[must_use]
pub fn history_of(status: HouseholdStatusKind) -> StatusHistory {
    match status {
        HouseholdStatusKind::RegisteredPoor | HouseholdStatusKind::Lifted => StatusHistory::Registration,
        _ => StatusHistory::Monitoring,
    }
}

/// The last day a status can have held on; none for those that may hold today.
#[must_use]
pub fn last_day(status: HouseholdStatusKind) -> Option<NaiveDate> {
    (status == HouseholdStatusKind::RegisteredPoor).then_some(REGISTERED[1])
}

/// Whether a status existed in this period; open where `to_on` is none.
///
/// # Errors
/// Which end lies outside.
pub fn existed(status: HouseholdStatusKind, from_on: NaiveDate, to_on: Option<NaiveDate>) -> Result<(), PeriodError> {
    let first = match status {
        HouseholdStatusKind::RegisteredPoor => REGISTERED[0],
        HouseholdStatusKind::Lifted => LIFTED_FROM,
        _ => MONITORED_FROM,
    };
    let last = last_day(status);
    if from_on < first || last.is_some_and(|last| from_on > last) {
        return Err(PeriodError::Begins);
    }
    if to_on.is_some_and(|to_on| to_on < from_on) {
        return Err(PeriodError::Reversed);
    }
    if last.is_some_and(|last| to_on.is_none_or(|to_on| to_on > last)) {
        return Err(PeriodError::Ends);
    }
    Ok(())
}

/// A period of a history, as far as the rules look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The row.
    pub id: HouseholdStatusId,
    /// Its status.
    pub status: HouseholdStatusKind,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; none while it holds.
    pub to_on: Option<NaiveDate>,
}

impl Held {
    /// Whether it holds on this day.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> bool {
        self.from_on <= day && self.to_on.is_none_or(|to_on| to_on >= day)
    }
}

/// Whether a status may join the others of its history: those that were annulled are none of them.
///
/// # Errors
/// The first rule it breaks.
pub fn joins(
    history: StatusHistory,
    status: HouseholdStatusKind,
    from_on: NaiveDate,
    to_on: Option<NaiveDate>,
    others: &[Held],
) -> Result<(), PeriodError> {
    if history_of(status) != history {
        return Err(PeriodError::OtherHistory);
    }
    existed(status, from_on, to_on)?;
    let overlaps = |other: &&Held| {
        to_on.is_none_or(|to_on| other.from_on <= to_on) && other.to_on.is_none_or(|end| from_on <= end)
    };
    if let Some(other) = others.iter().find(overlaps) {
        return Err(PeriodError::Overlaps { from_on: other.from_on });
    }
    let monitored = |other: &Held| other.status != HouseholdStatusKind::RiskCleared && other.from_on < from_on;
    if status == HouseholdStatusKind::RiskCleared && !others.iter().any(monitored) {
        return Err(PeriodError::NothingToClear);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use HouseholdStatusKind::{Lifted, MarginalAtRisk, RegisteredPoor, RiskCleared, UnstableLifted};
    use StatusHistory::{Monitoring, Registration};
    use uuid::Uuid;

    fn held(status: HouseholdStatusKind, from_on: NaiveDate, to_on: Option<NaiveDate>) -> Held {
        Held { id: HouseholdStatusId(Uuid::nil()), status, from_on, to_on }
    }

    #[test]
    fn each_status_has_its_years() {
        for (status, from_on, to_on, expected) in [
            (RegisteredPoor, day(2014, 1, 1), Some(day(2020, 12, 31)), Ok(())),
            (RegisteredPoor, day(2013, 12, 31), Some(day(2020, 12, 31)), Err(PeriodError::Begins)),
            (RegisteredPoor, day(2021, 1, 1), None, Err(PeriodError::Begins)),
            (RegisteredPoor, day(2016, 1, 1), None, Err(PeriodError::Ends)),
            (RegisteredPoor, day(2016, 1, 1), Some(day(2021, 1, 1)), Err(PeriodError::Ends)),
            (RegisteredPoor, day(2016, 1, 1), Some(day(2015, 12, 31)), Err(PeriodError::Reversed)),
            (Lifted, day(2021, 1, 1), None, Ok(())),
            (Lifted, day(2020, 12, 31), None, Err(PeriodError::Begins)),
            (MarginalAtRisk, day(2020, 1, 1), None, Ok(())),
            (MarginalAtRisk, day(2019, 12, 31), None, Err(PeriodError::Begins)),
        ] {
            assert_eq!(existed(status, from_on, to_on), expected, "{status:?} {from_on} {to_on:?}");
        }
    }

    #[test]
    fn a_history_says_one_thing_a_day() {
        let lifted = held(Lifted, day(2021, 1, 1), None);
        let joined = joins(Registration, Lifted, day(2022, 1, 1), None, &[lifted]);
        assert_eq!(joined, Err(PeriodError::Overlaps { from_on: day(2021, 1, 1) }));
        let poor = joins(Registration, RegisteredPoor, day(2014, 1, 1), Some(day(2020, 12, 31)), &[lifted]);
        assert_eq!(poor, Ok(()), "the day before belongs to another");
        let ended = held(Lifted, day(2021, 1, 1), Some(day(2022, 1, 1)));
        assert!(joins(Registration, Lifted, day(2022, 1, 1), None, &[ended]).is_err(), "both ends count");
        assert_eq!(joins(Registration, Lifted, day(2022, 1, 2), None, &[ended]), Ok(()));
        assert_eq!(joins(Registration, RiskCleared, day(2022, 1, 2), None, &[]), Err(PeriodError::OtherHistory));
        assert_eq!(joins(Monitoring, Lifted, day(2022, 1, 2), None, &[]), Err(PeriodError::OtherHistory));
    }

    #[test]
    fn a_risk_is_cleared_after_it_was_there() {
        let cleared = |others: &[Held]| joins(Monitoring, RiskCleared, day(2023, 1, 1), None, others);
        assert_eq!(cleared(&[]), Err(PeriodError::NothingToClear));
        let before = held(UnstableLifted, day(2022, 1, 1), Some(day(2022, 12, 31)));
        assert_eq!(cleared(&[before]), Ok(()));
        let later = held(UnstableLifted, day(2024, 1, 1), Some(day(2024, 12, 31)));
        let to_on = Some(day(2023, 12, 31));
        assert_eq!(joins(Monitoring, RiskCleared, day(2023, 1, 1), to_on, &[later]), Err(PeriodError::NothingToClear));
        assert!(later.on(day(2024, 12, 31)) && !later.on(day(2025, 1, 1)) && !later.on(day(2023, 12, 31)));
    }
}
