//! How a supplier is let in, and how it loses what it was let in for (H4).
//!
//! Owns the steps from the application to the approval and what ends it, each a row that stays. Refuses a step out of
//! order, a decision by whoever entered, applied or recommended, and an approval before the public notice is over or
//! while an objection to it is open.

mod advance;
mod apply;
mod decide;
mod due;
mod entered;
mod examine;
mod history;
mod list;
mod listed;
mod notices;
mod objections;
mod refusal;
mod revoke;
mod rules;
mod store;
mod view;

pub use due::settle_due;
pub use entered::entered;
pub use listed::listed;
pub use objections::reseal::{objections_to_reseal, reseal_objections};
pub use revoke::{find_revocable, find_verified, hold, revoke, revoked_on};
pub use store::Found;

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Applications and what becomes of them.
pub fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(apply::apply_supplier))
        .routes(routes!(list::list_verifications))
        .routes(routes!(list::find_verification))
        .routes(routes!(examine::recommend_supplier))
        .routes(routes!(examine::review_supplier))
        .routes(routes!(examine::publish_supplier))
        .routes(routes!(decide::approve_supplier))
        .routes(routes!(decide::refuse_supplier))
        .routes(routes!(decide::withdraw_application))
        .routes(routes!(decide::suspend_supplier))
        .routes(routes!(decide::reinstate_supplier))
        .routes(routes!(notices::list_public_notices))
        .routes(routes!(objections::raise::raise_objection))
        .routes(routes!(objections::list::list_objections))
        .routes(routes!(objections::list::find_objection))
        .routes(routes!(objections::answer::answer_objection))
        .routes(routes!(objections::reveal::reveal_objection))
}
