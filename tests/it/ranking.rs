//! The schools of a place one by one: they add up to it, in every order, with who did not report and why.

use crate::{
    share::buy_at_random,
    support::{
        app::{App, on_both},
        trade::{Trade, fresh_key},
    },
};
use serde_json::{Value, json};

const PERIOD: &str = "from=2026-01-01&to=2026-02-28";

/// What rows are put in order by.
type Figure = fn(&Value) -> Option<i64>;

/// All rows of a ranking, by pages of `limit`.
async fn ranked(app: &App, token: &str, query: &str, limit: usize) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(&format!("/shares/schools?{query}&limit={limit}{cursor}")).by(token).await.ok();
        let items = page["items"].as_array().expect("rows");
        assert!(items.len() <= limit);
        rows.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

fn fen(value: &Value) -> i64 {
    value.as_str().expect("a decimal").replace('.', "").parse().expect("a number")
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["school_id"].as_str().expect("an id")).collect()
}

/// Purchases of one school in a month, all of them proven or none.
async fn buys(app: &App, school: &str, day: &str, amount: &str, proven: bool) {
    let trade = Trade::between(app, school, "weining-potato-coop").await;
    let mut line = json!({
        "category_code": "VEGETABLE", "amount": amount, "weight": "1.000", "origin_division_code": "520526",
    });
    if proven {
        line["documents"] = json!([{
            "kind": "commitment_certificate", "number": "N", "issued_on": "2026-01-01", "issuer": "I",
            "origin_division_code": "520526",
        }]);
    }
    let body = json!({
        "canteen_id": trade.canteen_id, "seller_name": "集市", "lines": [line], "purchased_on": day,
    });
    app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
}

on_both! {
    async fn the_schools_of_a_place_add_up_to_it(app: &App) {
        buy_at_random(app, 2_026).await;
        let admin = app.login("demo-admin").await;
        let mut most = 0;
        for (tree, list, code) in [
            ("reporting", "reporting-units", "520000"), ("reporting", "reporting-units", "520526"),
            ("geography", "divisions", "520500"), ("geography", "divisions", "520382"),
            ("geography", "divisions", "520526109"),
        ] {
            let whole = app.get(&format!("/shares/{list}/{code}?{PERIOD}")).by(&admin).await.ok();
            let query = format!("{PERIOD}&place={code}&tree={tree}");
            let rows = ranked(app, &admin, &query, 7).await;
            for (basis, side) in ["amount", "weight"].iter().flat_map(|one| [(one, "numerator"), (one, "denominator")]) {
                let sum: i64 = rows.iter().map(|row| fen(&row[basis][side])).sum();
                assert_eq!(sum, fen(&whole["figures"]["headline"][basis][side]), "{code} {basis} {side}");
            }
            let in_state = |state: &str| rows.iter().filter(|row| row["state"] == state).count();
            let reported = whole["coverage"]["reported"].as_u64().expect("a count");
            let should = whole["coverage"]["should_report"].as_u64().expect("a count");
            assert_eq!(in_state("reported") as u64, reported, "{code}");
            assert_eq!((in_state("reported") + in_state("missing")) as u64, should, "{code}");
            assert_eq!(in_state("exempt") as u64, whole["coverage"]["exempt"].as_u64().expect("a count"), "{code}");
            for state in ["reported", "missing", "exempt", "moved"] {
                let some = ranked(app, &admin, &format!("{query}&state={state}"), 200).await;
                assert_eq!(some.len(), in_state(state));
                assert!(some.iter().all(|row| row["state"] == state));
            }
            let below = ranked(app, &admin, &format!("{query}&below_target=true"), 200).await;
            let reach = ranked(app, &admin, &format!("{query}&below_target=false"), 200).await;
            assert!(below.iter().all(|row| row["meets_target"] == false));
            assert!(reach.iter().all(|row| row["meets_target"] == true));
            let bought = rows.iter().filter(|row| row["amount"]["percent"].is_string()).count();
            assert_eq!(below.len() + reach.len(), bought);
            most = most.max(bought);
        }
        assert_eq!(most, 6, "every school that bought is among them");
    }

    async fn each_order_puts_the_undefined_last(app: &App) {
        buy_at_random(app, 2_026).await;
        let admin = app.login("demo-admin").await;
        let percent = |row: &Value| row["amount"]["percent"].as_str().map(|text| text.replace('.', "").parse().expect("a share"));
        let orders: [(&str, Figure); 4] = [
            ("share", percent), ("-share", |row| row["amount"]["percent"].as_str().map(|_| -fen(&row["amount"]["percent"]))),
            ("-amount", |row| Some(-fen(&row["amount"]["denominator"]))),
            ("-still_needed", |row| row["still_needed"].as_str().map(|_| -fen(&row["still_needed"]))),
        ];
        let mut every = Vec::new();
        for (sort, figure) in orders {
            let rows = ranked(app, &admin, &format!("{PERIOD}&place=520000&sort={sort}"), 9).await;
            let figures: Vec<Option<i64>> = rows.iter().map(figure).collect();
            let defined = figures.iter().take_while(|figure| figure.is_some()).count();
            assert!(figures[defined..].iter().all(Option::is_none), "{sort}");
            // Schools that need nothing more are in the order of how far they are beyond.
            assert!(figures[..defined].is_sorted(), "{sort}: {figures:?}");
            let mut found: Vec<String> = ids(&rows).into_iter().map(str::to_owned).collect();
            assert!(found.len() > 20);
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len(), rows.len(), "{sort} names each once");
            every.push(found);
        }
        assert!(every.windows(2).all(|pair| pair[0] == pair[1]));
    }

    async fn a_fall_against_the_months_before_is_seen(app: &App) {
        buys(app, "yunong", "2026-01-10", "100.00", true).await;
        buys(app, "yunong", "2026-02-10", "30.00", true).await;
        buys(app, "yunong", "2026-02-11", "70.00", false).await;
        buys(app, "gz-520526-001", "2026-01-10", "100.00", false).await;
        buys(app, "gz-520526-001", "2026-02-10", "60.00", true).await;
        let officer = app.login("demo-weining").await;
        let february = "from=2026-02-01&to=2026-02-28";
        let rows = ranked(app, &officer, &format!("{february}&place=520526&sort=change"), 50).await;
        let shown = |row: &Value| (row["change"].clone(), row["still_needed"].clone(), row["amount_before"]["denominator"].clone());
        assert_eq!(shown(&rows[0]), (json!("-70.00"), json!("40.00"), json!("100.00")));
        assert_eq!(shown(&rows[1]), (json!("100.00"), json!("0.00"), json!("100.00")));
        assert!(rows[2..].iter().all(|row| row["change"].is_null() && row["state"] != "reported"));
        for by in ["child", "category"] {
            let path = format!("/shares/reporting-units/520526?{february}&before=true&by={by}");
            let whole = app.get(&path).by(&officer).await.ok();
            assert_eq!(whole["before"]["amount"]["percent"], "50.00");
            let of_parts: i64 = whole["parts"].as_array().expect("parts").iter()
                .map(|part| fen(&part["before"]["amount"]["numerator"])).sum();
            assert_eq!(of_parts, 10_000, "{by}");
        }
        let plain = app.get(&format!("/shares/reporting-units/520526?{february}&by=child")).by(&officer).await.ok();
        assert!(plain["before"].is_null() && plain["parts"][0]["before"].is_null());
    }

    async fn schools_without_a_kitchen_say_how_they_are_fed(app: &App) {
        let admin = app.login("demo-admin").await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let march = "from=2026-03-01&to=2026-03-31&place=520526";
        let runner = app.school("gz-520526-001").await.id;
        let shared = json!({ "kind": "shared", "run_by_school_id": runner });
        app.patch(&format!("/canteens/{}", trade.canteen_id), shared).by(&admin).await.ok();
        let exempt = ranked(app, &admin, &format!("{march}&state=exempt"), 50).await;
        let fed = exempt.iter().find(|row| row["school_id"] == trade.school_id.as_str()).expect("it is listed");
        assert_eq!((&fed["fed_by"], &fed["amount"]["percent"]), (&json!("shared"), &Value::Null));
        let csv = app.get(&format!("/shares/schools?{march}&state=exempt&format=csv")).by(&admin).await;
        assert_eq!(csv.text().lines().count(), exempt.len() + 1);
    }

    async fn only_a_places_authorities_rank_its_schools(app: &App) {
        let (officer, school) = (app.login("demo-weining").await, app.login("yunong").await);
        let ask = |query: &str| app.get(&format!("/shares/schools?{query}"));
        ask("place=520526").by(&officer).await.ok();
        ask("place=520526&tree=geography").by(&officer).await.ok();
        for elsewhere in ["place=520500", "place=520382", "place=520500&tree=geography", "place=999999"] {
            ask(elsewhere).by(&officer).await.refused(404, "not_found");
        }
        ask("place=520526").by(&school).await.refused(403, "forbidden");
        ask("place=520526&from=2026-01-02").by(&officer).await.refused(400, "range_not_whole_months");
        ask("place=520526&from=2026-05-01&to=2026-04-30").by(&officer).await.refused(400, "range_reversed");
        for wrong in ["place=520526&sort=name", "place=520526&state=late", "from=2026-01-01", "place=520526&cursor=1~2"] {
            assert_eq!(ask(wrong).by(&officer).await.status, 400, "{wrong}");
        }
    }
}
