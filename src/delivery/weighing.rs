//! Gross − tare − deduction = net; net − rejected = accepted; paid on what is accepted (F1). Pure.

use entity::{
    money::Fen,
    weight::{BaseQuantity, Gram},
};
use thiserror::Error;

/// What the scale and the inspectors say of one line, in grams or pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighing {
    /// On the scale.
    pub gross: BaseQuantity,
    /// Packaging.
    pub tare: BaseQuantity,
    /// Dirt, water, ice.
    pub deduction: BaseQuantity,
    /// Refused goods.
    pub rejected: BaseQuantity,
}

/// Why a weighing cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WeighingError {
    /// More taken off than was weighed.
    #[error("tare, deduction and rejected goods exceed the gross weight")]
    NegativeNet,
    /// More arrived than was sent, beyond the tolerance.
    #[error("net weight above what was sent")]
    AboveSent {
        /// The most that can be accepted as this line.
        most: BaseQuantity,
    },
}

/// Basis points in a whole.
const WHOLE_BP: i128 = 10_000;

/// The most that may be weighed where `sent` was sent, with a tolerance in basis points, rounded down.
#[must_use]
pub fn upper_bound(sent: BaseQuantity, tolerance_bp: i64) -> BaseQuantity {
    let most = i128::from(sent.0) * (WHOLE_BP + i128::from(tolerance_bp)) / WHOLE_BP;
    BaseQuantity(i64::try_from(most).unwrap_or(i64::MAX))
}

impl Weighing {
    /// The accepted quantity.
    ///
    /// # Errors
    /// [`WeighingError`] when more was taken off than weighed, or the net is above `sent` by more than `tolerance_bp`.
    pub fn accept(&self, sent: BaseQuantity, tolerance_bp: i64) -> Result<BaseQuantity, WeighingError> {
        let net = self
            .gross
            .0
            .checked_sub(self.tare.0)
            .and_then(|rest| rest.checked_sub(self.deduction.0))
            .filter(|net| *net >= self.rejected.0)
            .ok_or(WeighingError::NegativeNet)?;
        let most = upper_bound(sent, tolerance_bp);
        if net > most.0 {
            return Err(WeighingError::AboveSent { most });
        }
        Ok(BaseQuantity(net - self.rejected.0))
    }
}

/// What the accepted quantity costs at the frozen price.
#[must_use]
pub fn accepted_amount(price: Fen, per: BaseQuantity, accepted: BaseQuantity) -> Option<Fen> {
    price.times(accepted, per)
}

/// What `part` weighs of `accepted` goods that weigh `whole` together, rounded half up to the gram: all of it weighs all,
/// goods sold by weight weigh what they are. None where nothing was accepted.
#[must_use]
pub fn part_weight(whole: Gram, accepted: BaseQuantity, part: BaseQuantity) -> Option<Gram> {
    if accepted.0 <= 0 {
        return None;
    }
    let doubled = i128::from(whole.0) * i128::from(part.0) * 2 + i128::from(accepted.0);
    i64::try_from(doubled.div_euclid(i128::from(accepted.0) * 2)).ok().map(Gram)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weighing(gross: i64, tare: i64, deduction: i64, rejected: i64) -> Weighing {
        Weighing {
            gross: BaseQuantity(gross),
            tare: BaseQuantity(tare),
            deduction: BaseQuantity(deduction),
            rejected: BaseQuantity(rejected),
        }
    }

    #[test]
    fn one_percent_above_what_was_sent_is_the_end() {
        let sent = BaseQuantity(10_000);
        assert_eq!(weighing(10_400, 300, 0, 0).accept(sent, 100), Ok(BaseQuantity(10_100)));
        let most = BaseQuantity(10_100);
        assert_eq!(weighing(10_401, 300, 0, 0).accept(sent, 100), Err(WeighingError::AboveSent { most }));
        assert_eq!(weighing(30, 0, 0, 0).accept(BaseQuantity(30), 0), Ok(BaseQuantity(30)));
        assert!(weighing(31, 0, 0, 0).accept(BaseQuantity(30), 0).is_err());
    }

    #[test]
    fn a_part_weighs_its_part() {
        assert_eq!(part_weight(Gram(1_560), BaseQuantity(30), BaseQuantity(29)), Some(Gram(1_508)));
        // 1000 g of 3 pieces: two weigh 666.67 g, half a gram rounds up.
        assert_eq!(part_weight(Gram(1_000), BaseQuantity(3), BaseQuantity(2)), Some(Gram(667)));
        assert_eq!(part_weight(Gram(1), BaseQuantity(2), BaseQuantity(1)), Some(Gram(1)));
        assert_eq!(part_weight(Gram(1), BaseQuantity(0), BaseQuantity(0)), None);
    }

    proptest! {
        #[test]
        fn a_part_weighs_no_more_than_the_whole(
            whole in 0..10_000_000_000_i64, accepted in 1..10_000_000_000_i64, part in 0..10_000_000_000_i64,
        ) {
            let weighs = |part| part_weight(Gram(whole), BaseQuantity(accepted), BaseQuantity(part));
            prop_assert_eq!(weighs(accepted), Some(Gram(whole)));
            prop_assert_eq!(part_weight(Gram(accepted), BaseQuantity(accepted), BaseQuantity(part)), Some(Gram(part)));
            let part = part.min(accepted);
            prop_assert!(weighs(part) <= Some(Gram(whole)) && weighs(part) >= Some(Gram(0)));
        }

        #[test]
        fn what_is_accepted_and_taken_off_is_what_was_weighed(
            gross in 0..10_000_000_000_i64, tare in 0..10_000_000_000_i64, deduction in 0..10_000_000_000_i64,
            rejected in 0..10_000_000_000_i64, sent in 1..10_000_000_000_i64,
        ) {
            match weighing(gross, tare, deduction, rejected).accept(BaseQuantity(sent), 100) {
                Ok(accepted) => {
                    prop_assert!(accepted.0 >= 0);
                    prop_assert_eq!(gross, tare + deduction + rejected + accepted.0);
                }
                Err(WeighingError::NegativeNet) => prop_assert!(tare + deduction + rejected > gross),
                Err(WeighingError::AboveSent { most }) => prop_assert!(gross - tare - deduction > most.0),
            }
        }
    }
}
