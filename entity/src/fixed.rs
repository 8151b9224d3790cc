//! Whole numbers of hundredths or thousandths as decimal text. A roll-up's answer holds tens of thousands of these: they
//! are written without the machinery of formatting and without memory of their own.

/// A number as text: at most nineteen digits, a point and a minus, filled from the end.
pub struct Fixed {
    bytes: [u8; Self::LONGEST],
    start: usize,
}

impl Fixed {
    const LONGEST: usize = 21;

    /// `value` with its last `places` digits behind the point: `(-5, 2)` is `-0.05`.
    #[must_use]
    pub fn new(value: i64, places: usize) -> Self {
        let mut text = Self { bytes: [b'0'; Self::LONGEST], start: Self::LONGEST };
        let mut rest = value.unsigned_abs();
        for digit in 0.. {
            if digit > places && rest == 0 {
                break;
            }
            if digit == places {
                text.push(b'.');
            }
            text.push(b'0' + u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
        }
        if value < 0 {
            text.push(b'-');
        }
        text
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    #[test]
    fn small_ones_keep_their_zeros() {
        for (value, places, text) in [(0, 2, "0.00"), (-5, 2, "-0.05"), (1_000, 3, "1.000"), (-10_500, 3, "-10.500")] {
            assert_eq!(Fixed::new(value, places).as_str(), text);
        }
        assert_eq!(Fixed::new(i64::MIN, 2).as_str(), "-92233720368547758.08");
        assert_eq!(Fixed::new(i64::MAX, 3).as_str(), "9223372036854775.807");
    }

    proptest! {
        #[test]
        fn it_reads_as_a_decimal_does(value: i64, places in 2..=3_u8) {
            let (fixed, decimal) = (Fixed::new(value, places.into()), Decimal::new(value, places.into()));
            prop_assert_eq!(fixed.as_str(), decimal.to_string());
        }
    }
}
