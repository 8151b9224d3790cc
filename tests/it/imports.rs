//! Files over HTTP: checked part by part, applied part by part, refused row by row.

use crate::support::{
    app::{App, on_both},
    call::Answer,
    people::At,
    trade::id,
};
use entity::membership::Role;
use serde_json::{Value, json};
use xiaonong::imports;

const HOUSEHOLDS: &str = "code,name,division_code,history,status,from_on,to_on,proof_number,id_number,phone\n";
const SUPPLIERS: &str = "code,name,kind,division_code,household_code\n";
const LINKS: &str = "supplier_code,household_code,kind,from_on,to_on,proof_number\n";
const SCHOOLS: &str =
    "code,name,stage,division_code,reporting_unit_code,rural,nutrition_program,diners,canteen_kind,run_by_code\n";

/// A synthetic number.
const NUMBER: &str = "520000190001019996";

async fn bring(app: &App, token: &str, kind: &str, text: &str) -> Answer {
    app.call("POST", &format!("/api/v1/register-imports?kind={kind}")).text("text/csv", text).by(token).await
}

/// Lets the background do what is to be done; answers in how many steps.
async fn work(app: &App) -> usize {
    let mut steps = 0;
    while imports::step(&app.ctx).await.expect("goes on") {
        steps += 1;
    }
    steps
}

async fn find(app: &App, token: &str, brought: &Value) -> Value {
    app.get(&format!("/register-imports/{}", id(brought))).by(token).await.ok()
}

async fn checked(app: &App, token: &str, kind: &str, text: &str) -> Value {
    let brought = bring(app, token, kind, text).await;
    assert_eq!(brought.status, 202, "{}", brought.text());
    assert_eq!(brought.json()["state"], "checking");
    work(app).await;
    let found = find(app, token, &brought.json()).await;
    assert_eq!(
        (&found["state"], &found["percent_done"], &found["written"]),
        (&json!("checked"), &json!(100), &json!(0))
    );
    found
}

async fn apply(app: &App, token: &str, import: &Value, clean: bool) -> Answer {
    let call = app.post(&format!("/register-imports/{}/apply", id(import)), json!({"only_if_clean": clean}));
    call.header("if-match", &format!("\"{}\"", import["version"])).by(token).await
}

async fn applied(app: &App, token: &str, kind: &str, text: &str) -> Value {
    let import = checked(app, token, kind, text).await;
    assert_eq!(apply(app, token, &import, false).await.status, 202);
    work(app).await;
    let found = find(app, token, &import).await;
    assert_eq!(found["state"], "applied");
    found
}

fn counts(import: &Value) -> [i64; 4] {
    ["rows", "new_rows", "known_rows", "refused_rows"].map(|name| import[name].as_i64().expect("a number"))
}

async fn refusals(app: &App, token: &str, import: &Value) -> Vec<(i64, String, String)> {
    let found = app.get(&format!("/register-imports/{}/refusals?limit=200", id(import))).by(token).await.ok();
    let items = found["items"].as_array().expect("a page").clone();
    let text = |one: &Value, name: &str| one[name].as_str().expect("text").to_owned();
    items
        .iter()
        .map(|one| (one["line"].as_i64().expect("a line"), text(one, "column"), text(one, "external_id")))
        .collect()
}

fn household(code: &str, name: &str, more: &str) -> String {
    format!("{code},{name},520526109,registration,lifted,2021-01-01,,FPSC-{code},{more}\n")
}

async fn manager(app: &App) -> String {
    app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-keeper").await
}

on_both! {
    async fn each_kind_is_checked_applied_and_brings_nothing_a_second_time(app: &App) {
        let officer = manager(app).await;
        let households = format!("{HOUSEHOLDS}{}{}", household("i-1", "张甲", &format!("{NUMBER},19900000099")), household("i-2", "李乙", ","));
        let suppliers = format!("{SUPPLIERS}i-s1,草海合作社,cooperative,520526109,\ni-s2,张甲,household,520526109,i-1\n");
        let links = format!("{LINKS}i-s1,i-1,member,2026-01-01,,HT-1\ni-s1,i-2,labour,2026-01-01,,HT-2\n");
        let schools = format!("{SCHOOLS}i-a,草海一小,primary,520526109,520526,yes,yes,300,own,\ni-b,草海二小,primary,520526109,520526,yes,yes,30,shared,i-a\n");
        for (kind, text, written) in [("households", &households, 4), ("suppliers", &suppliers, 2), ("links", &links, 2), ("schools", &schools, 4)] {
            let before = app.snapshot().await;
            let import = checked(app, &officer, kind, text).await;
            assert_eq!(counts(&import), [2, 2, 0, 0], "{kind}: {import}");
            let after = app.snapshot().await;
            for table in ["household", "household_status", "supplier", "beneficiary_link", "school", "canteen"] {
                assert_eq!(after.get(table), before.get(table), "{kind} checked changes {table}");
            }
            let done = applied(app, &officer, kind, text).await;
            assert_eq!((&done["written"], counts(&done)), (&json!(written), [2, 2, 0, 0]), "{kind}");
            let again = applied(app, &officer, kind, text).await;
            assert_eq!((&again["written"], counts(&again)), (&json!(0), [2, 0, 2, 0]), "{kind}");
        }
        // Suppliers wait for approval by others than who brought them (H4); numbers are sealed.
        let made = app.get("/suppliers?q=草海合作社").by(&officer).await.ok();
        assert_eq!(made["items"][0]["status"], "pending");
        assert_eq!(app.number("select count(*) from supplier_entry e join supplier s on s.id = e.supplier_id where s.code like 'i-s%'").await, 2);
        let home = app.get("/households?code=i-1").by(&officer).await.ok();
        assert_eq!(home["items"][0]["phone"], "199****0099");
        let clear = app.texts("select rows_sealed from file_import_part").await;
        assert!(clear.iter().all(|text| !text.contains(NUMBER) && !text.contains("张甲")), "what waits is sealed");
        assert_eq!(app.number("select count(*) from file_import_part p join file_import i on i.id = p.import_id where i.state = 'applied'").await, 0);
    }

    async fn a_file_is_applied_for_where_its_sender_stands_then(app: &App) {
        let officer = manager(app).await;
        let import = checked(app, &officer, "households", &format!("{HOUSEHOLDS}{}", household("i-1", "张甲", ","))).await;
        assert_eq!(counts(&import), [1, 1, 0, 0]);
        // Moved to another county in between.
        app.execute("update membership set reporting_unit_code = '520525' where account_id = (select id from account where username = 'weining-keeper')").await;
        let officer = app.login("weining-keeper").await;
        assert_eq!(apply(app, &officer, &import, false).await.status, 202);
        work(app).await;
        let found = find(app, &officer, &import).await;
        assert_eq!((&found["state"], &found["written"]), (&json!("applied"), &json!(0)));
        assert_eq!(refusals(app, &officer, &import).await.len(), 1);
        assert_eq!(app.number("select count(*) from household where code = 'i-1'").await, 0);
    }

    async fn what_cannot_be_taken_is_named_and_the_rest_is_taken(app: &App) {
        let officer = manager(app).await;
        let text = format!(
            "{HOUSEHOLDS}{}{}{}{}{}{}{}",
            household("i-1", "张甲", ","),
            household("i-2", "", ","),
            household("i-3", "王丙", ",").replace("520526109", "520123"),
            household("i-4", "赵丁", "110105194912310021,"),
            household("h-520526-01", "冒名", ","),
            household("i-1", "张甲", ","),
            household("i-6", "孙己", ",").replace("lifted", "poor"),
        );
        let import = checked(app, &officer, "households", &text).await;
        assert_eq!(counts(&import), [7, 1, 0, 6]);
        let of = |line: i64, column: &str, external: &str| (line, column.to_owned(), external.to_owned());
        let expected = vec![
            of(3, "name", "i-2"),
            of(4, "division_code", "i-3"),
            of(5, "id_number", "i-4"),
            of(6, "name", "h-520526-01"),
            of(7, "", "i-1"),
            of(8, "status", "i-6"),
        ];
        assert_eq!(refusals(app, &officer, &import).await, expected);
        let file = app.get(&format!("/register-imports/{}/refusals?format=csv", id(&import))).by(&officer).await;
        assert!(file.text().contains("不在您的权限范围内") && file.text().lines().count() == 7, "{}", file.text());
        assert!(!file.text().contains("110105194912310021"), "numbers are not repeated");

        apply(app, &officer, &import, true).await.refused(409, "import_not_clean");
        assert_eq!(apply(app, &officer, &import, false).await.status, 202);
        work(app).await;
        let done = find(app, &officer, &import).await;
        assert_eq!((counts(&done), &done["written"]), ([7, 1, 0, 6], &json!(2)));
        assert_eq!(refusals(app, &officer, &import).await, expected, "nothing is told twice");
        assert_eq!(app.number("select count(*) from household where code like 'i-%'").await, 1);
    }

    async fn an_import_goes_on_where_it_was(app: &App) {
        let officer = manager(app).await;
        let rows: String = (0..2_500).map(|number| household(&format!("i-{number:05}"), "张某", ",")).collect();
        let brought = bring(app, &officer, "households", &format!("{HOUSEHOLDS}{rows}")).await.ok();
        assert!(imports::step(&app.ctx).await.expect("goes on"));
        let part = find(app, &officer, &brought).await;
        assert_eq!((&part["state"], &part["percent_done"], &part["new_rows"]), (&json!("checking"), &json!(33), &json!(1_000)));
        apply(app, &officer, &part, false).await.refused(409, "import_state");
        // Another process takes over; both may look at once.
        let other = app.second_replica().await;
        while imports::step(&other.ctx).await.expect("goes on") {}
        let checked = find(app, &officer, &brought).await;
        assert_eq!((&checked["state"], counts(&checked)), (&json!("checked"), [2_500, 2_500, 0, 0]));
        let stale = app.post(&format!("/register-imports/{}/apply", id(&brought)), json!({})).header("if-match", "\"1\"").by(&officer).await;
        stale.refused(412, "stale_version");
        assert_eq!(apply(app, &officer, &checked, false).await.status, 202);
        assert!(imports::step(&app.ctx).await.expect("goes on"));
        assert_eq!(app.number("select count(*) from household where code like 'i-%'").await, 1_000);
        // What another brought meanwhile is known, and counted as such.
        let one = json!({"code": "i-02499", "name": "张某", "division_code": "520526109"});
        app.post("/households", one).by(&officer).await.ok();
        loop {
            let (here, there) = tokio::join!(imports::step(&app.ctx), imports::step(&other.ctx));
            if !here.expect("goes on") && !there.expect("goes on") {
                break;
            }
        }
        let done = find(app, &officer, &brought).await;
        assert_eq!((&done["state"], counts(&done), &done["written"]), (&json!("applied"), [2_500, 2_500, 0, 0], &json!(4_999)));
        apply(app, &officer, &done, false).await.refused(409, "import_state");
        assert_eq!(app.number("select count(*) from household where code like 'i-%'").await, 2_500);
        let told = "select count(*) from audit_entry where action in ('file_import.create', 'file_import.apply', 'file_import.finish')";
        assert_eq!(app.number(told).await, 3);
    }

    async fn files_and_callers_that_will_not_do(app: &App) {
        let officer = manager(app).await;
        let good = format!("{HOUSEHOLDS}{}", household("i-1", "张甲", ","));
        for (text, pointer, code) in [
            (good.replace("division_code", "place"), "/rows/1", "header_wrong"),
            (format!("{HOUSEHOLDS}a,b\n"), "/rows/2", "row_unreadable"),
            (good.replace("张甲", "=1+1"), "/rows/2/name", "formula"),
            (HOUSEHOLDS.to_owned(), "/rows", "no_rows"),
        ] {
            let problem = bring(app, &officer, "households", &text).await.refused(422, "invalid");
            assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)));
        }
        bring(app, &officer, "cattle", &good).await.refused(400, "parameter_malformed");
        let typed = app.call("POST", "/api/v1/register-imports?kind=households").text("application/json", "{}").by(&officer).await;
        typed.refused(415, "unsupported_media_type");
        assert_eq!(app.number("select count(*) from file_import").await, 0);

        // The same file and key once more is the same import; without a key it is another.
        let call = || app.call("POST", "/api/v1/register-imports?kind=households").text("text/csv", &good).key("one").by(&officer);
        let first = call().await.ok();
        assert_eq!(call().await.ok(), first);
        assert_eq!(app.number("select count(*) from file_import").await, 1);

        let trade = app.login("weining-potato-coop").await;
        for kind in ["households", "suppliers", "links", "schools"] {
            bring(app, &trade, kind, &good).await.refused(403, "forbidden");
        }
        app.member("nayong", Role::AuthorityManager, At::Unit("520525")).await;
        let other = app.login("nayong").await;
        for path in ["", "/refusals"] {
            app.get(&format!("/register-imports/{}{path}", id(&first))).by(&other).await.refused(404, "not_found");
        }
        assert_eq!(app.get("/register-imports").by(&other).await.ok()["items"], json!([]));
        work(app).await;
        let checked = find(app, &officer, &first).await;
        apply(app, &other, &checked, false).await.refused(404, "not_found");
        let gone = app.post(&format!("/register-imports/{}/discard", id(&first)), json!({}));
        let gone = gone.header("if-match", &format!("\"{}\"", checked["version"])).by(&officer).await.ok();
        assert_eq!(gone["state"], "discarded");
        assert_eq!(app.number("select count(*) from file_import_part").await, 0);
        apply(app, &officer, &gone, false).await.refused(409, "import_state");
        assert_eq!(app.number("select count(*) from household where code = 'i-1'").await, 0);
    }
}
