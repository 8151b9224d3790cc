//! Where a school belonged on each day, and the plan of a move.
//!
//! Ledger lines keep the county and unit of their day (S3); who should report in a period follows this history (S9).
//! What lies in the past never changes: a move begins tomorrow at the earliest.

use chrono::NaiveDate;
use entity::{id::SchoolId, school, school_affiliation};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

/// Where a school lies and to whom it reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Township or county.
    pub division_code: String,
    /// County.
    pub county_code: String,
    /// Reporting unit.
    pub reporting_unit_code: String,
}

impl Seat {
    fn of(row: &school_affiliation::Model) -> Self {
        Self {
            division_code: row.division_code.clone(),
            county_code: row.county_code.clone(),
            reporting_unit_code: row.reporting_unit_code.clone(),
        }
    }

    /// Where the school's own row says it is.
    #[must_use]
    pub fn today(school: &school::Model) -> Self {
        Self {
            division_code: school.division_code.clone(),
            county_code: school.county_code.clone(),
            reporting_unit_code: school.reporting_unit_code.clone(),
        }
    }

    /// As a row of the history.
    #[must_use]
    pub fn from(self, school_id: SchoolId, from_on: NaiveDate) -> school_affiliation::Model {
        let Self { division_code, county_code, reporting_unit_code } = self;
        school_affiliation::Model { school_id, from_on, to_on: None, division_code, county_code, reporting_unit_code }
    }
}

/// The history of one school, oldest first, without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affiliations(Vec<school_affiliation::Model>);

/// What a move does to the history.
#[derive(Debug, PartialEq, Eq)]
pub struct Move {
    /// The row that holds today, with its new last day.
    pub current: school_affiliation::Model,
    /// The row that follows it; none where a planned move is taken back.
    pub next: Option<school_affiliation::Model>,
}

impl Affiliations {
    /// Reads the history of a school.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find(db: &impl ConnectionTrait, school: SchoolId) -> Result<Self, DbErr> {
        let rows = school_affiliation::Entity::find()
            .filter(school_affiliation::COLUMN.school_id.eq(school))
            .order_by_asc(school_affiliation::Column::FromOn)
            .all(db)
            .await?;
        Ok(Self(rows))
    }

    /// Where the school belonged that day; before its first day, where it was first.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> Option<&school_affiliation::Model> {
        self.0.iter().rev().find(|row| row.from_on <= day).or(self.0.first())
    }

    /// The rows, oldest first.
    #[must_use]
    pub fn rows(&self) -> &[school_affiliation::Model] {
        &self.0
    }

    /// The school as it stood that day.
    #[must_use]
    pub fn seat(&self, school: &school::Model, day: NaiveDate) -> Seat {
        self.on(day).map_or_else(|| Seat::today(school), Seat::of)
    }

    /// Plans a move from `from_on`, which lies after `today`. Moves planned before and not begun are replaced.
    ///
    /// `None` where the school is there already and nothing else is planned.
    #[must_use]
    pub fn plan(&self, to: Seat, from_on: NaiveDate, today: NaiveDate) -> Option<Move> {
        let current = self.on(today)?;
        let planned = self.0.iter().any(|row| row.from_on > today);
        if Seat::of(current) == to {
            return planned.then(|| Move { current: ending(current, None), next: None });
        }
        let next = to.from(current.school_id, from_on);
        Some(Move { current: ending(current, from_on.pred_opt()), next: Some(next) })
    }
}

fn ending(row: &school_affiliation::Model, to_on: Option<NaiveDate>) -> school_affiliation::Model {
    school_affiliation::Model { to_on, ..row.clone() }
}

/// Relation of the schools as they stood on `day`, to be joined instead of `school`.
#[must_use]
pub fn schools_on(day: NaiveDate) -> String {
    // A date of chrono's has no character that could leave the quotes.
    format!(
        "(select s.id, s.code, s.name, s.stage, coalesce(a.division_code, s.division_code) as division_code, \
         coalesce(a.county_code, s.county_code) as county_code, \
         coalesce(a.reporting_unit_code, s.reporting_unit_code) as reporting_unit_code, \
         s.rural, s.nutrition_program, s.diners, s.opened_on, s.closed_on, s.version \
         from school s left join school_affiliation a on a.school_id = s.id \
         and a.from_on <= '{day}' and (a.to_on is null or a.to_on >= '{day}'))"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date") + chrono::Days::new(u64::from(number))
    }

    fn seat(number: u8) -> Seat {
        let code = format!("5205{number:02}");
        Seat { division_code: code.clone(), county_code: code.clone(), reporting_unit_code: code }
    }

    /// Carries a plan out as the store does.
    fn carry_out(history: &mut Affiliations, plan: Move, today: NaiveDate) {
        history.0.retain(|row| row.from_on <= today);
        *history.0.last_mut().expect("a row") = plan.current;
        history.0.extend(plan.next);
    }

    proptest! {
        #[test]
        fn moves_leave_no_gap_and_no_overlap_and_never_touch_the_past(
            steps in proptest::collection::vec((0_u32..40, 1_u32..60, 0_u8..4), 1..12),
        ) {
            let mut history = Affiliations(vec![seat(0).from(SchoolId(Uuid::nil()), day(0))]);
            let mut today = 0;
            for (passes, ahead, place) in steps {
                today += passes;
                let before = history.clone();
                let Some(plan) = history.plan(seat(place), day(today + ahead), day(today)) else { continue };
                carry_out(&mut history, plan, day(today));
                for past in 0..=today {
                    prop_assert_eq!(before.on(day(past)).map(Seat::of), history.on(day(past)).map(Seat::of));
                }
                for pair in history.0.windows(2) {
                    prop_assert_eq!(pair[0].to_on.and_then(|last| last.succ_opt()), Some(pair[1].from_on));
                }
                prop_assert_eq!(history.0.last().and_then(|last| last.to_on), None);
                prop_assert_eq!(history.on(day(today + ahead)).map(Seat::of), Some(seat(place)));
            }
        }
    }

    #[test]
    fn a_move_to_where_it_is_takes_a_planned_one_back() {
        let mut history = Affiliations(vec![seat(0).from(SchoolId(Uuid::nil()), day(0))]);
        assert_eq!(history.plan(seat(0), day(9), day(5)), None);
        let plan = history.plan(seat(1), day(9), day(5)).expect("a move");
        carry_out(&mut history, plan, day(5));
        let back = history.plan(seat(0), day(20), day(6)).expect("taken back");
        carry_out(&mut history, back, day(6));
        assert_eq!(history.0, [seat(0).from(SchoolId(Uuid::nil()), day(0))]);
    }
}
