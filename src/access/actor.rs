//! Who is calling and what they hold.

use entity::{
    id::{AccountId, ConsentId, SchoolId, SessionId, SupplierId},
    membership::Role,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// A role and where it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where it holds.
    pub place: Place,
}

/// Where a role holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Everywhere,
    /// In one school.
    School(SchoolId),
    /// For one supplier.
    Supplier(SupplierId),
    /// For a household that sells, on its recorded consent (H5).
    Household {
        /// The household as a supplier.
        supplier: SupplierId,
        /// The consent.
        consent: ConsentId,
    },
    /// In a reporting unit and all below it.
    Subtree {
        /// Code of the unit.
        top: String,
        /// Codes of the unit and all units below it.
        units: Arc<[String]>,
        /// Codes of the divisions these units stand for.
        divisions: Arc<[String]>,
    },
}

/// An authenticated account with its present memberships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    account_id: AccountId,
    session_id: Option<SessionId>,
    must_change_password: bool,
    lacks_second_factor: bool,
    grants: Vec<Grant>,
}

impl Actor {
    /// An actor as loaded from its session.
    #[must_use]
    pub fn new(account_id: AccountId, session_id: SessionId, must_change_password: bool, grants: Vec<Grant>) -> Self {
        Self { account_id, session_id: Some(session_id), must_change_password, lacks_second_factor: false, grants }
    }

    /// The same actor, told whether its roles ask for a second factor that is not there yet.
    #[must_use]
    pub fn lacking_second_factor(mut self, lacks: bool) -> Self {
        self.lacks_second_factor = lacks;
        self
    }

    /// An actor inside the process (demonstration, command line), acting for a real account.
    #[must_use]
    pub fn in_process(account_id: AccountId, grants: Vec<Grant>) -> Self {
        Self { account_id, session_id: None, must_change_password: false, lacks_second_factor: false, grants }
    }

    /// The owner of the machine at its command line: no account, and every right to keep accounts.
    #[must_use]
    pub fn system() -> Self {
        let everywhere = Grant { role: Role::Administrator, place: Place::Everywhere };
        Self::in_process(AccountId(Uuid::nil()), vec![everywhere])
    }

    /// The account as records name it; none for [`Self::system`].
    #[must_use]
    pub fn recorded_account(&self) -> Option<AccountId> {
        Some(self.account_id).filter(|id| !id.0.is_nil())
    }

    /// The consent on which this actor acts for `supplier`; none where it holds a role there itself.
    #[must_use]
    pub fn consent_of(&self, supplier: SupplierId) -> Option<ConsentId> {
        let own = |grant: &Grant| grant.place == Place::Supplier(supplier);
        if self.grants.iter().any(own) {
            return None;
        }
        self.grants.iter().find_map(|grant| match grant.place {
            Place::Household { supplier: household, consent } if household == supplier => Some(consent),
            _ => None,
        })
    }

    /// The account.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        self.account_id
    }

    /// The log-in session, when the call came over HTTP.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.session_id
    }

    /// Whether a one-time password is still to be replaced.
    #[must_use]
    pub fn must_change_password(&self) -> bool {
        self.must_change_password
    }

    /// Whether a second factor is still to be enrolled.
    #[must_use]
    pub fn lacks_second_factor(&self) -> bool {
        self.lacks_second_factor
    }

    /// What the account holds.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }
}

/// An actor together with the request it came in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub actor: Arc<Actor>,
    /// Number of the request.
    pub request_id: String,
    /// Address of the peer; none inside the process.
    pub address: Option<String>,
}

impl Caller {
    /// The detail of a record as JSON. What an agent does to a row of a household's supplier is told as done for it:
    /// `on_behalf_of` names the supplier and the consent (H5).
    #[must_use]
    pub fn told(&self, detail: &impl Serialize) -> String {
        let acts_for_others = |grant: &Grant| matches!(grant.place, Place::Household { .. });
        if !self.actor.grants().iter().any(acts_for_others) {
            return serde_json::to_string(detail).unwrap_or_default();
        }
        let mut detail = serde_json::to_value(detail).unwrap_or_default();
        let supplier = detail.get("supplier_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        if let Some(supplier) = supplier
            && let Some(consent) = self.actor.consent_of(supplier)
        {
            detail["on_behalf_of"] = json!({ "supplier_id": supplier, "consent_id": consent });
        }
        detail.to_string()
    }
}
