//! Every list by keyset pages, every GET with its ETag; kitchens that do not buy; events passed on once.

use crate::support::{
    app::{App, on_both},
    document::{Document, Operation},
    papers::photo,
    trade::{Trade, accepted, fresh_key, id},
};
use crate::verification::Newcomer;
use serde_json::{Value, json};
use std::collections::HashSet;
use xiaonong::jobs;

/// Lists that a trade leaves empty, or that hang on one household or supplier; their own tests read them.
const OF_ONE: [&str; 12] = [
    "list_imports",
    "list_import_refusals",
    "list_links",
    "list_supplier_licences",
    "list_capacities",
    "list_bases",
    "list_household_statuses",
    "list_household_lists",
    "list_household_list_rows",
    "list_household_discrepancies",
    "list_revocations",
    "list_objections",
];

/// Path and query of a list that needs more than its address.
fn address(operation: &Operation, school_id: &str, supplier_id: &str) -> String {
    match operation.id() {
        "list_sales" => format!("{}?supplier_id={supplier_id}&from=2026-01-01&to=2026-12-31&", operation.path),
        "list_ledger_lines" => format!("{}?school_id={school_id}&from=2026-01-01&to=2026-12-31&", operation.path),
        "rank_schools" => format!("{}?place=520526&from=2026-03-01&to=2026-03-31&", operation.path),
        _ => format!("{}?", operation.path),
    }
}

async fn page(app: &App, token: &str, path: &str) -> (Vec<String>, Option<String>) {
    let page = app.call("GET", path).by(token).await.ok();
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{path} is no list: {page}"));
    (items.iter().map(Value::to_string).collect(), page["next_cursor"].as_str().map(str::to_owned))
}

on_both! {
    async fn every_list_is_read_by_pages(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        for _ in 0..3 {
            let receipt = trade.bought(&[("potato", "20", "jin"), ("radish", "2", "jin")]).await;
            let line = receipt["lines"][0]["ledger_line_id"].as_str().expect("a line");
            app.post(&format!("/ledger/{line}/denial"), json!({"reason": "当日未供货"})).by(&trade.seller).await.ok();
        }
        let me = app.get("/me").by(&trade.seller).await.ok();
        let supplier_id = me["memberships"][0]["supplier_id"].as_str().expect("a supplier").to_owned();
        Newcomer::of(app).await.published(app).await;
        let officer = app.login("demo-weining").await;
        let papers = crate::supplier_papers::one_of_each(app, &officer, &supplier_id).await;
        assert_eq!(papers.len(), 4);
        for _ in 0..3 {
            let amount = app.get("/receipts").by(&trade.buyer).await.ok()["items"][0]["amount"].clone();
            let market = json!({
                "canteen_id": trade.canteen_id, "seller_name": "集市", "purchased_on": "2026-03-02",
                "lines": [{ "category_code": "VEGETABLE", "amount": amount }],
            });
            app.post("/declared-purchases", market).by(&trade.buyer).key(&fresh_key()).await.ok();
        }
        for month in ["2025-12", "2026-01", "2026-02"] {
            let closing = json!({ "reporting_unit_code": "520526", "month": month });
            app.post("/statements", closing).by(&officer).await.ok();
        }
        app.execute("update capacity set sold_gram = yield_gram + 1").await;
        while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        let admin = app.login("demo-admin").await;
        for number in ["1", "2", "3"] {
            app.upload("certificate", "image/jpeg", &photo(number)).by(&trade.seller).await.ok();
        }
        let mut lists = 0;
        let document = Document::of(app);
        for operation in document.operations() {
            let takes_limit = |parameter: &Value| parameter["name"] == "limit";
            let elsewhere = OF_ONE.contains(&operation.id());
            if operation.method != "GET" || elsewhere || !operation.parameters(&document).iter().any(takes_limit) {
                continue;
            }
            let address = address(&operation, &trade.school_id, &supplier_id);
            // Notifications, sales, and documents that wait to be linked, are their owner's alone.
            let own = ["list_notifications", "list_documents", "list_sales"].contains(&operation.id());
            let token = if own { &trade.seller } else { &admin };
            let (all, next) = page(app, token, &format!("{address}limit=200")).await;
            assert!(!all.is_empty(), "{} shows nothing", operation.name());
            let enough = all.len().min(12);
            let (mut read, mut cursor) = (Vec::new(), String::new());
            while read.len() < enough {
                let (items, next) = page(app, token, &format!("{address}limit=2{cursor}")).await;
                assert!(!items.is_empty() && items.len() <= 2, "{}", operation.name());
                read.extend(items);
                let Some(next) = next else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(read[..enough], all[..enough], "{} by twos", operation.name());
            assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{} repeats itself", operation.name());
            assert!(next.is_none() || all.len() == 200, "{}", operation.name());
            for (query, code) in [
                ("limit=0", "limit_out_of_range"),
                ("limit=201", "limit_out_of_range"),
                ("limit=many", "parameter_malformed"),
                ("cursor=~~~~~~~~~~~", "cursor_malformed"),
                ("cursor=%00", "parameter_malformed"),
            ] {
                app.call("GET", &format!("{address}{query}")).by(token).await.refused(400, code);
            }
            lists += 1;
        }
        assert!(lists >= 8, "{lists}");
    }

    async fn every_answer_can_be_asked_for_again(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let listing = trade.listing("potato").await;
        for path in [
            "/listings".to_owned(),
            format!("/listings/{}", listing.id),
            format!("/suppliers/{}", listing.supplier_id),
            format!("/orders/{}", id(&order)),
            format!("/schools/{}", trade.school_id),
            format!("/shares/schools/{}", trade.school_id),
            "/divisions/520526".to_owned(),
            "/indicators".to_owned(),
        ] {
            let first = app.get(&path).by(&trade.buyer).await;
            first.ok();
            let again = app.get(&path).by(&trade.buyer).header("if-none-match", first.header("etag")).await;
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{path}");
        }
        // What is held is stale after a sale, here at once and on another replica within a second.
        let elsewhere = app.second_replica().await;
        let tag = |answer: &crate::support::call::Answer| answer.header("etag").to_owned();
        let held = tag(&app.get("/listings?product=potato").by(&trade.buyer).await);
        assert_eq!(tag(&elsewhere.get("/listings?product=potato").by(&trade.buyer).await), held);
        trade.order(&[("potato", "20", "jin")]).await;
        assert_ne!(tag(&app.get("/listings?product=potato").by(&trade.buyer).await), held);
        app.wait_millis(1_000);
        assert_ne!(tag(&elsewhere.get("/listings?product=potato").by(&trade.buyer).await), held);
    }

    async fn a_kitchen_that_others_cook_for_buys_nothing(app: &App) {
        for school in ["gz-520115-002", "gz-522633-001"] {
            let trade = Trade::between(app, school, "guiyang-distribution").await;
            let basket = trade.basket(&[("banana", "2", "jin")]).await;
            let call = app.post("/orders", basket).by(&trade.buyer).key(&fresh_key());
            call.await.refused(409, "canteen_does_not_buy");
            let declared = json!({
                "canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "集市",
                "lines": [{"category_code": "FRUIT", "amount": "1.00"}],
            });
            let call = app.post("/declared-purchases", declared).by(&trade.buyer).key(&fresh_key());
            call.await.refused(409, "canteen_does_not_buy");
        }
        // They are exempt; of the others one has bought (S9, S12).
        Trade::between(app, "yunong", "weining-potato-coop").await.bought(&[("potato", "1", "jin")]).await;
        let admin = app.login("demo-admin").await;
        for path in ["/shares/reporting-units/520000", "/shares/divisions/520000"] {
            let coverage = app.get(path).by(&admin).await.ok()["coverage"].clone();
            assert_eq!(coverage, json!({"should_report": 26, "reported": 1, "exempt": 2}), "{path}");
        }
    }

    async fn an_event_is_passed_on_once(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let consignment = trade.under_way(&[("potato", "20", "jin")]).await;
        trade.receive(&consignment, accepted).await.ok();
        let elsewhere = app.second_replica().await;
        let (here, there) = tokio::join!(jobs::run_once(&app.ctx), jobs::run_once(&elsewhere.ctx));
        here.and(there).expect("both run");
        while jobs::run_once(&app.ctx).await.expect("runs") > 0 {}
        assert_eq!(app.number("select count(*) from outbox where delivered_at is null").await, 0);
        let told = app.number("select count(*) from notification").await;
        let different = "select count(*) from (select distinct account_id, topic, subject_id from notification) as d";
        assert!(told > 0);
        assert_eq!(app.number(different).await, told);
        let notifications = app.get("/notifications").by(&trade.seller).await.ok();
        let topics: Vec<&Value> = notifications["items"].as_array().expect("items").iter().map(|one| &one["topic"]).collect();
        assert!(topics.contains(&&json!("order.placed")), "{topics:?}");
        let read = app.post(&format!("/notifications/{}/read", id(&notifications["items"][0])), json!({}));
        read.by(&trade.seller).await.ok();
    }
}
