//! School days.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// The first `days` school days from `from` on: Mondays to Fridays outside the winter and the summer holidays.
pub fn school_days(from: NaiveDate, days: usize) -> Vec<NaiveDate> {
    let all = (0..).map_while(|after| from.checked_add_days(Days::new(after)));
    all.filter(|day| is_school_day(*day)).take(days).collect()
}

fn is_school_day(day: NaiveDate) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let winter = (day.month() == 1 && day.day() > 18) || (day.month() == 2 && day.day() < 18);
    let summer = (day.month() == 7 && day.day() > 12) || day.month() == 8;
    !(weekend || winter || summer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_school_days_end_in_the_next_summer() {
        let first = NaiveDate::from_ymd_opt(2025, 9, 1).expect("a date");
        let days = school_days(first, 200);
        assert_eq!((days.len(), days[0]), (200, first));
        assert!(days.iter().all(|day| day.month() != 8 && day.weekday() != Weekday::Sun));
        let last = days[199].to_string();
        assert!(("2026-06-20".."2026-07-13").contains(&last.as_str()), "{last}");
    }
}
