//! A month as people write it: `2026-05`.

use chrono::NaiveDate;
use entity::time::Timestamp;
use std::{fmt, str::FromStr};

/// A calendar month of the years 2000 to 2999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i32);

/// How long after its end a month may still get receipts that were begun in it.
const GRACE_MILLIS: i64 = 3_600_000;

impl Month {
    /// Of year * 100 + month.
    #[must_use]
    pub fn of(number: i32) -> Option<Self> {
        ((200_001..=299_912).contains(&number) && (1..=12).contains(&(number % 100))).then_some(Self(number))
    }

    /// Year * 100 + month.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// First and last day.
    #[must_use]
    pub fn days(self) -> (NaiveDate, NaiveDate) {
        let first = |number: i32| {
            let month = u32::try_from(number % 100).unwrap_or(1);
            NaiveDate::from_ymd_opt(number / 100, month, 1).unwrap_or_default()
        };
        let next = if self.0 % 100 == 12 { self.0 + 89 } else { self.0 + 1 };
        (first(self.0), first(next).pred_opt().unwrap_or_default())
    }

    /// Whether it is over, and an hour has passed since: no receipt of its days is still being written.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        Timestamp(now.0 - GRACE_MILLIS).business_day() > self.days().1
    }
}

impl FromStr for Month {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (year, month) = text.split_once('-').filter(|_| text.len() == 7).ok_or(())?;
        if !(year.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')) {
            return Err(());
        }
        let (year, month): (i32, i32) = (year.parse().map_err(drop)?, month.parse().map_err(drop)?);
        Self::of(year * 100 + month).ok_or(())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_written_alike() {
        for text in ["2026-05", "2026-12", "2000-01"] {
            assert_eq!(text.parse::<Month>().map(|month| month.to_string()), Ok(text.to_owned()));
        }
        for text in ["2026-13", "2026-00", "26-05", "2026-5", "+026-05", "1999-12", "", "2026-051"] {
            assert_eq!(text.parse::<Month>(), Err(()), "{text}");
        }
    }

    #[test]
    fn a_month_is_over_an_hour_after_its_last_day_in_china() {
        let december = Month::of(202_612).expect("a month");
        let day = |day: u32| NaiveDate::from_ymd_opt(2026, 12, day).expect("a day");
        assert_eq!(december.days(), (day(1), day(31)));
        // 2026-12-31 16:00 UTC is midnight in China.
        let midnight = 1_798_732_800_000;
        assert!(!december.is_over(Timestamp(midnight + GRACE_MILLIS - 1)));
        assert!(december.is_over(Timestamp(midnight + GRACE_MILLIS)));
    }
}
