//! Every refusal of a change leaves a row: who was refused what, where, and why; never what was in the request.

use super::{
    line::{Deed, line, machine_line},
    recorder::Recorder,
};
use crate::{
    access::Caller,
    context::Ctx,
    http::{ApiError, Language, Peer, RequestId},
};
use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
    response::Response,
};
use entity::{
    audit_entry::{self, Outcome},
    id::AccountId,
};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// Calls with a changing method that change nothing.
const CHANGES_NOTHING: [&str; 1] = ["/api/v1/baskets/quote"];
/// Wrong fields named in one row at most.
const MOST_POINTERS: usize = 20;
/// Characters kept of what a client could make long.
const MOST_CHARACTERS: usize = 100;
/// Codes whose pointer ends in a name the client made up.
const MADE_UP: [&str; 3] = ["unknown_field", "unknown_parameter", "duplicate_field"];

/// Who is behind a request: told by whoever finds out, read by the layer that records refusals.
#[derive(Clone, Default)]
pub struct Witness(Arc<OnceLock<Known>>);

enum Known {
    Caller(Caller),
    LogIn { account: Option<AccountId>, name_hash: String },
}

impl Witness {
    /// The request carries a valid token of this caller.
    pub fn called(&self, caller: &Caller) {
        // The first to tell is right: a request has one caller.
        let _ = self.0.set(Known::Caller(caller.clone()));
    }

    /// The request is a log-in that failed, under the name of this account or of none.
    pub fn failed_log_in(&self, account: Option<AccountId>, name_hash: String) {
        let _ = self.0.set(Known::LogIn { account, name_hash });
    }
}

/// The layer: a change that was refused is answered once its row is committed.
pub async fn refusals<F>(recorder: &Recorder, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let changes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(request.method());
    let route = request.extensions().get::<MatchedPath>().filter(|_| changes).map(|path| path.as_str().to_owned());
    let Some(route) = route.filter(|route| !CHANGES_NOTHING.contains(&route.as_str())) else {
        return next(request).await;
    };
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let asked = Asked {
        operation: format!("{} {}", request.method(), route.strip_prefix("/api/v1").unwrap_or(&route)),
        named: named(&route, request.uri().path()),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
        address: Peer::of(request.extensions()).stored(),
    };
    let response = next(request).await;
    let problem = response.extensions().get::<ApiError>().filter(|problem| is_refusal(problem));
    if let (Some(problem), Some(known)) = (problem, witness.0.get()) {
        let row = row(recorder.ctx(), asked, known, told(problem));
        recorder.record(row).await;
    }
    response
}

/// What is kept of a request before it is handed on.
struct Asked {
    operation: String,
    named: (String, String),
    request_id: String,
    address: Option<String>,
}

fn row(ctx: &Ctx, asked: Asked, known: &Known, mut facts: Value) -> audit_entry::Model {
    match known {
        Known::Caller(caller) => {
            let (resource, resource_id) = asked.named;
            let outcome = Outcome::Refused;
            let deed = Deed { action: &asked.operation, resource: &resource, resource_id, outcome, facts };
            line(ctx, caller, ctx.clock.now(), deed)
        }
        // Belongs to nobody's place: looking one up would take longer for names that exist.
        Known::LogIn { account, name_hash } => {
            facts["name_hash"] = name_hash.as_str().into();
            audit_entry::Model {
                account_id: *account,
                resource_id: account.map(|id| id.to_string()).unwrap_or_default(),
                outcome: Outcome::Refused,
                address: asked.address,
                ..machine_line(ctx, "session.login", "account", &asked.request_id, facts)
            }
        }
    }
}

/// Refused for what the caller may or what was asked; not for how often, and not by a fault of ours.
fn is_refusal(problem: &ApiError) -> bool {
    let status = problem.status();
    status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS
}

/// Code and pointers of a problem, without any value of the request.
fn told(problem: &ApiError) -> Value {
    let body = problem.body(Language::English, "");
    let pointers: Vec<Value> = body
        .errors
        .iter()
        .take(MOST_POINTERS)
        .map(|field| {
            let known = match field.pointer.rsplit_once('/') {
                Some((parent, _)) if MADE_UP.contains(&field.code.as_str()) => format!("{parent}/…"),
                None if MADE_UP.contains(&field.code.as_str()) => "?…".to_owned(),
                _ => field.pointer.chars().take(MOST_CHARACTERS).collect(),
            };
            json!({ "pointer": known, "code": field.code })
        })
        .collect();
    json!({ "status": body.status, "code": body.code, "pointers": pointers })
}

/// The thing a path names: `/orders/{id}/confirm` names an order.
fn named(route: &str, path: &str) -> (String, String) {
    let mut kind = String::new();
    for (template, segment) in route.split('/').zip(path.split('/')) {
        if template.starts_with('{') {
            let plain = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
            let id = if segment.chars().all(plain) { segment } else { "" };
            return (kind, id.chars().take(MOST_CHARACTERS).collect());
        }
        if !template.is_empty() && !["api", "v1"].contains(&template) {
            kind = singular(template);
        }
    }
    (kind, String::new())
}

fn singular(segment: &str) -> String {
    let name = segment.replace('-', "_");
    match (name.strip_suffix("ies"), name.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) => stem.to_owned(),
        (None, None) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{FieldError, Text};

    #[test]
    fn a_path_names_its_thing() {
        let of = |route: &str, path: &str| {
            let (kind, id) = named(route, path);
            format!("{kind} {id}")
        };
        assert_eq!(of("/api/v1/orders/{id}/confirm", "/api/v1/orders/7/confirm"), "order 7");
        assert_eq!(of("/api/v1/declared-purchases", "/api/v1/declared-purchases"), "declared_purchase ");
        assert_eq!(of("/api/v1/deliveries/{id}", "/api/v1/deliveries/%E5%BC%A0"), "delivery ");
        assert_eq!(of("/api/v1/me/password", "/api/v1/me/password"), "password ");
    }

    #[test]
    fn what_the_client_made_up_is_not_kept() {
        let text = || Text::new("", "");
        let errors = vec![
            FieldError::new("/lines/0/张三", "unknown_field", text()),
            FieldError::new("/lines/0/quantity", "quantity_scale", text()),
        ];
        let facts = told(&ApiError::Invalid(errors));
        assert_eq!(
            facts,
            json!({"status": 422, "code": "invalid", "pointers": [
                {"pointer": "/lines/0/…", "code": "unknown_field"},
                {"pointer": "/lines/0/quantity", "code": "quantity_scale"},
            ]})
        );
        let parameter = FieldError::new("?13800001234", "unknown_parameter", text());
        assert_eq!(told(&ApiError::Malformed(parameter))["pointers"][0]["pointer"], "?…");
    }
}
