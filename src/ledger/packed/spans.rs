//! Spans of months: a month, a quarter, a half-year, each a number. Any range of months is made of few of them.

/// A month is `year * 100 + 1..=12`; of a quarter and a half-year the last two digits begin here.
const QUARTER: i32 = 20;
const HALF: i32 = 30;

/// The spans a month lies in.
#[must_use]
pub fn spans_of(month: i32) -> [i32; 3] {
    let (year, month_of_year) = (month / 100 * 100, month % 100);
    [month, year + QUARTER + (month_of_year + 2) / 3, year + HALF + (month_of_year + 5) / 6]
}

/// The same of a column `month`, for each row of [`KINDS_IN_SQL`].
pub(super) const IN_SQL: &str = "case kinds.kind when 1 then month when 2 then month / 100 * 100 + 20 + (month % 100 + 2) / 3 \
    else month / 100 * 100 + 30 + (month % 100 + 5) / 6 end";
pub(super) const KINDS_IN_SQL: &str = "select 1 as kind union all select 2 union all select 3";

/// The months from the first to the last.
#[must_use]
pub fn months_of((first, last): (i32, i32)) -> Vec<i32> {
    let next = |month: &i32| Some(if month % 100 == 12 { month + 89 } else { month + 1 });
    std::iter::successors(Some(first), next).take_while(|month| *month <= last).collect()
}

/// The fewest spans that are the months from the first to the last.
#[must_use]
pub fn made_of((first, last): (i32, i32)) -> Vec<i32> {
    let mut spans = Vec::new();
    let mut month = first;
    while month <= last {
        let [alone, quarter, half] = spans_of(month);
        let (year, month_of_year) = (month / 100 * 100, month % 100);
        let (span, months) = match month_of_year % 6 {
            1 if year + month_of_year + 5 <= last => (half, 6),
            1 | 4 if year + month_of_year + 2 <= last => (quarter, 3),
            _ => (alone, 1),
        };
        spans.push(span);
        let next = month_of_year + months;
        month = if next > 12 { year + 100 + next - 12 } else { year + next };
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_school_year_is_three_spans() {
        assert_eq!(made_of((202_509, 202_606)), [202_509, 202_524, 202_631]);
        assert_eq!(made_of((202_601, 202_612)), [202_631, 202_632]);
        assert_eq!(made_of((202_602, 202_602)), [202_602]);
        assert_eq!(made_of((202_604, 202_610)), [202_622, 202_623, 202_610]);
        assert_eq!(made_of((202_603, 202_602)), [0; 0]);
    }

    proptest! {
        #[test]
        fn every_month_of_a_range_lies_in_one_of_its_spans(first in 0i32..36, length in 1i32..60) {
            let number = |at: i32| (2024 + at / 12) * 100 + at % 12 + 1;
            let range = (number(first), number(first + length - 1));
            let spans = made_of(range);
            for at in 0..120 {
                let month = number(at);
                let held = spans_of(month).iter().filter(|span| spans.contains(span)).count();
                prop_assert_eq!(held, usize::from((range.0..=range.1).contains(&month)), "{}", month);
            }
        }
    }
}
