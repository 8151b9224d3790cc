//! Who closed an account outranks who may open it again. Pure.

use crate::access::{
    actor::{Grant, Place},
    granting::{Target, grantable},
};
use entity::{account::ClosingRank, membership::Role};

/// As what, and over which subtree, somebody keeps an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// As what.
    pub rank: ClosingRank,
    /// Top of an authority's subtree.
    pub unit: Option<String>,
}

/// The highest standing in which a holder of `grants` keeps an account that holds `held`. A role that does not reach
/// the account lends no rank: who is also an officer elsewhere acts here as the school's principal.
#[must_use]
pub fn standing(grants: &[Grant], held: &[(Role, Target)]) -> Standing {
    let covers = |grant: &&Grant| {
        let alone = std::slice::from_ref(*grant);
        held.iter().any(|(role, target)| grantable(alone, *role, target))
    };
    let of = |grant: &Grant| match &grant.place {
        Place::Everywhere => (ClosingRank::Administrator, 0, None),
        Place::Subtree { top, units, .. } => (ClosingRank::Authority, units.len(), Some(top.clone())),
        Place::School(_) | Place::Supplier(_) | Place::Household { .. } => (ClosingRank::Place, 0, None),
    };
    let highest = grants.iter().filter(covers).map(of).max_by_key(|(rank, width, _)| (*rank, *width));
    highest.map_or(Standing { rank: ClosingRank::Place, unit: None }, |(rank, _, unit)| Standing { rank, unit })
}

/// Whether a holder of `grants` may open an account that holds `held` and was closed by `closed`: the same rank or a
/// higher one, and among authorities the unit that closed it or one above. Of accounts closed before this was kept,
/// none is told, and an authority or an administrator is needed.
#[must_use]
pub fn may_open(grants: &[Grant], held: &[(Role, Target)], closed: Option<&Standing>) -> bool {
    let own = standing(grants, held);
    match closed {
        None => own.rank > ClosingRank::Place,
        Some(Standing { rank: ClosingRank::Authority, unit: Some(unit) }) if own.rank == ClosingRank::Authority => {
            grants.iter().any(|grant| {
                grant.role == Role::AuthorityManager
                    && matches!(&grant.place, Place::Subtree { units, .. } if units.contains(unit))
            })
        }
        Some(closed) => own.rank >= closed.rank,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::SchoolId;
    use uuid::Uuid;

    fn authority(top: &str, below: &[&str]) -> Grant {
        let units: Vec<String> = [top].iter().chain(below).map(|code| (*code).to_owned()).collect();
        let place = Place::Subtree { top: top.to_owned(), units: units.clone().into(), divisions: units.into() };
        Grant { role: Role::AuthorityManager, place }
    }

    #[test]
    fn the_same_rank_or_a_higher_one_opens() {
        let school = SchoolId(Uuid::from_u128(1));
        let held = [(Role::CanteenManager, Target::School { id: school, unit: "910526".to_owned() })];
        let principal = [Grant { role: Role::SchoolPrincipal, place: Place::School(school) }];
        let county = [authority("910526", &[])];
        let province = [authority("910000", &["910526", "910525"])];
        let administrator = [Grant { role: Role::Administrator, place: Place::Everywhere }];
        let ladder = [&principal, &county, &province, &administrator];
        for (closer, by) in ladder.iter().enumerate() {
            let closed = standing(*by, &held);
            for (opener, who) in ladder.iter().enumerate() {
                assert_eq!(
                    may_open(*who, &held, Some(&closed)),
                    opener >= closer,
                    "{opener} opens what {closer} closed"
                );
            }
        }
        assert_eq!(ladder.map(|who| may_open(who, &held, None)), [false, true, true, true]);
    }

    #[test]
    fn a_role_elsewhere_lends_no_rank() {
        let school = SchoolId(Uuid::from_u128(1));
        let held = [(Role::CanteenManager, Target::School { id: school, unit: "910526".to_owned() })];
        let both = [Grant { role: Role::SchoolPrincipal, place: Place::School(school) }, authority("910525", &[])];
        assert_eq!(standing(&both, &held), Standing { rank: ClosingRank::Place, unit: None });
        let closed = Standing { rank: ClosingRank::Authority, unit: Some("910525".to_owned()) };
        assert!(!may_open(&both, &held, Some(&closed)));
    }
}
