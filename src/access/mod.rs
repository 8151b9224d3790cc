//! Who may do what: log-in, tokens, roles, and the scope every query must hold.
//!
//! Refuses callers without a living session, roles without the permission, and queries without a [`Scope`].

mod actor;
mod bootstrap;
mod guard;
mod inspectors;
mod login;
mod me;
pub mod password;
mod peer;
mod policy;
mod store;
mod tokens;

pub use actor::{Actor, Caller, Grant, Place};
pub use bootstrap::{NewAccount, create_accounts, first_administrator};
pub use guard::{Guard, NewcomerCaller};
pub use inspectors::{InspectorView, inspectors_of};
pub use policy::{ACTIONS, Action, Denied, RESOURCES, ROLES, Reach, Resource, Scope, reach, table};
pub use store::grants;
pub use tokens::{KeyError, Tokens};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Log-in, log-out, and the caller's own account.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::refresh))
        .routes(routes!(login::logout))
        .routes(routes!(inspectors::list_inspectors))
        .routes(routes!(me::me))
        .routes(routes!(me::change_password))
        .with_state(ctx)
}
