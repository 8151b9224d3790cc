//! Ids of what files bring.

use ring::digest;
use uuid::{Builder, Uuid};

/// The id of what a code names: the same each time, so that bringing a file in again changes nothing. Shaped as UUIDv7
/// of 2014-01-01, before anything made by the service itself.
#[must_use]
pub fn derived_id<T: From<Uuid>>(kind: &str, code: &str) -> T {
    const LONG_AGO: u64 = 1_388_534_400_000;
    let digest = digest::digest(&digest::SHA256, format!("{kind}:{code}").as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&digest.as_ref()[..10]);
    Builder::from_unix_timestamp_millis(LONG_AGO, &random).into_uuid().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::SchoolId;

    #[test]
    fn the_same_code_has_the_same_id() {
        let id: SchoolId = derived_id("school", "demo-yunong");
        assert_eq!(id, derived_id("school", "demo-yunong"));
        assert_ne!(id, derived_id("canteen", "demo-yunong"));
        assert_eq!(id.0.get_version_num(), 7);
    }
}
