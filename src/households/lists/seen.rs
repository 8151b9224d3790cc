//! Whom the rows of a list have named so far.

use super::{
    file::Listed,
    judge::{Known, ListOf, Person, Verdict},
};
use entity::{household_list_row::ListReason, id::HouseholdId};
use std::collections::HashSet;

/// What has gone by of a list so far.
#[derive(Default)]
pub(super) struct Seen {
    /// First half of each hash: enough to tell a million people apart.
    people: HashSet<u128>,
    codes: HashSet<String>,
    /// Households a row was taken for.
    taken: HashSet<HouseholdId>,
    /// Households named by rows that were not taken: they do not end.
    named: HashSet<HouseholdId>,
}

impl Seen {
    /// A row whose person or certificate stood above.
    pub(super) fn again(
        &mut self,
        row: &Listed,
        person: &Person,
        by_code: Option<&Known>,
        by_person: Option<&Known>,
        of: &ListOf,
    ) -> Option<Verdict> {
        let twice = match person {
            Person::Is(hash) => {
                let half = hash.get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()).unwrap_or_default();
                !self.people.insert(half)
            }
            _ => false,
        };
        let code_twice = !row.code.is_empty() && !self.codes.insert(row.code.clone());
        let reason = match (twice, code_twice) {
            (true, _) => ListReason::TwiceInList,
            (_, true) => ListReason::CodeTwice,
            _ => return None,
        };
        let known = by_person.or(by_code).filter(|known| known.county_code == of.county_code);
        Some(Verdict::Refused { reason, seen: known.map(|known| known.id) })
    }

    /// Notes whom a verdict is about; a household is taken once.
    pub(super) fn take(&mut self, verdict: Verdict) -> Verdict {
        let household = match &verdict {
            Verdict::Same(id) => *id,
            Verdict::Changed(change) => change.household,
            Verdict::New(_) => return verdict,
            Verdict::Refused { seen, .. } => {
                self.named.extend(*seen);
                return verdict;
            }
        };
        if self.taken.insert(household) {
            return verdict;
        }
        Verdict::Refused { reason: ListReason::TwiceInList, seen: Some(household) }
    }
}

impl Seen {
    /// Whether a row names this household, taken or not: then it does not end.
    pub(super) fn names(&self, household: HouseholdId) -> bool {
        self.taken.contains(&household) || self.named.contains(&household)
    }
}
