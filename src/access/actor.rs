//! Who is calling and what they hold.

use entity::{
    id::{AccountId, SchoolId, SessionId, SupplierId},
    membership::Role,
};
use std::sync::Arc;

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
    grants: Vec<Grant>,
}

impl Actor {
    /// An actor as loaded from its session.
    #[must_use]
    pub fn new(account_id: AccountId, session_id: SessionId, must_change_password: bool, grants: Vec<Grant>) -> Self {
        Self { account_id, session_id: Some(session_id), must_change_password, grants }
    }

    /// An actor inside the process (demonstration, command line), acting for a real account.
    #[must_use]
    pub fn in_process(account_id: AccountId, grants: Vec<Grant>) -> Self {
        Self { account_id, session_id: None, must_change_password: false, grants }
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
