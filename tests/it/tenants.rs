//! What is another's looks like what is nowhere: the walk over every operation that names something.

use crate::support::{
    app::{App, on_both},
    call::Call,
    document::{Document, Operation},
    people::{At, People},
    trade::{Trade, id},
};
use entity::membership::Role;
use serde_json::{Value, json};
use xiaonong::jobs;

const NOWHERE: &str = "01990000-0000-7000-8000-0000000000ab";
const NO_CODE: &str = "999999";

/// Who else may do this, and whose it is.
#[derive(Clone, Copy)]
enum Foreign {
    /// Reference data and the market: nobody is foreign to it.
    Open,
    School,
    Canteen,
    Order,
    Consignment,
    Receipt,
    Listing,
    Supplier,
    Household,
    /// Of what [`register_of`] makes.
    Register(usize),
    /// Of what the supplier holds: a link, a licence, a capacity, a base.
    PaperOf(usize),
    Unit,
    Notification,
    Account,
    Membership,
    Consent,
    HouseholdSupplier,
    Session,
    Document,
    Paper,
    Verification,
    Objection,
    Line,
    Denial,
    Declared,
    DoubleCount,
    Statement,
}

/// What each operation that names something names. A new operation needs its line here.
const NAMED: &[(&str, Foreign)] = &[
    ("find_division", Foreign::Open),
    ("import_template", Foreign::Open),
    ("correct_purchase", Foreign::Declared),
    ("same_goods", Foreign::DoubleCount),
    ("different_goods", Foreign::DoubleCount),
    ("find_statement", Foreign::Statement),
    ("reopen_month", Foreign::Statement),
    ("statement_lines", Foreign::Statement),
    ("print_statement", Foreign::Statement),
    // What is brought is its bringer's alone: tests/it/imports.rs.
    ("upload_import", Foreign::Open),
    ("find_import", Foreign::Open),
    ("list_import_refusals", Foreign::Open),
    ("apply_import", Foreign::Open),
    ("discard_import", Foreign::Open),
    ("create_link", Foreign::Supplier),
    ("list_links", Foreign::Supplier),
    ("end_link", Foreign::PaperOf(0)),
    ("create_licence", Foreign::Supplier),
    ("list_supplier_licences", Foreign::Supplier),
    ("end_licence", Foreign::PaperOf(1)),
    ("create_capacity", Foreign::Supplier),
    ("list_capacities", Foreign::Supplier),
    ("confirm_capacity", Foreign::PaperOf(2)),
    ("create_base", Foreign::Supplier),
    ("list_bases", Foreign::Supplier),
    ("end_base", Foreign::PaperOf(3)),
    ("put_base_parties", Foreign::PaperOf(3)),
    // Whose schools it is over is in the query: tests/it/indicators.rs.
    ("indicator_share", Foreign::Open),
    // The same: tests/it/ranking.rs.
    ("rank_schools", Foreign::Open),
    ("end_indicator", Foreign::Open),
    ("find_school", Foreign::School),
    ("find_school_position", Foreign::School),
    ("put_school_position", Foreign::School),
    ("find_supplier_position", Foreign::Supplier),
    ("put_supplier_position", Foreign::Supplier),
    ("update_supplier", Foreign::Supplier),
    ("update_supplier_numbers", Foreign::Supplier),
    ("reveal_supplier", Foreign::Supplier),
    ("update_school", Foreign::School),
    ("move_school", Foreign::School),
    ("close_school", Foreign::School),
    ("merge_school", Foreign::School),
    ("create_canteen", Foreign::School),
    ("list_diners", Foreign::School),
    ("put_diners", Foreign::School),
    ("update_canteen", Foreign::Canteen),
    ("close_canteen", Foreign::Canteen),
    ("list_canteens", Foreign::School),
    ("list_inspectors", Foreign::School),
    ("school_share", Foreign::School),
    ("list_ledger_lines", Foreign::School),
    ("quote_basket", Foreign::Canteen),
    ("place_basket", Foreign::Canteen),
    ("place_order", Foreign::Canteen),
    ("declare_purchase", Foreign::Canteen),
    ("import_purchases", Foreign::Canteen),
    ("find_order", Foreign::Order),
    ("confirm_order", Foreign::Order),
    ("decline_order", Foreign::Order),
    ("cancel_order", Foreign::Order),
    ("send_consignment", Foreign::Order),
    ("list_consignments", Foreign::Order),
    ("find_consignment", Foreign::Consignment),
    ("receive_consignment", Foreign::Consignment),
    ("list_receipts", Foreign::School),
    ("find_receipt", Foreign::Receipt),
    ("deny_receipt", Foreign::Receipt),
    ("return_goods", Foreign::Receipt),
    ("find_listing", Foreign::Listing),
    ("find_supplier", Foreign::Supplier),
    ("apply_supplier", Foreign::Supplier),
    ("list_verifications", Foreign::Verification),
    ("list_objections", Foreign::Verification),
    ("raise_objection", Foreign::Open),
    ("find_objection", Foreign::Objection),
    ("answer_objection", Foreign::Objection),
    ("reveal_objection", Foreign::Objection),
    ("preview_revocation", Foreign::Supplier),
    ("revoke_supplier", Foreign::Supplier),
    ("list_revocations", Foreign::Supplier),
    ("list_sales", Foreign::Supplier),
    ("deny_sale", Foreign::Line),
    ("find_sale_denial", Foreign::Denial),
    ("uphold_sale_denial", Foreign::Denial),
    ("reject_sale_denial", Foreign::Denial),
    ("find_verification", Foreign::Verification),
    ("recommend_supplier", Foreign::Verification),
    ("review_supplier", Foreign::Verification),
    ("publish_supplier", Foreign::Verification),
    ("approve_supplier", Foreign::Verification),
    ("refuse_supplier", Foreign::Verification),
    ("withdraw_application", Foreign::Verification),
    ("suspend_supplier", Foreign::Verification),
    ("reinstate_supplier", Foreign::Verification),
    ("create_listing", Foreign::Supplier),
    ("find_household", Foreign::Household),
    ("reveal_household", Foreign::Household),
    ("update_personal_data", Foreign::Household),
    ("update_household", Foreign::Household),
    ("list_household_statuses", Foreign::Household),
    ("household_income", Foreign::Household),
    ("record_household_status", Foreign::Household),
    ("end_household_status", Foreign::Register(0)),
    ("annul_household_status", Foreign::Register(0)),
    ("find_household_list", Foreign::Register(1)),
    ("list_household_list_rows", Foreign::Register(1)),
    ("apply_household_list", Foreign::Register(1)),
    ("resolve_household_discrepancy", Foreign::Register(2)),
    ("reporting_unit_share", Foreign::Unit),
    ("division_share", Foreign::Unit),
    ("read_notification", Foreign::Notification),
    ("list_accounts", Foreign::School),
    ("find_account", Foreign::Account),
    ("disable_account", Foreign::Account),
    ("enable_account", Foreign::Account),
    ("reset_password", Foreign::Account),
    ("grant_membership", Foreign::Account),
    ("end_membership", Foreign::Membership),
    ("list_consents", Foreign::HouseholdSupplier),
    ("record_consent", Foreign::HouseholdSupplier),
    ("withdraw_consent", Foreign::Consent),
    ("end_session", Foreign::Session),
    ("find_document", Foreign::Document),
    ("document_content", Foreign::Document),
    ("link_document", Foreign::Document),
    ("delete_document", Foreign::Document),
    ("reveal_document", Foreign::Paper),
];

/// Fields and parameters that name something a caller must hold.
const HELD: [&str; 4] = ["canteen_id", "school_id", "order_id", "supplier_id"];

/// Who has nothing to do with the school and the supplier of the walk.
const STRANGERS: [&str; 8] = [
    "gz-520102-001",
    "gz-520102-001-2",
    "guiyang-distribution",
    "demo-bijie",
    "demo-bijie-manager",
    "sibling-principal",
    "sibling-clerk",
    "sibling-auditor",
];

/// Operations whose body names a supplier that the caller must hold.
const OWN_SUPPLIER: [&str; 2] = ["create_listing", "record_consent"];

fn names_something(operation: &Operation, document: &Document) -> bool {
    let example = &operation.json["requestBody"]["content"]["application/json"]["example"];
    let in_body = HELD.iter().any(|name| !example[*name].is_null());
    let named = |parameter: &Value| parameter["in"] == "query" && HELD.iter().any(|name| parameter["name"] == *name);
    operation.path.contains('{') || in_body || operation.parameters(document).iter().any(named)
}

/// The documented request, naming `this` wherever it names something held.
fn naming(app: &App, document: &Document, operation: &Operation, this: &str) -> Call {
    let path = operation.path.replace("{id}", this).replace("{code}", this).replace("{month}", "2026-03");
    let mut query = Vec::new();
    for parameter in operation.parameters(document).iter().filter(|parameter| parameter["in"] == "query") {
        let name = parameter["name"].as_str().expect("a name");
        if HELD.contains(&name) {
            query.push(format!("{name}={this}"));
        } else if parameter["required"] == true {
            query.push(format!("{name}={}", document.example(parameter)));
        }
    }
    let call = app.call(&operation.method, &format!("{path}?{}", query.join("&"))).key("walk");
    match operation.json["requestBody"]["content"].as_object().and_then(|content| content.iter().next()) {
        None => call,
        Some((kind, content)) => {
            let mut body = content["example"].clone();
            // The seller named in a declaration is the market's, not the caller's.
            let held = HELD.iter().filter(|name| **name != "supplier_id" || OWN_SUPPLIER.contains(&operation.id()));
            for name in held.filter(|name| !content["example"][**name].is_null()) {
                body[*name] = this.into();
            }
            call.text(kind, &body.as_str().map_or_else(|| body.to_string(), str::to_owned))
        }
    }
}

/// Something said against a supplier.
async fn objection_to(app: &App, verification: &str) -> String {
    let quoted = |id: &str| match app.ctx.store.backend() {
        sea_orm::DbBackend::Postgres => format!("'{id}'"),
        _ => format!("x'{}'", id.replace('-', "")),
    };
    let id = "01990000-0000-7000-8000-0000000000b1".to_owned();
    let (quoted_id, verification) = (quoted(&id), quoted(verification));
    app.execute(&format!(
        "insert into objection (id, verification_id, contact_sealed, statement, raised_at, version) \
         values ({quoted_id}, {verification}, 'none', 'x', 1, 1)"
    ))
    .await;
    id
}

/// A status of the household, a list of its county, and what the list leaves on the work list.
async fn register_of(app: &App, officer: &str, household: &str) -> [String; 3] {
    let statuses = app.get(&format!("/households/{household}/statuses")).by(officer).await.ok();
    let rows =
        "code,name,id_number,division_code,status,from_on,proof_number\nh-none,无某,,520526109,unstable_lifted,,\n";
    let path = "/api/v1/household-lists?kind=monitoring&county=520526&listed_on=2020-01-01&dry_run=false";
    let list = app.call("POST", path).text("text/csv", rows).by(officer).await.ok();
    let work = app.get("/household-discrepancies").by(officer).await.ok();
    [&statuses["items"][0], &list, &work["items"][0]].map(|one| id(one).to_owned())
}

/// A purchase the school declared, the receipt it looks like, and a month its county closed.
async fn figures_of(app: &App, ours: &Trade<'_>, officer: &str, received: &Value) -> [String; 3] {
    // As much as was received, of a seller who is not registered: it may be the same goods.
    let market = json!({
        "canteen_id": ours.canteen_id, "seller_name": "集市", "purchased_on": "2026-03-02",
        "lines": [{ "category_code": "VEGETABLE", "amount": received["amount"] }],
    });
    let declared = app.post("/declared-purchases", market).by(&ours.buyer).key("ours").await.ok();
    let closing = json!({ "reporting_unit_code": "520526", "month": "2026-02" });
    let statement = app.post("/statements", closing).by(officer).await.ok();
    let pairs = app.get("/double-counts").by(&ours.buyer).await.ok();
    [&declared, &pairs["items"][0], &statement].map(|one| id(one).to_owned())
}

/// The strangers with their tokens.
async fn strangers(app: &App) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for username in STRANGERS {
        found.push((username, app.login(username).await));
    }
    found
}

on_both! {
    async fn what_is_another_s_looks_like_what_is_nowhere(app: &App) {
        let document = Document::of(app);
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        let placed = ours.order(&[("potato", "1", "jin")]).await;
        let received = ours.bought(&[("potato", "20", "jin")]).await;
        let sent = ours.under_way(&[("potato", "20", "jin")]).await;
        while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        let told = app.get("/notifications").by(&ours.seller).await.ok();
        let sessions = app.get("/me/sessions").by(&ours.seller).await.ok();
        let listing = ours.listing("potato").await;
        let [school, supplier] = [ours.school_id.clone(), listing.supplier_id.to_string()];

        app.member("sibling-clerk", Role::SupplierClerk, At::Supplier("nayong-poultry-coop")).await;
        app.member("sibling-auditor", Role::Auditor, At::Unit("520525")).await;
        app.member("sibling-principal", Role::SchoolPrincipal, At::School("gz-520102-001")).await;
        let people = People::of(app).await;
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        let officer = app.login("weining-keeper").await;
        let home = app.get("/households?code=h-520526-01").by(&officer).await.ok();
        let household = id(&home["items"][0]).to_owned();
        let papers = crate::supplier_papers::one_of_each(app, &officer, &supplier).await;
        let document_of_ours = app.proven(&ours.seller, "certificate", "certificate", &app.ids_of("certificate").await[0]).await;
        let paper = app.proven(&officer, "identity", "household", &household).await;
        let register = register_of(app, &officer, &household).await;

        let [declared, pair, statement] = figures_of(app, &ours, &officer, &received).await;

        let line = received["lines"][0]["ledger_line_id"].as_str().expect("a line");
        let denied = app.post(&format!("/ledger/{line}/denial"), json!({"reason": "当日未供货"})).by(&ours.seller).await.ok();
        let objection = objection_to(app, &supplier).await;

        let strangers = strangers(app).await;
        let before = app.snapshot().await;
        let mut walked = 0;
        for operation in document.operations().iter().filter(|operation| names_something(operation, &document)) {
            let entry = NAMED.iter().find(|(id, _)| *id == operation.id());
            let (_, foreign) = entry.unwrap_or_else(|| panic!("{} is new: say in tests/it/tenants.rs what it names", operation.id()));
            let this = match foreign {
                Foreign::Open => continue,
                Foreign::School => school.as_str(),
                Foreign::Canteen => ours.canteen_id.as_str(),
                Foreign::Order => id(&placed),
                Foreign::Consignment => id(&sent),
                Foreign::Receipt => id(&received),
                Foreign::Listing => &listing.id.to_string(),
                // The county's list gave approvals their suppliers' ids.
                Foreign::Supplier | Foreign::Verification => supplier.as_str(),
                Foreign::Household => household.as_str(),
                Foreign::Register(which) => &register[*which],
                Foreign::PaperOf(which) => &papers[*which],
                Foreign::Unit => "520526",
                Foreign::Notification => id(&told["items"][0]),
                Foreign::Account => &people.account("yunong-2"),
                Foreign::Membership => &people.membership("yunong-2"),
                Foreign::Consent => &people.consent,
                Foreign::HouseholdSupplier => &people.household,
                Foreign::Session => id(&sessions["items"][0]),
                Foreign::Document => &document_of_ours,
                Foreign::Paper => &paper,
                Foreign::Objection => &objection,
                Foreign::Line => line,
                Foreign::Denial => id(&denied),
                Foreign::Declared => &declared,
                Foreign::DoubleCount => &pair,
                Foreign::Statement => &statement,
            };
            let nowhere = if matches!(foreign, Foreign::Unit) { NO_CODE } else { NOWHERE };
            let mut seen = 0;
            for (username, token) in &strangers {
                let theirs = naming(app, &document, operation, this).by(token).await;
                // A role that may not do it at all, or sees the whole market, is not a stranger here.
                let market = matches!(foreign, Foreign::Listing | Foreign::Supplier) && theirs.status == 200;
                if theirs.status == 403 || market {
                    continue;
                }
                seen += 1;
                let missing = naming(app, &document, operation, nowhere).by(token).await;
                let (mut shown, mut expected) = (theirs.json(), missing.json());
                for problem in [&mut shown, &mut expected] {
                    if let Some(number) = problem.get_mut("request_id") {
                        *number = Value::Null;
                    }
                }
                assert_eq!((theirs.status, &shown), (missing.status, &expected), "{username}: {}", operation.name());
                let silent = theirs.status == 404
                    || shown["errors"][0]["code"] == "canteen_unknown"
                    || shown["errors"][1]["code"] == "household_unknown"
                    || shown["items"].as_array().is_some_and(Vec::is_empty);
                assert!(silent, "{username} learns of {}: {shown}", operation.name());
            }
            assert!(seen > 0, "nobody may {} but everybody is refused", operation.id());
            walked += 1;
        }
        let open = NAMED.iter().filter(|(_, foreign)| matches!(foreign, Foreign::Open)).count();
        assert_eq!(walked, NAMED.len() - open, "an entry names no operation any more");
        assert_eq!(app.snapshot().await, before);

        // Its own people see it.
        for (path, token) in [
            (format!("/orders/{}", id(&placed)), &ours.buyer),
            (format!("/orders/{}", id(&placed)), &ours.seller),
            (format!("/consignments/{}", id(&sent)), &ours.seller),
            (format!("/schools/{school}/inspectors"), &ours.buyer),
            (format!("/households/{household}"), &officer),
        ] {
            app.get(&path).by(token).await.ok();
        }
    }
}
