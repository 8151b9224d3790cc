//! Who may do what: one readable table.

use super::{
    actor::{Actor, Place},
    scope::Scope,
};
use crate::http::ApiError;
use entity::membership::Role;
use std::sync::Arc;

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
    /// Take an order or a consent back.
    Cancel,
    /// Make accounts, give and end roles, close, open and reset; keep a supplier's phone and bank account.
    Manage,
    /// Change it.
    Update,
    /// See personal data in clear.
    Reveal,
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
    /// Accounts and the roles they hold.
    Account,
    /// Consents of households to the agents who act for them (H5).
    Consent,
    /// Households and their personal data.
    Household,
    /// The audit trail.
    Audit,
    /// Photos and PDFs that prove something.
    Document,
    /// How suppliers are let in, and lose what they were let in for (H4).
    Verification,
    /// Sales that are denied by who is named in them.
    SaleDenial,
    /// What suppliers hold and can yield: licences, capacities, supply bases, links to households (H3, H6).
    SupplierPaper,
    /// Months that reporting units have closed.
    Statement,
}

/// Every action, for the printed table.
pub const ACTIONS: [Action; 9] = [
    Action::Read,
    Action::Create,
    Action::Quote,
    Action::Confirm,
    Action::Decline,
    Action::Cancel,
    Action::Manage,
    Action::Update,
    Action::Reveal,
];

/// Every resource, for the printed table.
pub const RESOURCES: [Resource; 20] = [
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
    Resource::Account,
    Resource::Consent,
    Resource::Household,
    Resource::Audit,
    Resource::Document,
    Resource::Verification,
    Resource::SaleDenial,
    Resource::SupplierPaper,
    Resource::Statement,
];

/// Every role, for the printed table.
pub const ROLES: [Role; 10] = [
    Role::Administrator,
    Role::AuthorityManager,
    Role::AuthorityOfficer,
    Role::Auditor,
    Role::SchoolPrincipal,
    Role::CanteenManager,
    Role::Inspector,
    Role::Supplier,
    Role::SupplierClerk,
    Role::Agent,
];

/// How far a permission reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Everything,
    /// Those of the school, supplier or subtree the role holds in.
    Own,
}

/// The policy. Which roles somebody may give is in [`super::granting`].
#[must_use]
pub fn reach(role: Role, action: Action, resource: Resource) -> Option<Reach> {
    use Action::{Cancel, Confirm, Create, Decline, Manage, Quote, Read, Reveal, Update};
    use Reach::{Everything, Own};
    use Resource::{
        Account, Audit, Consent, Consignment, DeclaredPurchase, Document, Household, Ledger, Listing, Order, Receipt,
        Reference, SaleDenial, School, SchoolShare, Statement, Supplier, SupplierPaper, Verification,
    };
    use Role::{
        Administrator, Agent, Auditor, AuthorityManager, AuthorityOfficer, CanteenManager, Inspector, SchoolPrincipal,
        SupplierClerk,
    };
    match (role, action, resource) {
        // Reference data and the market are open to everyone who is logged in.
        (_, Read, Reference)
        | (Administrator, Read, _)
        | (
            AuthorityManager | AuthorityOfficer | Auditor | SchoolPrincipal | CanteenManager | Inspector,
            Read,
            Supplier | Listing,
        )
        // The administrator keeps the accounts, the divisions and the lists, and trades nothing.
        | (Administrator, Manage, Account)
        | (Administrator, Create | Update, School)
        | (Administrator, Update, Reference | Supplier)
        | (Administrator, Create | Cancel, Consent) => Some(Everything),
        // An authority sees all that happens in the subtree and changes none of it but the registers of households and
        // suppliers; its manager keeps the accounts and the schools, annuls statuses and sees personal data in clear.
        // A supplier's phone and bank account are kept by its owner or that manager.
        (AuthorityManager | AuthorityOfficer | Auditor, Read, _)
        | (AuthorityManager | AuthorityOfficer, Create | Update, Household | Supplier)
        | (AuthorityManager, Cancel | Reveal, Household)
        | (AuthorityManager, Create | Update, School)
        | (AuthorityManager | Role::Supplier, Manage, Supplier)
        // It lets suppliers in and suspends them; to take an approval back is its manager's.
        | (AuthorityManager | AuthorityOfficer, Update | Confirm | Decline | Reveal, Verification)
        | (AuthorityManager, Cancel, Verification | Statement)
        // Its officers speak for households that do not sell themselves, and decide for whom somebody else spoke.
        | (AuthorityManager | AuthorityOfficer, Create | Confirm, SaleDenial)
        | (AuthorityManager | SchoolPrincipal | Role::Supplier, Manage, Account)
        | (AuthorityManager, Create | Cancel, Consent)
        // It closes its months; only a manager, of the unit above, opens one again.
        | (AuthorityManager | AuthorityOfficer, Create, Statement)
        // A supplier enters its licences and what it can yield; its authority too, and confirms them. Links and bases are
        // the authority's alone to enter.
        | (AuthorityManager | AuthorityOfficer, Create | Update | Confirm | Manage, SupplierPaper)
        | (Role::Supplier | SupplierClerk | Agent, Read | Create | Update, SupplierPaper)
        // A school sees and does its own buying; its inspectors receive but do not order; its principal oversees, may
        // stop an order and keeps the school's accounts.
        | (
            SchoolPrincipal | CanteenManager | Inspector,
            Read,
            School | Order | Consignment | Receipt | DeclaredPurchase | Ledger | SchoolShare,
        )
        | (SchoolPrincipal, Read, Audit)
        | (CanteenManager | Inspector, Create, Receipt)
        | (CanteenManager, Quote | Create | Cancel, Order)
        | (SchoolPrincipal, Cancel, Order)
        | (CanteenManager, Create | Update, DeclaredPurchase)
        | (SchoolPrincipal | Role::Supplier, Read, Account)
        // A supplier offers, answers orders and sends; it sees what concerns it. Its clerk does the same, and an agent
        // for the households that consented. A household sees who acts for it and may take its consent back.
        | (
            Role::Supplier | SupplierClerk | Agent,
            Read,
            Supplier | Listing | Order | Consignment | Receipt | Verification | SaleDenial,
        )
        | (Role::Supplier | SupplierClerk | Agent, Create, Listing | Consignment)
        | (Role::Supplier | SupplierClerk | Agent, Confirm | Decline, Order)
        | (Role::Supplier | Agent, Create, Verification | SaleDenial)
        | (Role::Supplier | Agent, Read, Consent)
        | (Role::Supplier, Cancel, Consent)
        // Whoever acts on paper brings its photo, sees what proves something of theirs, and takes it out again in time.
        | (
            AuthorityManager | AuthorityOfficer | CanteenManager | Inspector | Role::Supplier | SupplierClerk | Agent,
            Create | Cancel,
            Document,
        )
        | (
            SchoolPrincipal | CanteenManager | Inspector | Role::Supplier | SupplierClerk | Agent,
            Read,
            Document,
        )
        | (AuthorityManager, Reveal, Supplier | Document) => Some(Own),
        _ => None,
    }
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
                (Reach::Own, Place::Supplier(id) | Place::Household { supplier: id, .. }) => scope.suppliers.push(*id),
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
