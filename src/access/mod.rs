//! Who may do what: log-in, tokens, roles, and the scope every query must hold.
//!
//! Refuses callers without a living session, roles without the permission, and queries without a [`Scope`].

pub mod accounts;
mod actor;
mod background;
mod bootstrap;
mod change_password;
mod common;
mod enrol;
mod granting;
mod guard;
mod inspectors;
mod jwks;
mod keys;
mod login;
mod me;
pub mod password;
mod policy;
mod read_policy;
mod reason;
mod refresh;
mod scope;
mod seal;
mod second_factor;
mod session_store;
mod sessions;
mod signing;
mod store;
mod table;
mod throttle;
mod tokens;
pub mod totp;
mod tries;
mod visitor;
mod watch;

pub use actor::{Actor, Caller, Grant, Place};
pub use bootstrap::{NewAccount, create_accounts, first_administrator};
pub use granting::{Target, Within, gives, grantable};
pub(crate) use guard::bearer;
pub use guard::{Guard, NewcomerCaller, Session, access_changed};
pub use inspectors::{InspectorView, inspectors_of};
pub use keys::{KeyError, KeyFiles};
pub use policy::{ACTIONS, Action, Denied, RESOURCES, ROLES, Reach, Resource, reach};
pub use reason::{count_reveal, reason_for};
pub use scope::Scope;
pub use seal::Seal;
pub use second_factor::{SecondFactor, needs_second_factor};
pub use session_store::{end_other_sessions, end_sessions};
pub use store::{agents_of, grants};
pub use table::table;
pub use throttle::{Rates, throttle};
pub use tokens::Tokens;
pub use visitor::Guest;
pub use watch::Watch;

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Log-in, log-out, the caller's own account, and the accounts below.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(login::logout))
        .routes(routes!(inspectors::list_inspectors))
        .routes(routes!(me::me))
        .routes(routes!(change_password::change_password))
        .routes(routes!(sessions::list_sessions, sessions::end_all_sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(enrol::start_totp))
        .routes(routes!(enrol::confirm_totp))
        .routes(routes!(enrol::renew_recovery_codes))
        .routes(routes!(enrol::disable_totp))
        .routes(routes!(read_policy::read_policy))
        .with_state(ctx.clone())
        .merge(accounts::router(ctx))
}

/// What stands outside the API's own path: the public keys.
pub fn well_known(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(jwks::jwks)).with_state(ctx)
}
