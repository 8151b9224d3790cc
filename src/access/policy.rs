//! Who may do what: one readable table, and the scope that every query must hold.

use super::actor::{Actor, Place};
use crate::http::ApiError;
use entity::{
    division::{self, DivisionLevel},
    id::{SchoolId, SupplierId},
    membership::Role,
    school,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use std::{fmt::Write, sync::Arc};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look at it.
    Read,
    /// Make one.
    Create,
    /// See prices and share before buying.
    Quote,
    /// Accept an order, in whole or in part.
    Confirm,
    /// Turn an order down.
    Decline,
    /// Take an order back.
    Cancel,
}

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Divisions, reporting units, county lists, products, units, indicators.
    Reference,
    /// Schools and their canteens.
    School,
    /// Suppliers.
    Supplier,
    /// Offers.
    Listing,
    /// Baskets and orders.
    Order,
    /// Consignments.
    Consignment,
    /// Inspected receipts.
    Receipt,
    /// Purchases made outside, one by one or by file.
    DeclaredPurchase,
    /// Lines of the ledger.
    Ledger,
    /// The share of one school.
    SchoolShare,
    /// The roll-ups of reporting units and divisions.
    RollUp,
    /// The audit trail.
    Audit,
}

/// Every action, for the printed table.
pub const ACTIONS: [Action; 6] =
    [Action::Read, Action::Create, Action::Quote, Action::Confirm, Action::Decline, Action::Cancel];

/// Every resource, for the printed table.
pub const RESOURCES: [Resource; 12] = [
    Resource::Reference,
    Resource::School,
    Resource::Supplier,
    Resource::Listing,
    Resource::Order,
    Resource::Consignment,
    Resource::Receipt,
    Resource::DeclaredPurchase,
    Resource::Ledger,
    Resource::SchoolShare,
    Resource::RollUp,
    Resource::Audit,
];

/// Every role, for the printed table.
pub const ROLES: [Role; 5] =
    [Role::Administrator, Role::AuthorityOfficer, Role::CanteenManager, Role::Inspector, Role::Supplier];

/// How far a permission reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Everything,
    /// Those of the school, supplier or subtree the role holds in.
    Own,
}

/// The policy.
#[must_use]
pub fn reach(role: Role, action: Action, resource: Resource) -> Option<Reach> {
    use Action::{Cancel, Confirm, Create, Decline, Quote, Read};
    use Reach::{Everything, Own};
    use Resource::{
        Consignment, DeclaredPurchase, Ledger, Listing, Order, Receipt, Reference, School, SchoolShare, Supplier,
    };
    use Role::{Administrator, AuthorityOfficer, CanteenManager, Inspector};
    match (role, action, resource) {
        // Reference data and the market are open to everyone who is logged in.
        (_, Read, Reference)
        | (Administrator, Read, _)
        | (AuthorityOfficer | CanteenManager | Inspector, Read, Supplier | Listing) => Some(Everything),
        // An officer sees all that happens in the subtree and changes none of it.
        (AuthorityOfficer, Read, _)
        // A school sees and does its own buying; its inspectors receive but do not order.
        | (
            CanteenManager | Inspector,
            Read,
            School | Order | Consignment | Receipt | DeclaredPurchase | Ledger | SchoolShare,
        )
        | (CanteenManager | Inspector, Create, Receipt)
        | (CanteenManager, Quote | Create | Cancel, Order)
        | (CanteenManager, Create, DeclaredPurchase)
        // A supplier offers, answers orders and sends; it sees what concerns it.
        | (Role::Supplier, Read, Supplier | Listing | Order | Consignment | Receipt)
        | (Role::Supplier, Create, Listing | Consignment)
        | (Role::Supplier, Confirm | Decline, Order) => Some(Own),
        _ => None,
    }
}

/// How far an allowed action reaches for this caller. Without one no query of a domain's store can be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    everything: bool,
    schools: Vec<SchoolId>,
    suppliers: Vec<SupplierId>,
    tops: Vec<String>,
    units: Vec<Arc<[String]>>,
    divisions: Vec<Arc<[String]>>,
}

/// The caller holds no role that may do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

impl From<Denied> for ApiError {
    fn from(_: Denied) -> Self {
        Self::Forbidden
    }
}

impl Actor {
    /// The scope in which this actor may do `action` to `resource`.
    ///
    /// # Errors
    /// [`Denied`] when none of its roles may.
    pub fn may(&self, action: Action, resource: Resource) -> Result<Scope, Denied> {
        let mut scope = Scope::default();
        let mut allowed = false;
        for grant in self.grants() {
            let Some(reach) = reach(grant.role, action, resource) else { continue };
            allowed = true;
            match (reach, &grant.place) {
                (Reach::Everything, _) | (Reach::Own, Place::Everywhere) => scope.everything = true,
                (Reach::Own, Place::School(id)) => scope.schools.push(*id),
                (Reach::Own, Place::Supplier(id)) => scope.suppliers.push(*id),
                (Reach::Own, Place::Subtree { top, units, divisions }) => {
                    scope.tops.push(top.clone());
                    scope.units.push(Arc::clone(units));
                    scope.divisions.push(Arc::clone(divisions));
                }
            }
        }
        if allowed { Ok(scope) } else { Err(Denied) }
    }
}

impl Scope {
    /// Whether the scope has no bounds.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether a household may be shown together with its status: to authorities, not to the market's other side (P1).
    #[must_use]
    pub fn shows_households(&self) -> bool {
        self.everything || !self.units.is_empty()
    }

    /// Whether this school lies within.
    #[must_use]
    pub fn covers_school(&self, school: &school::Model) -> bool {
        self.everything || self.schools.contains(&school.id) || self.holds_unit(&school.reporting_unit_code)
    }

    /// Whether this supplier lies within.
    #[must_use]
    pub fn covers_supplier(&self, id: SupplierId) -> bool {
        self.everything || self.suppliers.contains(&id)
    }

    /// Whether this reporting unit lies within.
    #[must_use]
    pub fn covers_unit(&self, code: &str) -> bool {
        self.everything || self.holds_unit(code)
    }

    fn holds_unit(&self, code: &str) -> bool {
        self.unit_codes().any(|unit| unit == code)
    }

    fn unit_codes(&self) -> impl Iterator<Item = &String> {
        self.units.iter().flat_map(|units| units.iter())
    }

    /// Whether this division is one the scope's units stand for, or a township of such a county. A county that reports
    /// straight to the province is not its prefecture's, though it lies in it (S10).
    #[must_use]
    pub fn covers_division(&self, division: &division::Model) -> bool {
        let held = |code: &str| self.divisions.iter().flat_map(|held| held.iter()).any(|held| held == code);
        self.everything
            || held(&division.code)
            || division.level == DivisionLevel::Township && division.parent_code.as_deref().is_some_and(held)
    }

    /// The one supplier this scope is limited to, where it is one.
    #[must_use]
    pub fn only_supplier(&self) -> Option<SupplierId> {
        match (self.everything, self.suppliers.as_slice()) {
            (false, [one]) => Some(*one),
            _ => None,
        }
    }

    /// Rows of these schools and suppliers: `school` and `supplier` are the row's columns.
    pub fn rows<S, P>(&self, school: Option<S>, supplier: Option<P>) -> Condition
    where
        S: ColumnTrait,
        P: ColumnTrait,
    {
        if self.everything {
            return Condition::all();
        }
        // Nothing held, nothing seen.
        let mut any = Condition::any().add(Expr::val(1).eq(0));
        if let Some(column) = school {
            if !self.schools.is_empty() {
                any = any.add(column.is_in(self.schools.iter().copied()));
            }
            if !self.units.is_empty() {
                any = any.add(column.in_subquery(self.schools_of_units()));
            }
        }
        if let Some(column) = supplier
            && !self.suppliers.is_empty()
        {
            any = any.add(column.is_in(self.suppliers.iter().copied()));
        }
        any
    }

    /// Rows of these schools, suppliers and reporting units: for rows that belong to a unit where they are no school's.
    pub fn rows_of_units<S, P, U>(&self, school: S, supplier: P, unit: U) -> Condition
    where
        S: ColumnTrait,
        P: ColumnTrait,
        U: ColumnTrait,
    {
        let rows = self.rows(Some(school), Some(supplier));
        if self.everything || self.units.is_empty() { rows } else { rows.add(unit.is_in(self.unit_codes().cloned())) }
    }

    /// Schools of this scope, for queries on the school table itself.
    #[must_use]
    pub fn on_school(&self) -> Condition {
        if self.everything {
            return Condition::all();
        }
        Condition::any()
            .add(school::COLUMN.id.is_in(self.schools.iter().copied()))
            .add(school::COLUMN.reporting_unit_code.is_in(self.unit_codes().cloned()))
    }

    fn schools_of_units(&self) -> SelectStatement {
        school::Entity::find()
            .select_only()
            .column(school::Column::Id)
            .filter(school::COLUMN.reporting_unit_code.is_in(self.unit_codes().cloned()))
            .into_query()
    }

    /// Text that differs between scopes that see different rows, for keys of kept answers. A subtree goes by its top.
    #[must_use]
    pub fn key(&self) -> String {
        if self.everything { "*".to_owned() } else { format!("{:?}{:?}{:?}", self.schools, self.suppliers, self.tops) }
    }
}

/// The whole table as text: a line for each role and resource that has any permission.
#[must_use]
pub fn table() -> String {
    let mut lines = String::new();
    for role in ROLES {
        for resource in RESOURCES {
            let allowed: Vec<String> = ACTIONS
                .iter()
                .filter_map(|action| reach(role, *action, resource).map(|reach| format!("{action:?}({reach:?})")))
                .collect();
            if !allowed.is_empty() {
                // Writing to a String cannot fail.
                let _ = writeln!(lines, "{role:?} · {resource:?}: {}", allowed.join(", "));
            }
        }
    }
    lines
}
