//! The spring term of 2026 and its hours: orders in the evening, goods in the morning.

use chrono::{Days, NaiveDate};
use entity::time::Timestamp;

/// Weeks of the term.
pub const WEEKS: usize = 18;

/// First Monday.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");

/// The Monday of a week, counted from 0.
pub fn monday(week: usize) -> NaiveDate {
    FIRST + Days::new(u64::try_from(week).unwrap_or_default() * 7)
}

/// First and last day of the term: a Monday and a Friday.
pub fn span() -> (NaiveDate, NaiveDate) {
    (FIRST, monday(WEEKS - 1) + Days::new(4))
}

/// An hour of a day in China.
pub fn at(day: NaiveDate, hour: i64, minute: i64) -> Timestamp {
    const CHINA_HOURS: i64 = 8;
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
    Timestamp(midnight + ((hour - CHINA_HOURS) * 60 + minute) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_ends_on_the_third_of_july() {
        assert_eq!(span().1.to_string(), "2026-07-03");
        // Six in the morning in China is still the day before in UTC, and the same business day.
        let arrival = at(FIRST, 6, 30);
        assert_eq!(arrival.utc().to_rfc3339(), "2026-03-01T22:30:00+00:00");
        assert_eq!(arrival.business_day(), FIRST);
    }
}
