//! Accounts and the roles they hold: made, given, ended, closed and reset by those above them.
//!
//! Owns who may log in and as what, and the consents that agents act on (H5). Refuses what is above or beside the
//! caller, the caller's own account, and to tell an account outside the caller's reach from one that is not there.

mod closing;
mod consents;
mod create;
mod disable;
mod draft;
mod end;
mod grant;
mod import;
mod list;
mod managed;
mod places;
mod reset_password;
mod view;

pub use create::{Draft, Made, create, make};
pub use disable::{Switch, switch};
pub use draft::{MembershipRequest, Names};
pub use import::ACCOUNTS;
pub use list::{AccountsQuery, list};
pub use reset_password::reset;
pub use view::{AccountView, HeldMembershipView};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Accounts, memberships and consents.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list::list_accounts, create::create_account))
        .routes(routes!(list::find_account))
        .routes(routes!(import::import_accounts))
        .routes(routes!(disable::disable_account))
        .routes(routes!(disable::enable_account))
        .routes(routes!(reset_password::reset_password))
        .routes(routes!(grant::grant_membership))
        .routes(routes!(end::end_membership))
        .routes(routes!(consents::list_consents, consents::record_consent))
        .routes(routes!(consents::withdraw_consent))
        .with_state(ctx)
}
