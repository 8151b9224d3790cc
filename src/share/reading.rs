//! The arithmetic of a share: which classes qualify, exact sums, integer comparison, rounding down. Pure.

use crate::ledger::{OriginClass, ProducerClass, PurchaseClass};
use entity::{fixed::Fixed, money::Fen, weight::Gram};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use utoipa::ToSchema;

/// Basis points in a whole.
pub const WHOLE_BP: i64 = 10_000;

/// Which purchases an indicator's rule names, before evidence is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Grown in a listed county (S5 a).
    Listed,
    /// Grown by a registered or lifted household (S5 b).
    Household,
    /// Either (S5 a or b): the built-in reading.
    ListedOrHousehold,
    /// Both (S5 a and b).
    ListedAndHousehold,
    /// Grown in the province.
    InProvince,
    /// Grown in a deep-poverty county.
    DeepPoverty,
}

impl Rule {
    /// The rule of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "listed" => Self::Listed,
            "household" => Self::Household,
            "listed_or_household" => Self::ListedOrHousehold,
            "listed_and_household" => Self::ListedAndHousehold,
            "in_province" => Self::InProvince,
            "deep_poverty" => Self::DeepPoverty,
            _ => return None,
        })
    }

    /// Whether a class qualifies. Without evidence none does (S6).
    #[must_use]
    pub fn qualifies(self, class: PurchaseClass) -> bool {
        use OriginClass::{DeepPovertyCounty, DeepPovertyKeyCounty, InProvince, KeyCounty, ListedCounty};
        let listed = matches!(class.origin, ListedCounty | KeyCounty | DeepPovertyCounty | DeepPovertyKeyCounty);
        let household = matches!(class.producer, ProducerClass::RegisteredHousehold | ProducerClass::LiftedHousehold);
        class.evidence
            && match self {
                Self::Listed => listed,
                Self::Household => household,
                Self::ListedOrHousehold => listed || household,
                Self::ListedAndHousehold => listed && household,
                Self::InProvince => listed || class.origin == InProvince,
                Self::DeepPoverty => matches!(class.origin, DeepPovertyCounty | DeepPovertyKeyCounty),
            }
    }

    /// Codes of the classes that qualify.
    #[must_use]
    pub fn classes(self) -> Vec<i32> {
        PurchaseClass::all().filter(|class| self.qualifies(*class)).map(PurchaseClass::code).collect()
    }
}

/// Sums over some lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Amount.
    pub amount: Fen,
    /// Known weight.
    pub weight: Gram,
    /// Amount of the lines whose weight is unknown (S7).
    pub unknown_weight_amount: Fen,
    /// How many those are.
    pub unknown_weight_lines: i64,
    /// Lines.
    pub lines: i64,
}

impl Sums {
    /// What takes these sums away again when it is added.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self {
            amount: Fen(-self.amount.0),
            weight: Gram(-self.weight.0),
            unknown_weight_amount: Fen(-self.unknown_weight_amount.0),
            unknown_weight_lines: -self.unknown_weight_lines,
            lines: -self.lines,
        }
    }

    /// Adds. Ranges are bounded to years, so that an `i64` of fen or grams is far from full.
    pub fn add(&mut self, other: &Self) {
        self.amount.0 += other.amount.0;
        self.weight.0 += other.weight.0;
        self.unknown_weight_amount.0 += other.unknown_weight_amount.0;
        self.unknown_weight_lines += other.unknown_weight_lines;
        self.lines += other.lines;
    }
}

/// Hundredths of a percent, rounded down; `None` where there is nothing to divide by (S7, S8).
#[must_use]
pub fn share_bp(part: i64, whole: i64) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    i64::try_from((i128::from(part) * i128::from(WHOLE_BP)).div_euclid(i128::from(whole))).ok()
}

/// Whether the exact share reaches the target: `part × 10000 ≥ whole × target` (S8). Undefined for nothing bought.
#[must_use]
pub fn meets(part: i64, whole: i64, target_bp: i64) -> Option<bool> {
    (whole > 0).then(|| i128::from(part) * i128::from(WHOLE_BP) >= i128::from(whole) * i128::from(target_bp))
}

/// The least that must still be bought from qualifying sources, and from nowhere else, for the share to reach the
/// target; `None` where that cannot be (a target of 100 % with other purchases made).
#[must_use]
pub fn still_needed(part: i64, whole: i64, target_bp: i64) -> Option<i64> {
    let gap = i128::from(whole) * i128::from(target_bp) - i128::from(part) * i128::from(WHOLE_BP);
    if gap <= 0 {
        return Some(0);
    }
    let rest = i128::from(WHOLE_BP - target_bp);
    if rest <= 0 {
        return None;
    }
    i64::try_from((gap + rest - 1) / rest).ok()
}

/// Hundredths of a percent. Written as a decimal string with two places: 4999 is `"49.99"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub i64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Fixed::new(self.0, 2).as_str())
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Fixed::new(self.0, 2).as_str())
    }
}

/// A share by amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AmountShare {
    /// What qualifies.
    pub numerator: Fen,
    /// All that was bought.
    pub denominator: Fen,
    /// Rounded down to two places; null where nothing was bought (S7).
    #[schema(value_type = Option<String>, example = "52.31")]
    pub percent: Option<Percent>,
}

/// A share by weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WeightShare {
    /// What qualifies.
    pub numerator: Gram,
    /// All that was bought and whose weight is known.
    pub denominator: Gram,
    /// Rounded down to two places; null where nothing of known weight was bought (S7).
    #[schema(value_type = Option<String>, example = "55.02")]
    pub percent: Option<Percent>,
}

impl AmountShare {
    /// The share of `part` in `whole`.
    #[must_use]
    pub fn of(part: Fen, whole: Fen) -> Self {
        Self { numerator: part, denominator: whole, percent: share_bp(part.0, whole.0).map(Percent) }
    }
}

impl WeightShare {
    /// The share of `part` in `whole`.
    #[must_use]
    pub fn of(part: Gram, whole: Gram) -> Self {
        Self { numerator: part, denominator: whole, percent: share_bp(part.0, whole.0).map(Percent) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_below_the_target_never_shows_as_reaching_it() {
        // 49.996 %
        assert_eq!(share_bp(49_996, 100_000).map(|bp| Percent(bp).to_string()).as_deref(), Some("49.99"));
        assert_eq!(meets(49_996, 100_000, 5_000), Some(false));
        assert_eq!(meets(50_000, 100_000, 5_000), Some(true));
        assert_eq!((share_bp(0, 0), meets(0, 0, 5_000)), (None, None));
    }

    #[test]
    fn what_is_still_needed_brings_the_share_to_the_target() {
        assert_eq!(still_needed(40, 100, 5_000), Some(20));
        assert_eq!(still_needed(50, 100, 5_000), Some(0));
        assert_eq!(still_needed(0, 0, 5_000), Some(0));
        assert_eq!(still_needed(99, 100, 10_000), None);
    }

    #[test]
    fn the_four_readings_nest() {
        for class in PurchaseClass::all() {
            let reads = |rule: Rule| rule.qualifies(class);
            assert_eq!(reads(Rule::ListedOrHousehold), reads(Rule::Listed) || reads(Rule::Household));
            assert_eq!(reads(Rule::ListedAndHousehold), reads(Rule::Listed) && reads(Rule::Household));
            assert!(!reads(Rule::DeepPoverty) || reads(Rule::Listed));
            assert!(!reads(Rule::Listed) || reads(Rule::InProvince));
            assert!(class.evidence || !reads(Rule::ListedOrHousehold));
        }
    }

    proptest! {
        #[test]
        fn a_shown_share_is_at_most_the_exact_one(part in 0..=1_000_000_000_000_i64, rest in 0..=1_000_000_000_000_i64) {
            let whole = part + rest;
            match share_bp(part, whole) {
                None => prop_assert_eq!(whole, 0),
                Some(bp) => {
                    let (shown, exact) = (i128::from(bp) * i128::from(whole), i128::from(part) * 10_000);
                    prop_assert!(shown <= exact && exact < shown + i128::from(whole));
                    prop_assert_eq!(meets(part, whole, bp), Some(true));
                    prop_assert_eq!(meets(part, whole, bp + 1), Some(false));
                }
            }
        }

        #[test]
        fn what_is_needed_is_enough_and_no_fen_too_much(
            part in 0..=1_000_000_000_i64, rest in 0..=1_000_000_000_i64, target in 1..10_000_i64,
        ) {
            let whole = part + rest;
            let more = still_needed(part, whole, target).expect("a target below the whole can be reached");
            prop_assert!(whole + more == 0 || meets(part + more, whole + more, target) == Some(true));
            if more > 0 {
                prop_assert_ne!(meets(part + more - 1, whole + more - 1, target), Some(true));
            }
        }
    }
}
