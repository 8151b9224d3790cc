//! Time-based one-time codes (RFC 6238): six digits, 30 seconds, SHA-1, as every authenticator reads them. Pure.
//!
//! The hash is ring's; the truncation is the one of RFC 4226, section 5.3.

use data_encoding::BASE32_NOPAD;
use entity::time::Timestamp;
use ring::hmac;

/// Bytes of a secret: as long as the hash (RFC 4226, section 4).
pub const SECRET_LENGTH: usize = 20;
const STEP_MILLIS: i64 = 30_000;
/// Steps a clock may be off, either way.
const TOLERANCE: i64 = 1;

/// Number of the 30-second step at `now`.
#[must_use]
pub fn step_at(now: Timestamp) -> i64 {
    now.0.div_euclid(STEP_MILLIS)
}

/// The code of a step.
#[must_use]
pub fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes[bytes.len() - 1] & 0x0f);
    let number = u32::from_be_bytes([bytes[at] & 0x7f, bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// The step whose code this is, within the tolerance and after `last`, the last step taken.
#[must_use]
pub fn matching_step(secret: &[u8], code: &str, now: Timestamp, last: i64) -> Option<i64> {
    let present = step_at(now);
    let fits = |step: &i64| same(code_at(secret, *step).as_bytes(), code.as_bytes());
    (present - TOLERANCE..=present + TOLERANCE).filter(|step| *step > last).rfind(fits)
}

/// Whether two texts are the same, in a time that depends on their lengths only.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// The secret as people type it.
#[must_use]
pub fn base32(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// What an authenticator reads from a QR code.
#[must_use]
pub fn uri(secret: &[u8], username: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(username.as_bytes()).collect();
    // A blank is a plus in forms and not in this URI.
    let name = name.replace('+', "%20");
    let secret = base32(secret);
    format!("otpauth://totp/Xiaonong:{name}?secret={secret}&issuer=Xiaonong&algorithm=SHA1&digits=6&period=30")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, step_at(Timestamp(seconds * 1000))), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_holds_a_step_around_its_own_and_once() {
        let at = |millis: i64| matching_step(SECRET, "081804", Timestamp(millis), 0);
        let step = step_at(Timestamp(1_111_111_109_000));
        assert_eq!(at(1_111_111_109_000), Some(step));
        assert_eq!(at((step + 2) * STEP_MILLIS - 1), Some(step));
        assert_eq!(at((step + 2) * STEP_MILLIS), None);
        assert_eq!(at((step - 1) * STEP_MILLIS), Some(step));
        assert_eq!(at((step - 1) * STEP_MILLIS - 1), None);
        assert_eq!(matching_step(SECRET, "081804", Timestamp(1_111_111_109_000), step), None, "taken before");
        for other in ["", "81804", "0818040", "０８１８０４"] {
            assert_eq!(matching_step(SECRET, other, Timestamp(1_111_111_109_000), 0), None, "{other}");
        }
    }

    #[test]
    fn the_uri_is_one_that_authenticators_read() {
        assert_eq!(
            uri(SECRET, "li lan"),
            "otpauth://totp/Xiaonong:li%20lan?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Xiaonong\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
