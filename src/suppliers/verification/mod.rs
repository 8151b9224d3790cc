//! How a supplier is let in, and how it loses what it was let in for (H4).
//!
//! Owns the steps from the application to the approval and what ends it, each a row that stays. Refuses a step out of
//! order, a decision by whoever entered, applied or recommended, and an approval before the public notice is over or
//! while an objection to it is open.

mod advance;
mod apply;
mod decide;
mod examine;
mod history;
mod list;
mod listed;
mod refusal;
mod rules;
mod store;
mod view;

pub use listed::listed;

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
}
