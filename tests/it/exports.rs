//! Every list as a file: the same rows as its pages, whole, masked as they are, harmless to spreadsheets.

use crate::support::{
    app::{App, on_both},
    call::Answer,
    document::{Document, Operation},
    trade::Trade,
};
use axum::{body::Body, http::Request};
use futures_util::StreamExt;
use sea_orm::DbBackend;
use tower::ServiceExt;
use xiaonong::{
    app as service,
    exports::{Lists, chinese, is_list},
    http::Language,
    sheets::{Column, SheetKind, XLSX, column, text_of},
};

const ANY: &[Column] = &[column("any", "任意", "")];
static FILE: SheetKind = SheetKind { name: "any", title: ("", ""), columns: ANY, most_rows: 100_000 };

/// The records of a file, its header first.
fn records(text: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|record| record.expect("a record")).collect()
}

#[track_caller]
fn csv_of(answer: &Answer) -> Vec<csv::StringRecord> {
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"), "{}", answer.text());
    records(answer.text().strip_prefix('\u{feff}').expect("a mark"))
}

/// The address of a list with something in it, where it asks for a resource or for days.
async fn address(app: &App, document: &Document, operation: &Operation) -> String {
    let school = app.school("demo-yunong").await.id;
    let household = app.get("/households?code=h-520526-01").by(&app.login("demo-weining").await).await.ok();
    let household = household["items"][0]["id"].as_str().expect("an id").to_owned();
    let list = "01990000-0000-7000-8000-0000000000ab";
    let seller = app.supplier("weining-potato-coop").await.id.to_string();
    let path = match operation.id() {
        "list_household_statuses" => operation.path.replace("{id}", &household),
        "list_household_list_rows" => operation.path.replace("{id}", list),
        // An approval that came with the county's list took over its supplier's id.
        "list_objections"
        | "list_revocations"
        | "list_links"
        | "list_supplier_licences"
        | "list_capacities"
        | "list_bases" => operation.path.replace("{id}", &seller),
        "list_ledger_lines" => format!("{}?school_id={school}&", operation.path),
        "indicator_share" => operation.path.replace("{code}", "poverty_share"),
        _ => operation.path.replace("{id}", &school.to_string()).replace("{code}", "520500"),
    };
    let needed = operation.parameters(document);
    let needed = needed.iter().filter(|one| one["in"] == "query" && one["required"] == true);
    let query: Vec<String> =
        needed.map(|one| format!("{}={}", one["name"].as_str().expect("a name"), document.example(one))).collect();
    let named = if operation.id() == "list_sales" { seller } else { school.to_string() };
    let query = query.join("&").replace("01990000-0000-7000-8000-000000000001", &named);
    let query = query.replace("place=910500", "place=520526");
    let joint = if path.contains('?') { "" } else { "?" };
    format!("{path}{joint}{query}")
}

/// The rows all pages of a list come to.
async fn rows_of_pages(app: &App, token: &str, path: &str) -> usize {
    let mut cursor = String::new();
    let mut rows = 0;
    loop {
        let page = app.call("GET", &format!("{path}{cursor}")).by(token).await.ok();
        let items = ["items", "months", "parts"].iter().find_map(|name| page.get(*name)).unwrap_or(&page);
        for item in items.as_array().expect("rows") {
            rows += item["lines"].as_array().map_or(1, |lines| lines.len().max(1));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

on_both! {
    async fn a_file_ends_with_the_session_it_was_asked_in_and_not_with_its_token(app: &App) {
        // Pages of 200: many divisions make a file of several.
        let asked = async |token: &str| {
            let request = Request::get("/api/v1/divisions?format=csv").header("authorization", format!("Bearer {token}"));
            let answer = app.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("answers");
            assert_eq!(answer.status(), 200);
            answer.into_body().into_data_stream()
        };
        let token = app.login("yunong").await;
        let mut whole = asked(&token).await;
        assert!(whole.next().await.expect("a page").is_ok());
        app.wait_millis(20 * 60 * 1000);
        let mut pages = 1;
        while let Some(page) = whole.next().await {
            page.expect("the token has run out, the session has not");
            pages += 1;
        }
        assert!(pages > 5, "{pages}");

        let token = app.login("yunong").await;
        let mut cut = asked(&token).await;
        assert!(cut.next().await.expect("a page").is_ok());
        app.post("/auth/logout", serde_json::json!({})).by(&token).await.ok();
        app.wait_millis(1_000);
        assert!(cut.next().await.expect("an end").is_err());
    }

    async fn every_list_is_there_as_a_file(app: &App) {
        let document = Document::of(app);
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin")]).await;
        trade.bought(&[("potato", "5", "jin")]).await;
        let admin = app.login("demo-admin").await;
        let mut walked = Vec::new();
        for operation in document.operations() {
            if operation.method != "GET" || !is_list(&document.json, &operation.json) {
                continue;
            }
            let formats = &operation.json["responses"]["200"]["content"];
            assert!(formats.get("text/csv").is_some() && formats.get(XLSX).is_some(), "{}", operation.name());
            if ["list_household_list_rows", "list_import_refusals"].contains(&operation.id()) {
                continue;
            }
            let token = match operation.id() {
                "list_orders" => &trade.buyer,
                "list_sales" => &trade.seller,
                _ => &admin,
            };
            let path = address(app, &document, &operation).await;
            let csv = app.call("GET", &format!("{path}&format=csv")).by(token).await;
            assert_eq!(csv.status, 200, "{path}: {}", csv.text());
            let rows = csv_of(&csv);
            let expected = rows_of_pages(app, token, &path).await;
            // An export and a log-in of ours are rows of the trail and of the sessions themselves.
            if !["list_audit_entries", "list_sessions"].contains(&operation.id()) {
                assert_eq!(rows.len(), expected + 1, "{}", operation.name());
            }
            let header = &rows[0];
            assert!(header.iter().all(|name| name.chars().any(|one| one > '\u{3000}')), "{}: {header:?}", operation.name());
            assert!(rows.iter().all(|row| row.len() == header.len()), "{}", operation.name());
            let xlsx = app.call("GET", &format!("{path}&format=xlsx")).by(token).await;
            assert_eq!((xlsx.status, xlsx.header("content-type")), (200, XLSX), "{}", operation.name());
            let book = records(&text_of(&xlsx.bytes, &FILE).expect("an XLSX file"));
            assert_eq!(&book[0], header, "{}", operation.name());
            if !["list_audit_entries", "list_sessions"].contains(&operation.id()) {
                assert_eq!(book.len(), rows.len(), "{}", operation.name());
            }
            let english = app.call("GET", &path).header("accept", "text/csv").english().by(token).await;
            assert!(csv_of(&english)[0].iter().all(str::is_ascii), "{}", operation.name());
            walked.push(operation.id().to_owned());
        }
        assert!(walked.len() >= 25, "{walked:?}");
        let told = app.number("select count(*) from audit_entry where action = 'list.export'").await;
        assert_eq!(told, 3 * i64::try_from(walked.len()).expect("few"));
    }

    async fn a_file_shows_what_the_list_shows(app: &App) {
        let officer = app.login("demo-weining").await;
        let rows = csv_of(&app.get("/households?county=520526&format=csv").by(&officer).await);
        let place = |name: &str| rows[0].iter().position(|one| one == name).expect(name);
        assert!(rows[1..].iter().all(|row| row[place("名称")].ends_with('*')));
        assert!(rows[1..].iter().any(|row| &row[place("身份证号")] == "520000********0019"));
        // Filters narrow it, an unknown one is refused, and so is whoever may not see the list.
        assert_eq!(csv_of(&app.get("/households?code=h-520526-01&format=csv").by(&officer).await).len(), 2);
        app.get("/households?colour=red&format=csv").by(&officer).await.refused(400, "unknown_parameter");
        app.get("/households?format=doc").by(&officer).await.refused(400, "format_unknown");
        assert_eq!(app.get("/households?format=csv").await.status, 401);
        let seller = app.login("weining-potato-coop").await;
        app.get("/households?format=csv").by(&seller).await.refused(403, "forbidden");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'list.export'").await, 2);
        // What looks like a formula is a text.
        app.execute("update division set name = '=HYPERLINK(\"x\")' where code = '520526'").await;
        let csv = app.get("/divisions?parent=520500&format=csv").by(&officer).await;
        assert!(csv.text().contains("\"'=HYPERLINK(\"\"x\"\")\""), "{}", csv.text());
        assert!(csv.header("content-disposition").ends_with("\"xiaonong-divisions.csv\""));
        // JSON stays what it was.
        app.get("/divisions?parent=520500&format=json").by(&officer).await.ok();
    }
}

#[tokio::test]
async fn every_column_has_a_chinese_name() {
    let app = App::start(DbBackend::Sqlite, module_path!()).await.expect("SQLite is always there");
    let lists = Lists::of(&service::document(&app.ctx).to_json().expect("JSON"));
    let mut missing: Vec<String> = lists
        .all()
        .flat_map(|(_, list)| list.columns.iter().flat_map(|column| column.path.clone()))
        .filter(|name| chinese(name).is_none())
        .collect();
    missing.sort_unstable();
    missing.dedup();
    assert!(missing.is_empty(), "src/exports/names.rs lacks {missing:?}");
    for (path, list) in lists.all() {
        let mut header = list.header(Language::Chinese);
        header.sort_unstable();
        header.dedup();
        assert_eq!(header.len(), list.columns.len(), "{path}: two columns of one name");
    }
    app.close().await;
}
