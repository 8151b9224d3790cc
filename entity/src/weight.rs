//! Weight as integer grams, stock as integer grams or pieces; kilograms only at the JSON edge.

use crate::fixed::Fixed;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use thiserror::Error;
use utoipa::ToSchema;

/// A weight in grams. Written and read as a decimal string in kilograms with three places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, ToSchema)]
#[schema(value_type = String, pattern = r"^-?\d{1,15}\.\d{3}$", example = "10.500")]
pub struct Gram(pub i64);

/// Stock, ordered and received quantities: grams for goods sold by weight, pieces for goods sold by count (O1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
pub struct BaseQuantity(pub i64);

/// Why a text is not a quantity. The message is the stable code clients see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// Not a decimal number.
    #[error("quantity_malformed")]
    Malformed,
    /// Finer than a gram, or a fraction of a piece.
    #[error("quantity_scale")]
    Scale,
    /// Below zero.
    #[error("quantity_negative")]
    Negative,
    /// Above [`BaseQuantity::MAX_INPUT`].
    #[error("quantity_too_large")]
    TooLarge,
}

/// Reads digits with at most one point between them and perhaps a minus before: no exponent, no `+`, no `_`.
pub(crate) fn plain_decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > 40 || !plain(whole) || !plain(fraction) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

/// Grams in a kilogram.
pub const GRAMS_PER_KG: i64 = 1000;

impl BaseQuantity {
    /// The largest quantity a request may carry: 10,000 tonnes, or ten thousand million pieces.
    pub const MAX_INPUT: Self = Self(10_000_000_000);

    /// Reads a decimal count of units of `per_unit` grams or pieces each, exactly.
    ///
    /// # Errors
    /// [`QuantityError`] where the result is not a whole, non-negative number up to [`Self::MAX_INPUT`].
    pub fn parse(text: &str, per_unit: i64) -> Result<Self, QuantityError> {
        let count = plain_decimal(text).ok_or(QuantityError::Malformed)?;
        if count.is_sign_negative() && !count.is_zero() {
            return Err(QuantityError::Negative);
        }
        let base = count.checked_mul(Decimal::from(per_unit)).ok_or(QuantityError::TooLarge)?;
        if base > Decimal::from(Self::MAX_INPUT.0) {
            return Err(QuantityError::TooLarge);
        }
        if !base.fract().is_zero() {
            return Err(QuantityError::Scale);
        }
        base.to_i64().map(Self).ok_or(QuantityError::TooLarge)
    }
}

impl BaseQuantity {
    /// The count of units of `unit_base` grams or pieces each, as a decimal: exact where it was typed in that unit,
    /// rounded down to six places otherwise.
    #[must_use]
    pub fn in_units(self, unit_base: Self) -> String {
        let per = Decimal::from(unit_base.0.max(1));
        let count = Decimal::from(self.0).checked_div(per).unwrap_or_default();
        count.round_dp_with_strategy(6, RoundingStrategy::ToZero).normalize().to_string()
    }
}

/// A quantity as people read it: a decimal and a unit code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// Decimal count of units.
    #[schema(example = "20")]
    pub quantity: String,
    /// Unit code.
    #[schema(example = "jin")]
    pub unit: String,
}

impl fmt::Display for Gram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Fixed::new(self.0, 3).as_str())
    }
}

impl Serialize for Gram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Fixed::new(self.0, 3).as_str())
    }
}

impl<'de> Deserialize<'de> for Gram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BaseQuantity::parse(&text, GRAMS_PER_KG).map(|base| Self(base.0)).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn twenty_jin_are_ten_kilograms() {
        assert_eq!(BaseQuantity::parse("20", 500), Ok(BaseQuantity(10_000)));
        assert_eq!(BaseQuantity::parse("0.5", 500), Ok(BaseQuantity(250)));
        assert_eq!(BaseQuantity::parse("0.001", 500), Err(QuantityError::Scale));
        assert_eq!(BaseQuantity::parse("0.5", 1), Err(QuantityError::Scale));
        assert_eq!(BaseQuantity::parse("-1", 500), Err(QuantityError::Negative));
        assert_eq!(BaseQuantity::parse("1e2", 500), Err(QuantityError::Malformed));
        assert_eq!(BaseQuantity::parse("99999999999999999999999999999", 5_000_000), Err(QuantityError::Malformed));
        assert_eq!(BaseQuantity::parse("7922816251426433759354395033", 5_000_000), Err(QuantityError::TooLarge));
        for text in ["4_8", "+1", ".5", "5.", "1..2", "１", "-", ""] {
            assert_eq!(BaseQuantity::parse(text, 500), Err(QuantityError::Malformed), "{text}");
        }
        assert_eq!(Gram(-10_500).to_string(), "-10.500");
    }

    #[test]
    fn a_quantity_reads_as_it_was_typed() {
        assert_eq!(BaseQuantity(10_000).in_units(BaseQuantity(500)), "20");
        assert_eq!(BaseQuantity(250).in_units(BaseQuantity(500)), "0.5");
        assert_eq!(BaseQuantity(1).in_units(BaseQuantity(3)), "0.333333");
    }

    proptest! {
        #[test]
        fn kilograms_are_read_back(grams in 0..=BaseQuantity::MAX_INPUT.0) {
            prop_assert_eq!(BaseQuantity::parse(&Gram(grams).to_string(), GRAMS_PER_KG), Ok(BaseQuantity(grams)));
        }

        #[test]
        fn a_whole_number_of_units_converts_exactly(count in 0..=2_000_i64, per_unit in prop::sample::select(vec![1, 50, 500, 1000, 5_000_000])) {
            prop_assert_eq!(BaseQuantity::parse(&count.to_string(), per_unit), Ok(BaseQuantity(count * per_unit)));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}", per_unit in 1..=5_000_000_i64) {
            if let Ok(base) = BaseQuantity::parse(&text, per_unit) {
                prop_assert!(base.0 >= 0 && base <= BaseQuantity::MAX_INPUT);
            }
        }
    }
}
