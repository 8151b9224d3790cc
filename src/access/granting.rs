//! Who may give which role where. Pure: nobody gives more than they hold, above themselves or beside.

use super::actor::{Grant, Place};
use entity::{
    division::{self, DivisionLevel},
    id::{SchoolId, SupplierId},
    membership::Role,
};

/// Where a role is to hold, with what is known of the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everywhere.
    Everywhere,
    /// In a school, with the unit it reports to.
    School {
        /// The school.
        id: SchoolId,
        /// Code of its reporting unit.
        unit: String,
    },
    /// For a supplier, with the division it is registered in.
    Supplier {
        /// The supplier.
        id: SupplierId,
        /// Its registered place.
        division: division::Model,
    },
    /// In a reporting unit.
    Unit(String),
}

/// How near to the giver's own place the given role may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Anywhere.
    Anywhere,
    /// In the giver's subtree, its top included.
    Subtree,
    /// In the giver's subtree below its top.
    Below,
    /// In the very school, or for the very supplier.
    Same,
}

/// The roles that a holder of `giver` may give. An authority's manager appoints no equal and no auditor of the own
/// unit: whoever examines it is appointed from above.
#[must_use]
pub fn gives(giver: Role) -> &'static [(Role, Within)] {
    use Within::{Anywhere, Below, Same, Subtree};
    match giver {
        Role::Administrator => &[
            (Role::Administrator, Anywhere),
            (Role::AuthorityManager, Anywhere),
            (Role::AuthorityOfficer, Anywhere),
            (Role::Auditor, Anywhere),
            (Role::SchoolPrincipal, Anywhere),
            (Role::CanteenManager, Anywhere),
            (Role::Inspector, Anywhere),
            (Role::Supplier, Anywhere),
            (Role::SupplierClerk, Anywhere),
            (Role::Agent, Anywhere),
        ],
        Role::AuthorityManager => &[
            (Role::AuthorityManager, Below),
            (Role::AuthorityOfficer, Subtree),
            (Role::Auditor, Below),
            (Role::SchoolPrincipal, Subtree),
            (Role::CanteenManager, Subtree),
            (Role::Inspector, Subtree),
            (Role::Supplier, Subtree),
            (Role::SupplierClerk, Subtree),
            (Role::Agent, Subtree),
        ],
        Role::SchoolPrincipal => &[(Role::CanteenManager, Same), (Role::Inspector, Same)],
        Role::Supplier => &[(Role::SupplierClerk, Same)],
        Role::AuthorityOfficer
        | Role::Auditor
        | Role::CanteenManager
        | Role::Inspector
        | Role::SupplierClerk
        | Role::Agent => &[],
    }
}

/// Whether somebody who holds `grants` may give, and so also end, `role` at `target`.
#[must_use]
pub fn grantable(grants: &[Grant], role: Role, target: &Target) -> bool {
    grants.iter().any(|grant| {
        let given = gives(grant.role).iter().find(|(given, _)| *given == role);
        given.is_some_and(|(_, within)| holds(&grant.place, *within, target))
    })
}

fn holds(place: &Place, within: Within, target: &Target) -> bool {
    match (within, place, target) {
        (Within::Anywhere, Place::Everywhere, _) => true,
        (Within::Same, Place::School(own), Target::School { id, .. }) => own == id,
        (Within::Same, Place::Supplier(own), Target::Supplier { id, .. }) => own == id,
        (Within::Below, Place::Subtree { top, units, .. }, Target::Unit(code)) => code != top && units.contains(code),
        (Within::Subtree, Place::Subtree { units, .. }, Target::Unit(code) | Target::School { unit: code, .. }) => {
            units.contains(code)
        }
        (Within::Subtree, Place::Subtree { divisions, .. }, Target::Supplier { division, .. }) => {
            divisions.contains(&division.code)
                || division.level == DivisionLevel::Township
                    && division.parent_code.as_ref().is_some_and(|county| divisions.contains(county))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::ROLES;
    use uuid::Uuid;

    const HERE: &str = "910500";
    const BELOW: &str = "910525";
    const BESIDE: &str = "910300";
    const ABOVE: &str = "910000";

    fn school(number: u128) -> SchoolId {
        SchoolId(Uuid::from_u128(number))
    }

    fn supplier(number: u128) -> SupplierId {
        SupplierId(Uuid::from_u128(number))
    }

    fn division(code: &str, level: DivisionLevel, parent: &str) -> division::Model {
        division::Model {
            code: code.to_owned(),
            name: String::new(),
            parent_code: Some(parent.to_owned()),
            level,
            valid_from: None,
            valid_to: None,
            successor_code: None,
        }
    }

    /// A giver of each role, at its usual place: unit 910500, school 1, supplier 1.
    fn giver(role: Role) -> Grant {
        let place = match role {
            Role::Administrator => Place::Everywhere,
            Role::SchoolPrincipal | Role::CanteenManager | Role::Inspector => Place::School(school(1)),
            Role::Supplier | Role::SupplierClerk => Place::Supplier(supplier(1)),
            Role::Agent => Place::Household { supplier: supplier(1), consent: Uuid::from_u128(9).into() },
            Role::AuthorityManager | Role::AuthorityOfficer | Role::Auditor => {
                let units: [String; 2] = [HERE.to_owned(), BELOW.to_owned()];
                Place::Subtree { top: HERE.to_owned(), units: units.clone().into(), divisions: units.into() }
            }
        };
        Grant { role, place }
    }

    /// Every place a role can be asked for, by name.
    fn targets(role: Role) -> Vec<(&'static str, Target)> {
        match role {
            Role::Administrator => vec![("everywhere", Target::Everywhere)],
            Role::SchoolPrincipal | Role::CanteenManager | Role::Inspector => vec![
                ("own", Target::School { id: school(1), unit: BELOW.to_owned() }),
                ("near", Target::School { id: school(2), unit: BELOW.to_owned() }),
                ("far", Target::School { id: school(3), unit: BESIDE.to_owned() }),
            ],
            Role::Supplier | Role::SupplierClerk => {
                let near = division("910525211", DivisionLevel::Township, BELOW);
                let county = division(BELOW, DivisionLevel::County, HERE);
                let far = division("910302", DivisionLevel::County, BESIDE);
                // A county below a held prefecture that is not held itself reports past it (S10).
                let past = division("910526", DivisionLevel::County, HERE);
                vec![
                    ("own", Target::Supplier { id: supplier(1), division: near.clone() }),
                    ("near", Target::Supplier { id: supplier(2), division: near }),
                    ("near", Target::Supplier { id: supplier(3), division: county }),
                    ("far", Target::Supplier { id: supplier(4), division: far }),
                    ("far", Target::Supplier { id: supplier(5), division: past }),
                ]
            }
            Role::AuthorityManager | Role::AuthorityOfficer | Role::Auditor | Role::Agent => vec![
                ("here", Target::Unit(HERE.to_owned())),
                ("below", Target::Unit(BELOW.to_owned())),
                ("beside", Target::Unit(BESIDE.to_owned())),
                ("above", Target::Unit(ABOVE.to_owned())),
            ],
        }
    }

    /// Said once more, by names and not by the table.
    fn expected(by: Role, given: Role, place: &str) -> bool {
        let in_subtree = ["own", "near", "here", "below"].contains(&place);
        match by {
            Role::Administrator => true,
            Role::AuthorityManager => match given {
                Role::Administrator => false,
                Role::AuthorityManager | Role::Auditor => place == "below",
                _ => in_subtree,
            },
            Role::SchoolPrincipal => matches!(given, Role::CanteenManager | Role::Inspector) && place == "own",
            Role::Supplier => given == Role::SupplierClerk && place == "own",
            _ => false,
        }
    }

    #[test]
    fn nobody_gives_more_than_they_hold() {
        let mut allowed = 0;
        for role in ROLES {
            for given in ROLES {
                for (place, target) in targets(given) {
                    let may = grantable(&[giver(role)], given, &target);
                    assert_eq!(may, expected(role, given, place), "{role:?} gives {given:?} {place}: {target:?}");
                    allowed += i32::from(may);
                }
            }
        }
        assert_eq!(allowed, 36 + 18 + 2 + 1);
    }

    #[test]
    fn two_roles_do_not_add_up_to_a_third() {
        // Reads the province, manages a county: gives in the county only.
        let province: [String; 3] = [ABOVE.to_owned(), HERE.to_owned(), BELOW.to_owned()];
        let reads = Grant {
            role: Role::AuthorityOfficer,
            place: Place::Subtree { top: ABOVE.to_owned(), units: province.clone().into(), divisions: province.into() },
        };
        let county: [String; 1] = [BELOW.to_owned()];
        let manages = Grant {
            role: Role::AuthorityManager,
            place: Place::Subtree { top: BELOW.to_owned(), units: county.clone().into(), divisions: county.into() },
        };
        let held = [reads, manages];
        assert!(grantable(&held, Role::AuthorityOfficer, &Target::Unit(BELOW.to_owned())));
        assert!(!grantable(&held, Role::AuthorityOfficer, &Target::Unit(HERE.to_owned())));
        assert!(!grantable(&held, Role::AuthorityManager, &Target::Unit(BELOW.to_owned())));
        assert!(!grantable(&[], Role::Inspector, &Target::School { id: school(1), unit: BELOW.to_owned() }));
    }
}
