//! Who may do what: log-in, tokens, roles, and the scope every query must hold.
//!
//! Refuses callers without a living session, roles without the permission, and queries without a [`Scope`].

pub mod accounts;
mod actor;
mod bootstrap;
mod granting;
mod guard;
mod inspectors;
mod login;
mod me;
pub mod password;
mod policy;
mod read_policy;
mod scope;
mod store;
mod table;
mod throttle;
mod tokens;

pub use actor::{Actor, Caller, Grant, Place};
pub use bootstrap::{NewAccount, create_accounts, first_administrator};
pub use granting::{Target, Within, gives, grantable};
pub(crate) use guard::bearer;
pub use guard::{Guard, NewcomerCaller};
pub use inspectors::{InspectorView, inspectors_of};
pub use policy::{ACTIONS, Action, Denied, RESOURCES, ROLES, Reach, Resource, reach};
pub use scope::Scope;
pub use store::{agents_of, grants};
pub use table::table;
pub use throttle::{Rates, throttle};
pub use tokens::{KeyError, Tokens};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Log-in, log-out, the caller's own account, and the accounts below.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::refresh))
        .routes(routes!(login::logout))
        .routes(routes!(inspectors::list_inspectors))
        .routes(routes!(me::me))
        .routes(routes!(me::change_password))
        .routes(routes!(read_policy::read_policy))
        .with_state(ctx.clone())
        .merge(accounts::router(ctx))
}
