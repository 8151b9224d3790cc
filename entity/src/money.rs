//! Money as integer fen; yuan with two decimals only at the JSON edge.

use crate::{
    fixed::Fixed,
    weight::{BaseQuantity, plain_decimal},
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use thiserror::Error;
use utoipa::ToSchema;

/// An amount in fen (1/100 yuan). Written and read as a decimal string in yuan with two places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, ToSchema)]
#[schema(value_type = String, pattern = r"^-?\d{1,12}\.\d{2}$", example = "12.30")]
pub struct Fen(pub i64);

/// Why a text is not an amount. The message is the stable code clients see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Not a decimal number.
    #[error("money_malformed")]
    Malformed,
    /// More than two decimals: refused, never rounded.
    #[error("money_scale")]
    Scale,
    /// Below zero.
    #[error("money_negative")]
    Negative,
    /// Above [`Fen::MAX_INPUT`].
    #[error("money_too_large")]
    TooLarge,
}

impl Fen {
    /// The largest amount a request may carry: 9,999,999.99 yuan.
    pub const MAX_INPUT: Self = Self(999_999_999);

    /// Reads yuan such as `"12.3"` or `"12.30"`.
    ///
    /// # Errors
    /// [`MoneyError`] for anything that is not a decimal of at most two places between 0 and [`Self::MAX_INPUT`].
    pub fn parse_yuan(text: &str) -> Result<Self, MoneyError> {
        let yuan = plain_decimal(text).ok_or(MoneyError::Malformed)?;
        if yuan.scale() > 2 {
            return Err(MoneyError::Scale);
        }
        if yuan.is_sign_negative() && !yuan.is_zero() {
            return Err(MoneyError::Negative);
        }
        let fen = yuan.checked_mul(Decimal::ONE_HUNDRED).and_then(|fen| fen.to_i64()).ok_or(MoneyError::TooLarge)?;
        if fen > Self::MAX_INPUT.0 { Err(MoneyError::TooLarge) } else { Ok(Self(fen)) }
    }

    /// What `quantity` costs at `self` per `per`, rounded half up to the fen, once (O2).
    /// `None` when the result leaves the range of an `i64` or `per` is not positive.
    #[must_use]
    pub fn times(self, quantity: BaseQuantity, per: BaseQuantity) -> Option<Self> {
        if per.0 <= 0 {
            return None;
        }
        let (price, quantity, per) = (i128::from(self.0), i128::from(quantity.0), i128::from(per.0));
        let doubled = price.checked_mul(quantity)?.checked_mul(2)?.checked_add(per)?;
        i64::try_from(doubled.div_euclid(per.checked_mul(2)?)).ok().map(Self)
    }

    /// Sum that refuses to overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Fixed::new(self.0, 2).as_str())
    }
}

impl Serialize for Fen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Fixed::new(self.0, 2).as_str())
    }
}

impl<'de> Deserialize<'de> for Fen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_yuan(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_third_decimal_is_refused_not_rounded() {
        assert_eq!(Fen::parse_yuan("12.30"), Ok(Fen(1230)));
        assert_eq!(Fen::parse_yuan("12.300"), Err(MoneyError::Scale));
        assert_eq!(Fen::parse_yuan("-0.01"), Err(MoneyError::Negative));
        assert_eq!(Fen::parse_yuan("1e3"), Err(MoneyError::Malformed));
        assert_eq!(Fen::parse_yuan(""), Err(MoneyError::Malformed));
        assert_eq!(Fen::parse_yuan("10000000.00"), Err(MoneyError::TooLarge));
        assert_eq!(Fen::parse_yuan("79228162514264337593543950335"), Err(MoneyError::TooLarge));
    }

    #[test]
    fn half_a_fen_rounds_up() {
        // 1.05 yuan per jin (500 g): 250 g cost 52.5 fen.
        assert_eq!(Fen(105).times(BaseQuantity(250), BaseQuantity(500)), Some(Fen(53)));
        assert_eq!(Fen(105).times(BaseQuantity(249), BaseQuantity(500)), Some(Fen(52)));
        assert_eq!(Fen(1).times(BaseQuantity(1), BaseQuantity(0)), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(fen in 0..=Fen::MAX_INPUT.0) {
            prop_assert_eq!(Fen::parse_yuan(&Fen(fen).to_string()), Ok(Fen(fen)));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            if let Ok(fen) = Fen::parse_yuan(&text) {
                prop_assert!(fen.0 >= 0 && fen <= Fen::MAX_INPUT);
            }
        }

        #[test]
        fn an_amount_is_within_half_a_fen_of_the_exact_one(
            price in 0..=Fen::MAX_INPUT.0, quantity in 0..=1_000_000_000_i64, per in 1..=5_000_000_i64,
        ) {
            let amount = Fen(price).times(BaseQuantity(quantity), BaseQuantity(per));
            let exact = i128::from(price) * i128::from(quantity);
            match amount {
                // |amount * per - exact| <= per / 2, with the half on the upper side.
                Some(Fen(fen)) => {
                    let off = 2 * (i128::from(fen) * i128::from(per) - exact);
                    prop_assert!(off <= i128::from(per) && off > -i128::from(per));
                }
                None => prop_assert!(exact / i128::from(per) >= i128::from(i64::MAX)),
            }
        }
    }
}
