//! Who may do what: the printed table, and a walk over every operation of the document.

use crate::support::{
    app::{App, on_both},
    call::{Answer, Call},
    document::{Document, Operation},
};
use entity::membership::Role;
use xiaonong::{
    access::{self, Action, ROLES, Resource, reach},
    http::Language,
};

/// What each operation does to what; none where any log-in will do. A new operation needs its line here.
const OPERATIONS: &[(&str, Option<(Action, Resource)>)] = &[
    ("login", None),
    ("refresh", None),
    ("logout", None),
    ("me", None),
    ("change_password", None),
    ("list_sessions", None),
    ("end_session", None),
    ("end_sessions", None),
    ("start_totp", None),
    ("confirm_totp", None),
    ("renew_recovery_codes", None),
    ("disable_totp", None),
    ("jwks", None),
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
    ("find_school_position", Some((Action::Read, Resource::School))),
    ("put_school_position", Some((Action::Update, Resource::School))),
    ("find_supplier_position", Some((Action::Read, Resource::Supplier))),
    ("put_supplier_position", Some((Action::Update, Resource::Supplier))),
    ("create_supplier", Some((Action::Create, Resource::Supplier))),
    ("update_supplier", Some((Action::Update, Resource::Supplier))),
    ("update_supplier_numbers", Some((Action::Manage, Resource::Supplier))),
    ("reveal_supplier", Some((Action::Reveal, Resource::Supplier))),
    ("create_school", Some((Action::Create, Resource::School))),
    ("update_school", Some((Action::Update, Resource::School))),
    ("move_school", Some((Action::Update, Resource::School))),
    ("close_school", Some((Action::Update, Resource::School))),
    ("merge_school", Some((Action::Update, Resource::School))),
    ("create_canteen", Some((Action::Create, Resource::School))),
    ("update_canteen", Some((Action::Update, Resource::School))),
    ("close_canteen", Some((Action::Update, Resource::School))),
    ("list_diners", Some((Action::Read, Resource::School))),
    ("put_diners", Some((Action::Update, Resource::School))),
    ("list_suppliers", Some((Action::Read, Resource::Supplier))),
    ("find_supplier", Some((Action::Read, Resource::Supplier))),
    ("apply_supplier", Some((Action::Create, Resource::Verification))),
    ("list_verifications", Some((Action::Read, Resource::Verification))),
    ("find_verification", Some((Action::Read, Resource::Verification))),
    ("recommend_supplier", Some((Action::Update, Resource::Verification))),
    ("review_supplier", Some((Action::Update, Resource::Verification))),
    ("publish_supplier", Some((Action::Update, Resource::Verification))),
    ("approve_supplier", Some((Action::Confirm, Resource::Verification))),
    ("refuse_supplier", Some((Action::Decline, Resource::Verification))),
    ("withdraw_application", Some((Action::Create, Resource::Verification))),
    ("suspend_supplier", Some((Action::Confirm, Resource::Verification))),
    ("reinstate_supplier", Some((Action::Confirm, Resource::Verification))),
    ("list_public_notices", None),
    ("raise_objection", None),
    ("find_objection", None),
    ("list_objections", Some((Action::Read, Resource::Verification))),
    ("answer_objection", Some((Action::Confirm, Resource::Verification))),
    ("reveal_objection", Some((Action::Reveal, Resource::Verification))),
    ("preview_revocation", Some((Action::Cancel, Resource::Verification))),
    ("revoke_supplier", Some((Action::Cancel, Resource::Verification))),
    ("list_revocations", Some((Action::Read, Resource::Verification))),
    ("list_sales", Some((Action::Create, Resource::SaleDenial))),
    ("deny_sale", Some((Action::Create, Resource::SaleDenial))),
    ("list_sale_denials", Some((Action::Read, Resource::SaleDenial))),
    ("find_sale_denial", Some((Action::Read, Resource::SaleDenial))),
    ("uphold_sale_denial", Some((Action::Confirm, Resource::SaleDenial))),
    ("reject_sale_denial", Some((Action::Confirm, Resource::SaleDenial))),
    ("list_households", Some((Action::Read, Resource::Household))),
    ("find_household", Some((Action::Read, Resource::Household))),
    ("search_households", Some((Action::Read, Resource::Household))),
    ("reveal_household", Some((Action::Reveal, Resource::Household))),
    ("update_personal_data", Some((Action::Update, Resource::Household))),
    ("create_household", Some((Action::Create, Resource::Household))),
    ("update_household", Some((Action::Update, Resource::Household))),
    ("list_household_statuses", Some((Action::Read, Resource::Household))),
    ("household_income", Some((Action::Read, Resource::Household))),
    ("record_household_status", Some((Action::Update, Resource::Household))),
    ("end_household_status", Some((Action::Update, Resource::Household))),
    ("annul_household_status", Some((Action::Cancel, Resource::Household))),
    ("upload_household_list", Some((Action::Create, Resource::Household))),
    ("list_household_lists", Some((Action::Read, Resource::Household))),
    ("find_household_list", Some((Action::Read, Resource::Household))),
    ("list_household_list_rows", Some((Action::Read, Resource::Household))),
    ("apply_household_list", Some((Action::Update, Resource::Household))),
    ("list_household_discrepancies", Some((Action::Read, Resource::Household))),
    ("resolve_household_discrepancy", Some((Action::Update, Resource::Household))),
    ("list_listings", Some((Action::Read, Resource::Listing))),
    ("find_listing", Some((Action::Read, Resource::Listing))),
    ("create_listing", Some((Action::Create, Resource::Listing))),
    ("quote_basket", Some((Action::Quote, Resource::Order))),
    ("place_basket", Some((Action::Create, Resource::Order))),
    ("place_order", Some((Action::Create, Resource::Order))),
    ("list_orders", Some((Action::Read, Resource::Order))),
    ("find_order", Some((Action::Read, Resource::Order))),
    ("confirm_order", Some((Action::Confirm, Resource::Order))),
    ("decline_order", Some((Action::Decline, Resource::Order))),
    ("cancel_order", Some((Action::Cancel, Resource::Order))),
    ("send_consignment", Some((Action::Create, Resource::Consignment))),
    ("list_consignments", Some((Action::Read, Resource::Consignment))),
    ("find_consignment", Some((Action::Read, Resource::Consignment))),
    ("receive_consignment", Some((Action::Create, Resource::Receipt))),
    ("list_receipts", Some((Action::Read, Resource::Receipt))),
    ("find_receipt", Some((Action::Read, Resource::Receipt))),
    ("deny_receipt", Some((Action::Create, Resource::Receipt))),
    ("return_goods", Some((Action::Create, Resource::Receipt))),
    ("list_inspectors", Some((Action::Read, Resource::Receipt))),
    ("declare_purchase", Some((Action::Create, Resource::DeclaredPurchase))),
    ("import_purchases", Some((Action::Create, Resource::DeclaredPurchase))),
    ("import_divisions", Some((Action::Update, Resource::Reference))),
    ("import_county_list", Some((Action::Update, Resource::Reference))),
    ("import_template", Some((Action::Read, Resource::Reference))),
    ("list_ledger_lines", Some((Action::Read, Resource::Ledger))),
    ("upload_import", None),
    ("list_imports", None),
    ("find_import", None),
    ("list_import_refusals", None),
    ("apply_import", None),
    ("discard_import", None),
    ("create_link", Some((Action::Manage, Resource::SupplierPaper))),
    ("list_links", Some((Action::Read, Resource::SupplierPaper))),
    ("end_link", Some((Action::Manage, Resource::SupplierPaper))),
    ("create_licence", Some((Action::Create, Resource::SupplierPaper))),
    ("list_supplier_licences", Some((Action::Read, Resource::SupplierPaper))),
    ("list_licences", Some((Action::Read, Resource::SupplierPaper))),
    ("end_licence", Some((Action::Update, Resource::SupplierPaper))),
    ("create_capacity", Some((Action::Create, Resource::SupplierPaper))),
    ("list_capacities", Some((Action::Read, Resource::SupplierPaper))),
    ("confirm_capacity", Some((Action::Confirm, Resource::SupplierPaper))),
    ("list_capacity_overruns", Some((Action::Read, Resource::SupplierPaper))),
    ("create_base", Some((Action::Manage, Resource::SupplierPaper))),
    ("list_bases", Some((Action::Read, Resource::SupplierPaper))),
    ("end_base", Some((Action::Manage, Resource::SupplierPaper))),
    ("put_base_parties", Some((Action::Manage, Resource::SupplierPaper))),
    ("list_indicators", Some((Action::Read, Resource::Reference))),
    ("list_indicator_versions", Some((Action::Read, Resource::Reference))),
    ("create_indicator", Some((Action::Update, Resource::Reference))),
    ("end_indicator", Some((Action::Update, Resource::Reference))),
    ("simulate_indicator", Some((Action::Read, Resource::RollUp))),
    ("indicator_share", Some((Action::Read, Resource::RollUp))),
    ("list_double_counts", Some((Action::Read, Resource::DeclaredPurchase))),
    ("same_goods", Some((Action::Update, Resource::DeclaredPurchase))),
    ("different_goods", Some((Action::Update, Resource::DeclaredPurchase))),
    ("correct_purchase", Some((Action::Update, Resource::DeclaredPurchase))),
    ("list_statements", Some((Action::Read, Resource::Statement))),
    ("find_statement", Some((Action::Read, Resource::Statement))),
    ("close_month", Some((Action::Create, Resource::Statement))),
    ("reopen_month", Some((Action::Cancel, Resource::Statement))),
    ("statement_lines", Some((Action::Read, Resource::Statement))),
    ("print_statement", Some((Action::Read, Resource::Statement))),
    ("rank_schools", Some((Action::Read, Resource::RollUp))),
    ("school_share", Some((Action::Read, Resource::SchoolShare))),
    ("reporting_unit_share", Some((Action::Read, Resource::RollUp))),
    ("division_share", Some((Action::Read, Resource::RollUp))),
    ("list_accounts", Some((Action::Read, Resource::Account))),
    ("find_account", Some((Action::Read, Resource::Account))),
    ("create_account", Some((Action::Manage, Resource::Account))),
    ("import_accounts", Some((Action::Manage, Resource::Account))),
    ("disable_account", Some((Action::Manage, Resource::Account))),
    ("enable_account", Some((Action::Manage, Resource::Account))),
    ("reset_password", Some((Action::Manage, Resource::Account))),
    ("grant_membership", Some((Action::Manage, Resource::Account))),
    ("end_membership", Some((Action::Manage, Resource::Account))),
    ("list_consents", Some((Action::Read, Resource::Consent))),
    ("record_consent", Some((Action::Create, Resource::Consent))),
    ("withdraw_consent", Some((Action::Cancel, Resource::Consent))),
    ("upload_document", Some((Action::Create, Resource::Document))),
    ("list_documents", Some((Action::Read, Resource::Document))),
    ("find_document", Some((Action::Read, Resource::Document))),
    ("document_content", Some((Action::Read, Resource::Document))),
    ("link_document", Some((Action::Create, Resource::Document))),
    ("reveal_document", Some((Action::Reveal, Resource::Document))),
    ("delete_document", Some((Action::Cancel, Resource::Document))),
    ("read_policy", None),
    ("list_audit_entries", Some((Action::Read, Resource::Audit))),
    ("export_audit_entries", Some((Action::Read, Resource::Audit))),
    ("list_notifications", None),
    ("read_notification", None),
];

/// An id that nothing has.
const NOWHERE: &str = "01990000-0000-7000-8000-0000000000ab";

/// Operations that are there to get a token, or to check one, and those of the public notice.
const PUBLIC: [&str; 5] = ["login", "refresh", "jwks", "list_public_notices", "raise_objection"];

#[test]
fn the_policy_is_the_one_agreed_on() {
    for (language, name, agreed) in [
        (Language::Chinese, "policy.zh.txt", include_str!("policy.zh.txt")),
        (Language::English, "policy.en.txt", include_str!("policy.en.txt")),
    ] {
        assert_eq!(access::table(language), agreed, "to change the policy, put the left side into tests/it/{name}");
    }
}

fn needs(operation: &Operation) -> Option<(Action, Resource)> {
    let id = operation.id();
    let line = OPERATIONS.iter().find(|(known, _)| *known == id);
    line.unwrap_or_else(|| panic!("{id} is new: say in tests/it/policy.rs who may do it")).1
}

/// A request as the document describes it, on a resource that is nowhere.
fn request(app: &App, document: &Document, operation: &Operation) -> Call {
    let path = operation.path.replace("{id}", NOWHERE).replace("{code}", "000000").replace("{month}", "2026-03");
    let path = path.replace("{kind}", "castles");
    assert!(!path.contains('{'), "{path}: what stands for this parameter?");
    let query: Vec<String> = operation
        .parameters(document)
        .iter()
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
        .map(|parameter| format!("{}={}", parameter["name"].as_str().expect("a name"), document.example(parameter)))
        .collect();
    let call = app.call(&operation.method, &format!("{path}?{}", query.join("&")));
    match operation.json["requestBody"]["content"].as_object().and_then(|content| content.iter().next()) {
        None => call,
        Some((kind, content)) => {
            let example = &content["example"];
            call.text(kind, &example.as_str().map_or_else(|| example.to_string(), str::to_owned))
        }
    }
}

fn account_of(role: Role) -> &'static str {
    match role {
        Role::Administrator => "demo-admin",
        Role::AuthorityManager => "demo-bijie-manager",
        Role::AuthorityOfficer => "demo-weining",
        Role::Auditor => "demo-auditor",
        Role::SchoolPrincipal => "yunong-principal",
        Role::CanteenManager => "yunong",
        Role::Inspector => "yunong-2",
        Role::Supplier => "weining-potato-coop",
        Role::SupplierClerk => "weining-potato-coop-2",
        Role::Agent => "demo-agent",
    }
}

on_both! {
    async fn every_operation_refuses_a_caller_without_a_token(app: &App) {
        let document = Document::of(app);
        let before = app.snapshot().await;
        for operation in document.operations() {
            if !PUBLIC.contains(&operation.id()) {
                request(app, &document, &operation).await.refused(401, "token_invalid");
                request(app, &document, &operation).by("a.b.c").await.refused(401, "token_invalid");
            }
        }
        assert_eq!(app.snapshot().await, before);
    }

    async fn every_operation_refuses_the_roles_that_may_not(app: &App) {
        let document = Document::of(app);
        let operations = document.operations();
        for (id, _) in OPERATIONS {
            assert!(operations.iter().any(|operation| operation.id() == *id), "{id} is no operation any more");
        }
        let before = app.snapshot().await;
        for role in ROLES {
            let token = app.login(account_of(role)).await;
            for operation in &operations {
                let Some((action, resource)) = needs(operation) else { continue };
                let answer = request(app, &document, operation).key("walk").by(&token).await;
                if reach(role, action, resource).is_none() {
                    answer.refused(403, "forbidden");
                } else {
                    let refused = [401, 403, 405, 500, 503].contains(&answer.status);
                    assert!(!refused, "{role:?} may {action:?} {resource:?}: {} {}", answer.status, answer.text());
                    let documented = operation.json["responses"].get(answer.status.to_string());
                    assert!(documented.is_some(), "{} answers {} undocumented", operation.name(), answer.status);
                }
            }
        }
        assert_eq!(app.snapshot().await, before, "nothing here was there to be changed");
    }

    async fn headers_are_taken_where_the_document_says_so(app: &App) {
        let document = Document::of(app);
        let (mut keyed, mut versioned) = (0, 0);
        for role in ROLES {
            let token = app.login(account_of(role)).await;
            for operation in document.operations() {
                let may = needs(&operation).is_some_and(|(action, resource)| reach(role, action, resource).is_some());
                if !may {
                    continue;
                }
                let parameters = operation.parameters(&document);
                let takes = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name);
                let code = |answer: &Answer| answer.json()["code"].as_str().unwrap_or_default().to_owned();
                let without = request(app, &document, &operation).by(&token).await;
                let required = takes("Idempotency-Key").is_some_and(|header| header["required"] == true);
                assert_eq!(code(&without) == "idempotency_key_required", required, "{}", operation.name());
                let odd = request(app, &document, &operation).by(&token).key("k").header("if-match", "odd").await;
                assert_eq!(code(&odd) == "if_match_malformed", takes("If-Match").is_some(), "{}", operation.name());
                if takes("Idempotency-Key").is_some() {
                    let long = request(app, &document, &operation).by(&token).key(&"k".repeat(101)).await;
                    assert_eq!(code(&long), "idempotency_key_malformed", "{}", operation.name());
                }
                keyed += i32::from(required);
                versioned += i32::from(takes("If-Match").is_some());
            }
        }
        assert!(keyed >= 5 && versioned >= 4, "{keyed} {versioned}");
    }

    async fn unknown_fields_and_parameters_are_refused_everywhere(app: &App) {
        let document = Document::of(app);
        let before = app.snapshot().await;
        for role in ROLES {
            let token = app.login(account_of(role)).await;
            for operation in document.operations() {
                let may = needs(&operation).is_some_and(|(action, resource)| reach(role, action, resource).is_some());
                let parameters = operation.parameters(&document);
                let content = &operation.json["requestBody"]["content"]["application/json"];
                if may && parameters.iter().any(|parameter| parameter["in"] == "query") {
                    let answer = request(app, &document, &operation).query("colour=red").by(&token).await;
                    answer.refused(400, "unknown_parameter");
                    answer.points_at("?colour", "unknown_parameter");
                }
                if may && content.is_object() {
                    let mut body = content["example"].clone();
                    body["colour"] = "red".into();
                    let answer = request(app, &document, &operation).json(&body).key("walk").by(&token).await;
                    answer.refused(422, "invalid");
                    answer.points_at("/colour", "unknown_field");
                }
            }
        }
        assert_eq!(app.snapshot().await, before);
    }

    async fn the_policy_is_there_to_be_read(app: &App) {
        let token = app.login("yunong").await;
        let page = app.get("/policy").by(&token).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/markdown; charset=utf-8"));
        assert_eq!(page.text(), access::table(Language::Chinese));
        assert_eq!(app.get("/policy").by(&token).english().await.text(), access::table(Language::English));
    }
}
