//! Who may do what: the printed table, and a walk over every operation of the document.

use crate::support::{
    app::{App, on_both},
    document::{Document, Operation},
};
use entity::membership::Role;
use serde_json::Value;
use xiaonong::access::{self, Action, ROLES, Resource, reach};

/// What each operation does to what; none where any log-in will do. A new operation needs its line here.
const OPERATIONS: &[(&str, Option<(Action, Resource)>)] = &[
    ("login", None),
    ("refresh", None),
    ("logout", None),
    ("me", None),
    ("change_password", None),
    ("list_divisions", Some((Action::Read, Resource::Reference))),
    ("find_division", Some((Action::Read, Resource::Reference))),
    ("list_county_lists", Some((Action::Read, Resource::Reference))),
    ("list_reporting_units", Some((Action::Read, Resource::Reference))),
    ("list_products", Some((Action::Read, Resource::Reference))),
    ("list_units", Some((Action::Read, Resource::Reference))),
    ("list_categories", Some((Action::Read, Resource::Reference))),
    ("list_schools", Some((Action::Read, Resource::School))),
    ("find_school", Some((Action::Read, Resource::School))),
    ("list_canteens", Some((Action::Read, Resource::School))),
    ("list_suppliers", Some((Action::Read, Resource::Supplier))),
    ("find_supplier", Some((Action::Read, Resource::Supplier))),
    ("list_listings", Some((Action::Read, Resource::Listing))),
    ("find_listing", Some((Action::Read, Resource::Listing))),
    ("create_listing", Some((Action::Create, Resource::Listing))),
    ("place_basket", Some((Action::Create, Resource::Order))),
    ("place_order", Some((Action::Create, Resource::Order))),
    ("list_orders", Some((Action::Read, Resource::Order))),
    ("find_order", Some((Action::Read, Resource::Order))),
    ("confirm_order", Some((Action::Confirm, Resource::Order))),
    ("decline_order", Some((Action::Decline, Resource::Order))),
    ("cancel_order", Some((Action::Cancel, Resource::Order))),
];

/// Operations that are there to get a token.
const PUBLIC: [&str; 2] = ["login", "refresh"];

#[test]
fn the_policy_is_the_one_agreed_on() {
    let agreed = include_str!("policy.txt");
    assert_eq!(access::table(), agreed, "to change the policy, put the left side into tests/it/policy.txt");
}

fn id_of(operation: &Operation) -> &str {
    operation.json["operationId"].as_str().expect("an operationId")
}

fn needs(operation: &Operation) -> Option<(Action, Resource)> {
    let id = id_of(operation);
    let line = OPERATIONS.iter().find(|(known, _)| *known == id);
    line.unwrap_or_else(|| panic!("{id} is new: say in tests/it/policy.rs who may do it")).1
}

/// Calls an operation with its documented example, on a resource that is nowhere.
async fn call(app: &App, operation: &Operation, token: Option<&str>) -> crate::support::call::Answer {
    let path = operation.path.replace("{id}", "01990000-0000-7000-8000-0000000000ab").replace("{code}", "000000");
    assert!(!path.contains('{'), "{path}: what stands for this parameter?");
    let mut call = app.call(&operation.method, &path).key("walk");
    if let Some(content) = operation.json["requestBody"]["content"].as_object() {
        let (kind, content) = content.iter().next().expect("a content type");
        let body = content["example"].as_str().map_or_else(|| content["example"].to_string(), str::to_owned);
        call = call.text(kind, &body);
    }
    if let Some(token) = token {
        call = call.by(token);
    }
    call.await
}

fn account_of(role: Role) -> &'static str {
    match role {
        Role::Administrator => "demo-admin",
        Role::AuthorityOfficer => "demo-weining",
        Role::CanteenManager => "yunong",
        Role::Inspector => "yunong-2",
        Role::Supplier => "weining-potato-coop",
    }
}

on_both! {
    async fn every_operation_refuses_a_caller_without_a_token(app: &App) {
        let before = app.snapshot().await;
        for operation in Document::of(app).operations() {
            if !PUBLIC.contains(&id_of(&operation)) {
                call(app, &operation, None).await.refused(401, "token_invalid");
                call(app, &operation, Some("a.b.c")).await.refused(401, "token_invalid");
            }
        }
        assert_eq!(app.snapshot().await, before);
    }

    async fn every_operation_refuses_the_roles_that_may_not(app: &App) {
        let operations = Document::of(app).operations();
        let known: Vec<&str> = operations.iter().map(id_of).collect();
        for (id, _) in OPERATIONS {
            assert!(known.contains(id), "{id} is no operation any more");
        }
        let before = app.snapshot().await;
        for role in ROLES {
            let token = app.login(account_of(role)).await;
            for operation in &operations {
                let Some((action, resource)) = needs(operation) else { continue };
                let answer = call(app, operation, Some(&token)).await;
                if reach(role, action, resource).is_none() {
                    answer.refused(403, "forbidden");
                } else {
                    let refused = [401, 403, 405, 500, 503].contains(&answer.status);
                    assert!(!refused, "{role:?} may {action:?} {resource:?}: {} {}", answer.status, answer.text());
                }
            }
        }
        assert_eq!(app.snapshot().await, before, "nothing here was there to be changed");
    }
}
