//! How far apart two places are. Pure; the only file that reckons with floats, and no money comes near it.

/// Mean radius of the earth in metres (IUGG).
const RADIUS: f64 = 6_371_008.8;
/// Millionths of a degree in a metre northwards, rounded up.
const MICRO_DEGREES_A_METRE: i64 = 9;

/// A place on the map, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Degrees north.
    pub latitude: i64,
    /// Degrees east.
    pub longitude: i64,
}

impl Spot {
    /// Reads `26.868000,104.244000`: degrees north and east with up to six decimals; none for what is no place on earth.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (latitude, longitude) = text.split_once(',')?;
        Self { latitude: micro_degrees(latitude)?, longitude: micro_degrees(longitude)? }.checked()
    }

    /// The same spot, where it lies on earth.
    #[must_use]
    pub fn checked(self) -> Option<Self> {
        let on_earth = (-90_000_000..=90_000_000).contains(&self.latitude)
            && (-180_000_000..=180_000_000).contains(&self.longitude);
        on_earth.then_some(self)
    }

    /// Metres to `other` over the ground (haversine), rounded.
    #[must_use]
    #[expect(clippy::float_arithmetic, reason = "the shape of the earth; the result decides an order, not an amount")]
    #[expect(clippy::cast_precision_loss, reason = "millionths of a degree fit 53 bits")]
    #[expect(clippy::cast_possible_truncation, reason = "half the earth's girth fits")]
    pub fn metres_to(self, other: Self) -> i64 {
        let radians = |micro: i64| (micro as f64 / 1e6).to_radians();
        let half = |from: i64, to: i64| (radians(to - from) / 2.0).sin().powi(2);
        let across = radians(self.latitude).cos() * radians(other.latitude).cos();
        let part = half(self.latitude, other.latitude) + across * half(self.longitude, other.longitude);
        (2.0 * RADIUS * part.clamp(0.0, 1.0).sqrt().asin()).round() as i64
    }

    /// The least and greatest latitude and longitude within `metres`; a box that holds the circle. Not across the
    /// antimeridian or over a pole, where no school stands: there the box is the whole belt.
    #[must_use]
    #[expect(clippy::float_arithmetic, reason = "the shape of the earth; the box is made wider than the circle")]
    #[expect(clippy::cast_precision_loss, reason = "millionths of a degree fit 53 bits")]
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the girth")]
    pub fn around(self, metres: i64) -> [i64; 4] {
        let up = metres.saturating_mul(MICRO_DEGREES_A_METRE).min(180_000_000) + 1;
        let (south, north) = (self.latitude - up, self.latitude + up);
        let widest = south.abs().max(north.abs());
        let sideways = if widest >= 89_000_000 {
            360_000_000
        } else {
            let narrowed = (widest as f64 / 1e6).to_radians().cos();
            (up as f64 / narrowed).ceil() as i64 + 1
        };
        let (west, east) = (self.longitude - sideways, self.longitude + sideways);
        if west < -180_000_000 || east > 180_000_000 {
            return [south, north, -180_000_000, 180_000_000];
        }
        [south, north, west, east]
    }
}

/// Millionths of a degree of a decimal with up to six decimals.
fn micro_degrees(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |text: &str, most: usize| {
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { text.parse::<i64>().ok() } else { None }
    };
    number(decimals, 6)?;
    Some(sign * (number(whole, 3)? * 1_000_000 + number(&format!("{decimals:0<6}"), 6)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spot(latitude: i64, longitude: i64) -> Spot {
        Spot { latitude, longitude }
    }

    #[test]
    fn coordinates_are_read_exactly() {
        assert_eq!(Spot::parse("26.868,104.244001"), Some(spot(26_868_000, 104_244_001)));
        assert_eq!(Spot::parse(" -0.5 , 180"), Some(spot(-500_000, 180_000_000)));
        for none in [
            "",
            "26.868",
            "26.868,",
            "91,0",
            "0,180.000001",
            "1e1,0",
            "26.8680001,1",
            "+1,1",
            "--1,1",
            "NaN,0",
            "1,1,1",
            "1.,1",
            ".5,1",
        ] {
            assert_eq!(Spot::parse(none), None, "{none}");
        }
    }

    #[test]
    fn distances_are_those_of_the_map() {
        // Between two towns, worked out elsewhere.
        assert_eq!(spot(26_573_000, 106_717_000).metres_to(spot(26_856_000, 104_284_000)), 243_696);
        // A degree of latitude.
        assert_eq!(spot(26_000_000, 104_000_000).metres_to(spot(27_000_000, 104_000_000)), 111_195);
        assert_eq!(spot(0, 0).metres_to(spot(0, 180_000_000)), 20_015_114);
    }

    proptest! {
        #[test]
        fn the_box_holds_the_circle(
            north in 18_000_000_i64..54_000_000, east in 73_000_000_i64..135_000_000,
            up in -900_000_i64..900_000, right in -900_000_i64..900_000,
        ) {
            let (here, there) = (spot(north, east), spot(north + up, east + right));
            let away = here.metres_to(there);
            prop_assert_eq!(away, there.metres_to(here));
            let [south, north, west, east] = here.around(away);
            prop_assert!((south..=north).contains(&there.latitude) && (west..=east).contains(&there.longitude));
        }
    }
}
