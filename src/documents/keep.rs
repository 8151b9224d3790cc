//! How long a document must be kept (F2). Pure.

use chrono::{Days, Months, NaiveDate};

/// Past the shelf life of goods.
const PAST_SHELF_LIFE: Months = Months::new(6);
/// Past the day of what states no shelf life, and past the end of papers.
const WITHOUT_SHELF_LIFE: Months = Months::new(24);

/// Last day to keep what proves something of goods: six months past their shelf life, or two years past `day`, when they
/// were sent, received or bought, where none is stated (F2).
#[must_use]
pub fn keep_goods(day: NaiveDate, produced_on: Option<NaiveDate>, shelf_life_days: Option<i32>) -> NaiveDate {
    let stated = shelf_life_days.and_then(|days| u64::try_from(days).ok());
    let end = stated.and_then(|days| produced_on.unwrap_or(day).checked_add_days(Days::new(days)));
    match end {
        Some(end) => later(end, PAST_SHELF_LIFE),
        None => later(day, WITHOUT_SHELF_LIFE),
    }
}

/// Last day to keep a paper that ends on `end`: two years past it; none while it has no end.
#[must_use]
pub fn keep_paper(end: Option<NaiveDate>) -> Option<NaiveDate> {
    end.map(|end| later(end, WITHOUT_SHELF_LIFE))
}

fn later(day: NaiveDate, by: Months) -> NaiveDate {
    day.checked_add_months(by).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn goods_papers_are_kept_six_months_past_shelf_life_or_two_years() {
        let sent = day("2026-03-02");
        assert_eq!(keep_goods(sent, Some(day("2026-03-01")), Some(30)), day("2026-09-30"));
        assert_eq!(keep_goods(sent, None, Some(30)), day("2026-10-01"));
        assert_eq!(keep_goods(sent, Some(day("2026-03-01")), None), day("2028-03-02"));
        assert_eq!(keep_goods(day("2024-02-29"), None, None), day("2026-02-28"));
        assert_eq!(keep_paper(Some(day("2026-12-31"))), Some(day("2028-12-31")));
        assert_eq!(keep_paper(None), None);
    }
}
