//! How such a value is written: forty-four bytes a class in the order of their codes, the code in four and each sum in
//! eight, the highest byte first. Classes all of whose sums are zero are left out.

use super::SUMMED;
use sea_orm::{DbBackend, DbErr};
use std::collections::BTreeMap;

/// Sums of each class, as [`SUMMED`] names them.
pub type ClassSums = BTreeMap<i32, [i64; SUMMED.len()]>;

const CODE: usize = size_of::<i32>();
const CLASS: usize = CODE + SUMMED.len() * size_of::<i64>();

/// The value of these sums.
#[must_use]
pub fn pack(sums: &ClassSums) -> Vec<u8> {
    let mut value = Vec::with_capacity(sums.len() * CLASS);
    for (class, sums) in sums.iter().filter(|(_, sums)| **sums != [0; SUMMED.len()]) {
        value.extend(class.to_be_bytes());
        value.extend(sums.iter().flat_map(|sum| sum.to_be_bytes()));
    }
    value
}

/// The classes and sums of a value.
///
/// # Errors
/// For a value that [`pack`] did not write.
pub fn unpack(value: &[u8]) -> Result<impl Iterator<Item = (i32, [i64; SUMMED.len()])>, DbErr> {
    let (classes, rest) = value.as_chunks::<CLASS>();
    if !rest.is_empty() {
        return Err(DbErr::Type(format!("{} bytes are no sums of classes", value.len())));
    }
    Ok(classes.iter().map(|class| {
        let (code, sums) = class.split_at(CODE);
        let code = code.iter().fold(0, |code, byte| code << 8 | i32::from(*byte));
        let (sums, _) = sums.as_chunks::<{ size_of::<i64>() }>();
        let mut read = [0; SUMMED.len()];
        for (read, sum) in read.iter_mut().zip(sums) {
            *read = i64::from_be_bytes(*sum);
        }
        (code, read)
    }))
}

/// An aggregate that writes it, over rows of a class each.
pub(super) fn in_sql(backend: DbBackend) -> String {
    if backend == DbBackend::Postgres {
        let sums = SUMMED.map(|column| format!(" || int8send({column})")).concat();
        format!("string_agg(int4send(class){sums}, ''::bytea order by class)")
    } else {
        let digits = SUMMED.map(|_| "%016x").concat();
        format!("unhex(group_concat(printf('%08x{digits}', class, {}), '' order by class))", SUMMED.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_value_stays_what_it_is() {
        let sums = ClassSums::from([(101, [1, -1, 0, 0, 258]), (400, [0; 5])]);
        let mut expected = vec![0, 0, 0, 101];
        expected.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        expected.extend([255; 8]);
        expected.extend([0; 16]);
        expected.extend([0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(pack(&sums), expected);
        assert!(unpack(&expected[1..]).is_err(), "a byte is missing");
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(sums: BTreeMap<i32, [i64; 5]>) {
            let mut sums = sums;
            sums.retain(|_, sums| *sums != [0; 5]);
            let unpacked: ClassSums = unpack(&pack(&sums)).expect("whole classes").collect();
            prop_assert_eq!(unpacked, sums);
        }
    }
}
