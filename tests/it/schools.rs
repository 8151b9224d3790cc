//! Schools that open, move, merge and close, and their kitchens: who may, what the past keeps, what the future shows.

use crate::support::{
    app::{App, on_both},
    people::At,
    trade::{Trade, fresh_key, id},
};
use entity::{membership::Role, time::Timestamp};
use serde_json::{Value, json};
use xiaonong::{jobs, share};

const UNITS: [&str; 4] = ["520000", "520500", "520525", "520526"];
const DIVISIONS: [&str; 6] = ["520000", "520500", "520525", "520526", "520526109", "520525117"];

/// Noon in China on a day of 2026.
fn noon(month: u32, day: u32) -> Timestamp {
    let day = chrono::NaiveDate::from_ymd_opt(2026, month, day).expect("a date");
    Timestamp(day.and_hms_opt(4, 0, 0).expect("a time").and_utc().timestamp_millis())
}

async fn declares(app: &App, school: &str, day: &str, amount: &str) {
    let trade = Trade::between(app, school, "weining-potato-coop").await;
    let line = json!({
        "category_code": "VEGETABLE", "amount": amount, "weight": "1.000", "origin_division_code": "520526",
        "documents": [{
            "kind": "commitment_certificate", "number": "N", "issued_on": "2026-01-01", "issuer": "I",
            "origin_division_code": "520526",
        }],
    });
    let body = json!({
        "canteen_id": trade.canteen_id, "seller_name": "集市", "lines": [line], "purchased_on": day,
    });
    app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
}

/// The very bytes of every roll-up of a period.
async fn roll_ups(app: &App, period: &str) -> Vec<(String, String)> {
    let admin = app.login("demo-admin").await;
    let units = UNITS.map(|code| format!("/shares/reporting-units/{code}"));
    let divisions = DIVISIONS.map(|code| format!("/shares/divisions/{code}"));
    let mut found = Vec::new();
    for path in units.iter().chain(&divisions) {
        for by in ["", "&by=child", "&by=month", "&by=category", "&by=child_month"] {
            let path = format!("{path}?{period}{by}");
            found.push((path.clone(), app.get(&path).by(&admin).await.text().to_owned()));
        }
    }
    found
}

async fn roll_up(app: &App, path: &str) -> (i64, Value) {
    let admin = app.login("demo-admin").await;
    let view = app.get(path).by(&admin).await.ok();
    (view["figures"]["lines"].as_i64().expect("lines"), view["coverage"].clone())
}

fn should(coverage: &Value) -> i64 {
    coverage["should_report"].as_i64().expect("a count")
}

async fn verified(app: &App) -> Vec<String> {
    let found = share::verify(&app.ctx).await.expect("verifies");
    found.differences.iter().map(ToString::to_string).collect()
}

fn moving(division: &str, unit: &str, from_on: &str) -> Value {
    json!({ "division_code": division, "reporting_unit_code": unit, "from_on": from_on })
}

on_both! {
    async fn the_past_of_schools_that_move_and_merge_stays_to_the_byte(app: &App) {
        for school in ["yunong", "gz-520526-001", "gz-520526-002", "gz-520525-001"] {
            for day in ["2026-01-20", "2026-02-10"] {
                declares(app, school, day, "12.30").await;
            }
        }
        let january = "from=2026-01-01&to=2026-02-28";
        let before = roll_ups(app, january).await;
        let march = "from=2026-03-01&to=2026-03-31";
        let (_, weining) = roll_up(app, &format!("/shares/divisions/520526?{march}")).await;
        let (_, nayong) = roll_up(app, &format!("/shares/reporting-units/520525?{march}")).await;

        let admin = app.login("demo-admin").await;
        let yunong = app.school("demo-yunong").await.id;
        let (leaves, stays) = (app.school("gz-520526-001").await.id, app.school("gz-520526-002").await.id);
        let moved = app.post(&format!("/schools/{yunong}/move"), moving("520525117", "520525", "2026-03-10"));
        let moved = moved.by(&admin).await.ok();
        assert_eq!((&moved["division_code"], &moved["affiliations"][1]["from_on"]), (&json!("520526109"), &json!("2026-03-10")));
        let merging = json!({ "into_school_id": stays, "merged_on": "2026-03-15" });
        let merged = app.post(&format!("/schools/{leaves}/merge"), merging).by(&admin).await.ok();
        assert_eq!((&merged["closed_on"], &merged["merged_into_school_id"]), (&json!("2026-03-14"), &json!(stays)));
        assert_eq!(roll_ups(app, january).await, before, "planned");
        assert_eq!(roll_up(app, &format!("/shares/divisions/520526?{march}")).await.1, weining, "nothing has moved yet");

        app.clock.set(noon(3, 20));
        assert_eq!(jobs::settle_schools(&app.ctx, false).await.expect("settles"), 1);
        assert_eq!(jobs::settle_schools(&app.ctx, true).await.expect("settles"), 0);
        assert_eq!(app.school("demo-yunong").await.county_code, "520525");
        let sought = app.get("/schools?q=雨农&division=520525").by(&app.login("demo-admin").await).await.ok();
        assert_eq!(sought["items"].as_array().expect("schools").len(), 1, "it is found where it moved");
        // What is declared late counts where the school was on the day of the purchase.
        declares(app, "yunong", "2026-03-05", "1.00").await;
        declares(app, "yunong", "2026-03-12", "2.00").await;
        let lines_of = async |path: &str| roll_up(app, &format!("{path}?{march}")).await.0;
        assert_eq!(lines_of("/shares/divisions/520526").await, 1);
        assert_eq!(lines_of("/shares/divisions/520526109").await, 1);
        assert_eq!(lines_of("/shares/divisions/520525").await, 1);
        assert_eq!(lines_of("/shares/divisions/520525117").await, 1);
        assert_eq!(lines_of("/shares/reporting-units/520525").await, 1);
        assert_eq!(roll_ups(app, january).await, before, "to the byte");

        app.clock.set(noon(4, 20));
        declares(app, "yunong", "2026-04-02", "5.00").await;
        let april = "from=2026-04-01&to=2026-04-30";
        assert_eq!(roll_ups(app, january).await, before, "still");
        let (lines, after) = roll_up(app, &format!("/shares/divisions/520526?{april}")).await;
        assert_eq!((lines, should(&after)), (0, should(&weining) - 2), "one moved away, one is no more");
        let (lines, after) = roll_up(app, &format!("/shares/reporting-units/520525?{april}")).await;
        assert_eq!((lines, should(&after), &after["reported"]), (1, should(&nayong) + 1, &json!(1)));
        // Each school once in each tree, and the parts are the whole, also over the day of the move.
        let whole = roll_up(app, "/shares/divisions/520000?from=2026-01-01&to=2026-04-30").await;
        let by_unit = roll_up(app, "/shares/reporting-units/520000?from=2026-01-01&to=2026-04-30").await;
        assert_eq!(whole, by_unit);
        let admin = app.login("demo-admin").await;
        let parts = app.get("/shares/divisions/520500?from=2026-01-01&to=2026-04-30&by=child").by(&admin).await.ok();
        let sum: i64 = parts["parts"].as_array().expect("parts").iter().map(|part| should(&part["coverage"])).sum();
        assert_eq!(sum, should(&parts["coverage"]));
        // Its own share runs through.
        let own = app.get(&format!("/shares/schools/{yunong}?from=2026-01-01&to=2026-04-30")).by(&admin).await.ok();
        assert_eq!(own["figures"]["lines"], 5);
        assert_eq!(verified(app).await, Vec::<String>::new());
    }

    async fn a_moved_school_is_its_new_authority_s_and_its_old_lines_the_old_one_s(app: &App) {
        declares(app, "yunong", "2026-02-10", "12.30").await;
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        app.member("nayong-officer", Role::AuthorityOfficer, At::Unit("520525")).await;
        let yunong = app.school("demo-yunong").await.id;
        let admin = app.login("demo-admin").await;
        let call = app.post(&format!("/schools/{yunong}/move"), moving("520525117", "520525", "2026-03-03"));
        call.by(&admin).await.ok();
        app.clock.set(noon(3, 4));
        jobs::settle_schools(&app.ctx, false).await.expect("settles");
        declares(app, "yunong", "2026-03-04", "1.00").await;
        let ledger = format!("/ledger?school_id={yunong}&from=2026-01-01&to=2026-12-31");
        let (old, new) = (app.login("weining-keeper").await, app.login("nayong-officer").await);
        app.get(&format!("/schools/{yunong}")).by(&old).await.refused(404, "not_found");
        let shown = app.get(&ledger).by(&old).await.ok();
        let days: Vec<&Value> = shown["items"].as_array().expect("lines").iter().map(|line| &line["purchased_on"]).collect();
        assert_eq!(days, [&json!("2026-02-10")]);
        app.get(&format!("/schools/{yunong}")).by(&new).await.ok();
        assert_eq!(app.get(&ledger).by(&new).await.ok()["items"].as_array().expect("lines").len(), 2);
    }

    async fn authorities_keep_the_schools_of_their_subtree_and_nobody_else_does(app: &App) {
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        let (keeper, officer) = (app.login("weining-keeper").await, app.login("demo-weining").await);
        let school = json!({
            "code": "WN-9", "name": "草海小学", "stage": "primary", "division_code": "520526109",
            "reporting_unit_code": "520526", "rural": true, "nutrition_program": true, "diners": 99,
            "canteen": { "kind": "own" },
        });
        app.post("/schools", school.clone()).by(&officer).await.refused(403, "forbidden");
        let answer = app.post("/schools", school.clone()).by(&keeper).key("once").await;
        let made = answer.ok();
        assert_eq!((answer.status, &made["opened_on"], &made["county_code"]), (201, &json!("2026-03-02"), &json!("520526")));
        assert_eq!(made["canteens"][0]["name"], "草海小学食堂");
        assert_eq!(made["affiliations"].as_array().expect("rows").len(), 1);
        let again = app.post("/schools", school.clone()).by(&keeper).key("once").await;
        assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", made.clone()));
        app.post("/schools", school).by(&keeper).await.refused(409, "school_taken");

        let path = format!("/schools/{}", id(&made));
        let call = app.patch(&path, json!({ "name": "草海第一小学", "rural": false })).by(&keeper);
        let changed = call.header("if-match", "\"1\"").await.ok();
        assert_eq!((&changed["name"], &changed["rural"], &changed["version"]), (&json!("草海第一小学"), &json!(false), &json!(2)));
        app.patch(&path, json!({ "rural": true })).by(&keeper).header("if-match", "\"1\"").await.refused(412, "stale_version");
        app.patch(&path, json!({ "rural": false })).by(&keeper).await.points_at("", "nothing_to_change");

        // Another county is for the authority above both.
        let away = moving("520525117", "520525", "2026-04-01");
        let refused = app.post(&format!("{path}/move"), away).by(&keeper).await;
        refused.points_at("/reporting_unit_code", "reporting_unit_out_of_reach");
        app.patch(&path, json!({ "diners": 1 })).by(&app.login("demo-bijie-manager").await).await.refused(404, "not_found");
        let trail = "select action from audit_entry where outcome = 'done' and resource = 'school' and resource_id = '";
        let trail = app.texts(&format!("{trail}{}' order by action", id(&made))).await;
        assert_eq!(trail, ["school.create", "school.update"]);
    }

    async fn what_would_change_the_past_or_make_no_sense_is_refused(app: &App) {
        let admin = app.login("demo-admin").await;
        let school = app.school("gz-520526-001").await.id;
        let path = format!("/schools/{school}");
        let before = app.snapshot().await;
        let refuse = async |path: &str, body: Value, pointer: &str, code: &str| {
            app.post(path, body).by(&admin).await.points_at(pointer, code);
        };
        let to = |path: &str| format!("/schools/{school}/{path}");
        let there = ("520525117", "520525");
        refuse(&to("move"), moving(there.0, there.1, "2026-03-02"), "/from_on", "date_out_of_range").await;
        refuse(&to("move"), moving(there.0, there.1, "2020-01-01"), "/from_on", "date_out_of_range").await;
        refuse(&to("move"), moving(there.0, there.1, "2099-01-01"), "/from_on", "date_out_of_range").await;
        refuse(&to("move"), moving("999999", there.1, "2026-04-01"), "/division_code", "division_unknown").await;
        refuse(&to("move"), moving("520500", there.1, "2026-04-01"), "/division_code", "division_level").await;
        refuse(&to("move"), moving("431226", there.1, "2026-04-01"), "/division_code", "division_level").await;
        refuse(&to("move"), moving(there.0, "GZ-NONE", "2026-04-01"), "/reporting_unit_code", "reporting_unit_unknown").await;
        refuse(&to("move"), moving("520526105", "520526", "2026-04-01"), "", "nothing_to_change").await;
        refuse(&to("close"), json!({ "closed_on": "2026-03-01" }), "/closed_on", "date_out_of_range").await;
        let nowhere = "01990000-0000-7000-8000-0000000000ab";
        for into in [nowhere.to_owned(), school.to_string()] {
            let merging = json!({ "into_school_id": into, "merged_on": "2026-04-01" });
            refuse(&to("merge"), merging, "/into_school_id", "school_unknown").await;
        }
        let shared = json!({ "kind": "shared" });
        refuse(&to("canteens"), shared, "/run_by_school_id", "run_by_needed").await;
        let itself = json!({ "kind": "shared", "run_by_school_id": school });
        refuse(&to("canteens"), itself, "/run_by_school_id", "school_runs_no_kitchen").await;
        for (month, diners, pointer, code) in [
            ("2026-03", -1, "/diners", "diners_out_of_range"),
            ("2026-05", 5, "", "month_out_of_range"),
            ("2013-12", 5, "", "month_out_of_range"),
        ] {
            let call = app.call("PUT", &format!("/api/v1{path}/diners/{month}")).json(&json!({ "diners": diners }));
            call.by(&admin).await.points_at(pointer, code);
        }
        let call = app.call("PUT", &format!("/api/v1{path}/diners/2026-13")).json(&json!({ "diners": 1 }));
        call.by(&admin).await.refused(404, "not_found");
        let runner = app.texts("select s.code from canteen c join school s on s.id = c.run_by_school_id limit 1").await;
        let runner = app.school(&runner[0]).await.id;
        let closing = app.post(&format!("/schools/{runner}/close"), json!({ "closed_on": "2026-04-01" })).by(&admin).await;
        closing.refused(409, "kitchen_serves_others");
        assert_eq!(app.snapshot().await, before);
    }

    async fn a_closed_school_buys_no_more(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let admin = app.login("demo-admin").await;
        let path = format!("/schools/{}/close", trade.school_id);
        app.post(&path, json!({ "closed_on": "2026-03-02" })).by(&admin).await.ok();
        app.post(&path, json!({ "closed_on": "2026-03-03" })).by(&admin).await.refused(409, "school_closed");
        let basket = trade.basket(&[("potato", "1", "jin")]).await;
        let refused = app.post("/orders", basket).by(&trade.buyer).key(&fresh_key()).await;
        refused.points_at("/deliver_on", "school_closed");
        let (_, coverage) = roll_up(app, "/shares/divisions/520526?from=2026-03-01&to=2026-03-31").await;
        let (_, april) = roll_up(app, "/shares/divisions/520526?from=2026-04-01&to=2026-04-30").await;
        assert_eq!(should(&april), should(&coverage) - 1);
    }

    async fn a_kitchen_run_another_way_leaves_the_past_as_it_was(app: &App) {
        let admin = app.login("demo-admin").await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let february = "/shares/reporting-units/520526?from=2026-02-01&to=2026-02-28&by=child";
        let march = "/shares/reporting-units/520526?from=2026-03-01&to=2026-03-31";
        let before = app.get(february).by(&admin).await.text().to_owned();
        let (_, was) = roll_up(app, march).await;
        let path = format!("/canteens/{}", trade.canteen_id);
        let closed = app.post(&format!("{path}/close"), json!({})).by(&admin).await.ok();
        assert_eq!(closed["kind"], "none");
        let (_, now) = roll_up(app, march).await;
        assert_eq!((should(&now), &now["exempt"]), (should(&was) - 1, &json!(was["exempt"].as_i64().expect("a count") + 1)));
        assert_eq!(app.get(february).by(&admin).await.text(), before);
        let runner = app.school("gz-520526-001").await.id;
        let shared = json!({ "kind": "shared", "run_by_school_id": runner });
        let shared = app.patch(&path, shared).by(&admin).header("if-match", "\"2\"").await.ok();
        assert_eq!((&shared["kind"], &shared["run_by_school_id"]), (&json!("shared"), &json!(runner)));
        app.patch(&path, json!({ "kind": "own" })).by(&admin).header("if-match", "\"2\"").await.refused(412, "stale_version");
        app.patch(&path, json!({ "kind": "contracted" })).by(&admin).await.ok();
        assert_eq!(roll_up(app, march).await.1, was);
        let terms = "select kind || ' ' || from_on || ' ' || coalesce(cast(to_on as text), '') from canteen_term t \
            where canteen_id = (select id from canteen where version = 4) order by from_on";
        assert_eq!(app.texts(terms).await, ["own 2014-01-01 2026-03-01", "contracted 2026-03-02 "]);
    }

    async fn diners_are_kept_by_month(app: &App) {
        let admin = app.login("demo-admin").await;
        let school = app.school("demo-yunong").await.id;
        let path = format!("/api/v1/schools/{school}/diners");
        let put = |month: &str, diners: i64| app.call("PUT", &format!("{path}/{month}")).json(&json!({ "diners": diners })).by(&admin);
        assert_eq!(put("2026-03", 612).await.ok(), json!({ "month": "2026-03", "diners": 612, "version": 1 }));
        put("2026-02", 600).await.ok();
        assert_eq!(put("2026-03", 620).header("if-match", "\"1\"").await.ok()["version"], 2);
        put("2026-03", 630).header("if-match", "\"1\"").await.refused(412, "stale_version");
        let manager = app.login("yunong").await;
        let shown = app.call("GET", &format!("{path}?year=2026")).by(&manager).await.ok();
        let shown: Vec<(&Value, &Value)> =
            shown["months"].as_array().expect("months").iter().map(|one| (&one["month"], &one["diners"])).collect();
        assert_eq!(shown, [(&json!("2026-02"), &json!(600)), (&json!("2026-03"), &json!(620))]);
        assert_eq!(app.call("GET", &format!("{path}?year=2025")).by(&manager).await.ok()["months"], json!([]));
    }

    async fn every_school_and_kitchen_has_a_history(app: &App) {
        let bare = "select (select count(*) from school where id not in (select school_id from school_affiliation where to_on is null)) \
            + (select count(*) from canteen where id not in (select canteen_id from canteen_term where to_on is null))";
        assert_eq!(app.number(bare).await, 0);
        // Brought forward from tables without histories.
        let rows = "select count(*) from school_affiliation";
        let had = app.number(rows).await;
        let store = &app.ctx.store;
        let ours = || "m20261125_16_registry".to_owned();
        while !store.pending_migrations().await.expect("answers").contains(&ours()) {
            store.migrate_down(Some(1)).await.expect("down");
        }
        store.migrate_up().await.expect("up");
        assert_eq!((app.number(rows).await, app.number(bare).await), (had, 0));
    }
}
