//! What a list chooses by beside the division, as the terms of a name carry it: the first letter of each, of a supplier its
//! kind and its status, of a school its stage. Pure.

use entity::{
    school::{self, SchoolStage},
    supplier::{self, SupplierKind, SupplierStatus},
};
use sea_orm::ActiveEnum;

/// In a pattern of `like`, any letter.
const ANY: char = '_';

fn letter<E: ActiveEnum<Value = String>>(of: Option<E>) -> char {
    of.and_then(|of| of.to_value().chars().next()).unwrap_or(ANY)
}

/// A pattern of a supplier's traits; none is any.
#[must_use]
pub fn supplier_traits(kind: Option<SupplierKind>, status: Option<SupplierStatus>) -> String {
    String::from_iter([letter(kind), letter(status)])
}

/// A pattern of a school's.
#[must_use]
pub fn school_traits(stage: Option<SchoolStage>) -> String {
    letter(stage).to_string()
}

pub(super) fn of_supplier(row: &supplier::Model) -> String {
    supplier_traits(Some(row.kind), Some(row.status))
}

pub(super) fn of_school(row: &school::Model) -> String {
    school_traits(Some(row.stage))
}

/// The same in SQL, of a row named `s`.
pub(super) const OF_SUPPLIER: &str = "substr(s.kind, 1, 1) || substr(s.status, 1, 1)";
pub(super) const OF_SCHOOL: &str = "substr(s.stage, 1, 1)";

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;
    use std::collections::BTreeSet;

    fn letters<E: ActiveEnum<Value = String> + Iterable>() {
        let letters: BTreeSet<char> = E::iter().map(|one| letter(Some(one))).collect();
        assert_eq!(letters.len(), E::iter().count(), "each has a letter of its own: {letters:?}");
        // SQLite's `like` takes great and small letters for the same.
        assert!(letters.iter().all(char::is_ascii_lowercase));
    }

    #[test]
    fn no_two_begin_alike() {
        letters::<SupplierKind>();
        letters::<SupplierStatus>();
        letters::<SchoolStage>();
        assert_eq!(supplier_traits(Some(SupplierKind::Cooperative), Some(SupplierStatus::Suspended)), "cs");
        assert_eq!(supplier_traits(None, Some(SupplierStatus::Suspended)), "_s");
    }
}
