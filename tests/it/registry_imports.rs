//! New divisions and new lists by file: compared, applied by the difference that was seen, or refused with every pointer.

use crate::{
    finding::{column, with},
    support::{
        app::{App, on_both},
        call::Answer,
        trade::{Trade, fresh_key},
    },
};
use serde_json::{Value, json};
use xiaonong::{finding, province::Bundle, share};

const HEADER: &str = "code,name,parent_code,level,succeeds\n";

/// The province's divisions of today as a file, changed.
fn file(change: impl Fn(&str) -> Option<String>) -> String {
    let bundle = Bundle::built_in().expect("reads");
    let mut text = HEADER.to_owned();
    for row in bundle.text("divisions.csv").expect("is there").lines().skip(1) {
        let [code, name, parent, level, _, to] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
        if to.is_empty() && !level.starts_with("other") {
            let line = change(code).unwrap_or_else(|| format!("{code},{name},{parent},{level},\n"));
            text.push_str(&line);
        }
    }
    text
}

/// 威宁 becomes a city with a new code, its townships with it; 大方 is renamed; 金沙 is split between its neighbours, and a
/// township of 赫章 is over.
fn changed() -> String {
    file(|code| {
        let bundle = Bundle::built_in().expect("reads");
        let row = |code: &str| {
            let text = bundle.text("divisions.csv").expect("is there").to_owned();
            let row = text.lines().find(|row| row.starts_with(&format!("{code},"))).expect("a row").to_owned();
            row.split(',').nth(1).expect("a name").to_owned()
        };
        match code {
            "520526" => Some("520582,威宁市,520500,county,520526\n".into()),
            "520521" => Some("520521,大定县,520500,county,520523\n".into()),
            "520502" => Some(format!("520502,{},520500,county,520523\n", row("520502"))),
            "520523" => Some(String::new()),
            code if code.starts_with("520523") => Some(String::new()),
            "520527001" => Some(String::new()),
            code if code.starts_with("520526") => {
                Some(format!("520582{},{},520582,township,{code}\n", &code[6..], row(code)))
            }
            _ => None,
        }
    })
}

async fn sends(app: &App, token: &str, path: &str, text: &str) -> Answer {
    app.call("POST", &format!("/api/v1{path}")).by(token).bytes("text/csv", text.as_bytes()).await
}

fn difference(view: &Value) -> String {
    view["difference"].as_str().expect("a difference").to_owned()
}

async fn declares(app: &App, trade: &Trade<'_>, day: &str, origin: &str) -> Answer {
    let line = json!({
        "category_code": "VEGETABLE", "amount": "10.00", "weight": "1.000", "origin_division_code": origin,
        "documents": [{
            "kind": "commitment_certificate", "number": "N", "issued_on": "2026-01-01", "issuer": "I",
            "origin_division_code": origin,
        }],
    });
    let body = json!({"canteen_id": trade.canteen_id, "seller_name": "集市", "lines": [line], "purchased_on": day});
    app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await
}

async fn headline(app: &App, token: &str, path: &str) -> Value {
    app.get(path).by(token).await.ok()["figures"]["headline"]["amount"].clone()
}

on_both! {
    async fn the_same_file_changes_nothing(app: &App) {
        let admin = app.login("demo-admin").await;
        let same = sends(app, &admin, "/divisions/imports?from_on=2026-01-01", &file(|_| None)).await.ok();
        assert_eq!((&same["applied"], &same["unchanged"], &same["rows"]), (&json!(false), &json!(1608), &json!(1608)));
        assert_eq!((&same["changes"], &same["ends_too_many"]), (&json!([]), &json!(false)));
    }

    async fn a_new_year_is_compared_then_applied(app: &App) {
        let admin = app.login("demo-admin").await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        declares(app, &trade, "2026-02-10", "520526").await.ok();
        let february = "from=2026-02-01&to=2026-02-28";
        let mut past = Vec::new();
        for place in ["divisions/520526", "divisions/520526109", "divisions/520500", "divisions/520000", "reporting-units/520526"] {
            let path = format!("/shares/{place}?{february}");
            past.push((path.clone(), headline(app, &admin, &path).await));
        }
        let before = app.snapshot().await;
        let path = "/divisions/imports?from_on=2026-03-01";
        let seen = sends(app, &admin, path, &changed()).await.ok();
        let count = |name: &str| seen[name].as_u64().expect("a count");
        assert_eq!((count("new"), count("renamed"), count("split"), count("moved")), (count("succeeded"), 1, 1, 0));
        assert!(count("succeeded") > 30 && count("ended") > 10, "{seen}");
        let of = |code: &str, kind: &str| {
            let all = seen["changes"].as_array().expect("changes").iter();
            all.filter(|one| one["code"] == code && one["kind"] == kind).cloned().collect::<Vec<_>>()
        };
        assert_eq!(of("520526", "succeeded")[0]["successors"], json!(["520582"]));
        assert_eq!(of("520523", "split")[0]["successors"], json!(["520502", "520521"]));
        assert_eq!((&of("520521", "renamed")[0]["name_before"], &of("520527001", "ended")[0]["successors"]), (&json!("大方县"), &json!([])));
        let mut after = app.snapshot().await;
        after.remove("audit_entry");
        let mut untouched = before;
        untouched.remove("audit_entry");
        assert_eq!(after, untouched, "comparing changes nothing but the trail");

        // Another file, or another day, is another difference.
        let apply = |day: &str| format!("/divisions/imports?from_on={day}&difference={}", difference(&seen));
        sends(app, &admin, &apply("2026-03-01"), &file(|_| None)).await.refused(412, "difference_stale");
        sends(app, &admin, &apply("2026-02-28"), &changed()).await.refused(412, "difference_stale");
        let done = sends(app, &admin, &apply("2026-03-01"), &changed()).await.ok();
        assert_eq!((&done["applied"], &done["left_behind"]), (&json!(true), &json!(0)), "{done}");
        assert!(done["moved_seats"]["schools"].as_u64() > Some(0) && done["moved_seats"]["listings"].as_u64() > Some(0), "{done}");
        assert!(done["moved_seats"]["suppliers"].as_u64() > Some(0), "{done}");
        // What moved is found there at once.
        assert_eq!(finding::catch_up(&app.ctx).await.expect("answers"), 0);
        let found = app.get(&with("/suppliers", &[("q", "云薯"), ("division", "520582")])).by(&admin).await.ok();
        assert_eq!(column(&found, "code"), ["weining-potato-coop"]);
        // Applied twice it is another difference: there is none any more.
        sends(app, &admin, &apply("2026-03-01"), &changed()).await.refused(412, "difference_stale");
        let again = sends(app, &admin, path, &changed()).await.ok();
        assert_eq!(again["changes"], json!([]), "the same file says the same again");

        // The old code leads on, the list too, and the past is where it was.
        let place = app.get("/divisions/520526").by(&admin).await.ok();
        assert_eq!((&place["code"], &place["name"]), (&json!("520582"), &json!("威宁市")));
        assert!(place["lists"].to_string().contains("poverty_county_66"), "{place}");
        assert_eq!(app.get("/divisions/520521?on=2026-02-28").by(&admin).await.ok()["name"], "大方县");
        assert_eq!(app.get("/divisions/520521").by(&admin).await.ok()["name"], "大定县");
        for (path, figures) in past {
            assert_eq!(headline(app, &admin, &path).await, figures, "{path}");
        }
        // The school lies in the new place from the day on, and its history in the old one.
        let school = app.get(&format!("/schools/{}", trade.school_id)).by(&admin).await.ok();
        assert_eq!((&school["division_code"], &school["county_code"]), (&json!("520582109"), &json!("520582")));
        let seats = app.texts("select a.division_code || ' ' || cast(from_on as text) from school_affiliation a \
            join school s on s.id = a.school_id where s.code = 'demo-yunong' order by from_on").await;
        assert_eq!((seats.len(), &seats[0][..9], &seats[1][..]), (2, "520526109", "520582109 2026-03-01"));
        for query in ["/schools?division=520526", "/suppliers?division=520526", "/listings?origin=520526"] {
            let old = app.get(query).by(&admin).await.ok();
            assert_eq!(old, app.get(&query.replace("520526", "520582")).by(&admin).await.ok(), "{query}");
            assert!(!old["items"].as_array().expect("items").is_empty(), "{query}");
        }
        let march = "from=2026-03-01&to=2026-03-31";
        declares(app, &trade, "2026-03-02", "520526").await.ok();
        let county = headline(app, &admin, &format!("/shares/divisions/520526?{march}")).await;
        assert_eq!((&county["numerator"], &county["denominator"]), (&json!("10.00"), &json!("10.00")));
        assert_eq!(headline(app, &admin, &format!("/shares/divisions/520500?{march}")).await, county);
        // Over both times the township and the county have what was bought under either code.
        let both = "from=2026-02-01&to=2026-03-31";
        for place in ["520582", "520582109", "520526109"] {
            let whole = headline(app, &admin, &format!("/shares/divisions/{place}?{both}")).await;
            assert_eq!((&whole["numerator"], &whole["denominator"]), (&json!("20.00"), &json!("20.00")), "{place}");
        }
        assert_eq!(share::verify(&app.ctx).await.expect("verifies").differences, Vec::new());
        // What administrators brought in, the bundle does not write over at the next start.
        app.execute("update bundle set digest = 'another' where name = 'registry'").await;
        assert!(xiaonong::registry::bundle::load(&app.ctx).await.expect("loads"));
        let kept = app.get("/divisions/520526").by(&admin).await.ok();
        assert_eq!((&kept["code"], &kept["lists"]), (&place["code"], &place["lists"]));
        assert_eq!(app.texts("select division_code from reporting_unit where code = '520526'").await, ["520582"]);
        assert_eq!(app.number("select count(*) from audit_entry where action = 'division.import'").await, 1);
    }

    async fn a_bad_file_of_divisions_is_refused_whole(app: &App) {
        let admin = app.login("demo-admin").await;
        let path = "/divisions/imports?from_on=2026-03-01";
        let whole = file(|_| None);
        let line_of = |code: &str| 1 + whole.lines().position(|row| row.starts_with(&format!("{code},"))).expect("a row");
        let with = |code: &str, row: &str| {
            let (code, row) = (code.to_owned(), row.to_owned());
            file(move |one| (one == code).then(|| row.clone()))
        };
        for (text, pointer) in [
            (with("520102", "52010,南明区,520100,county,\n"), format!("/rows/{}/code", line_of("520102"))),
            (with("520102", "520102,南明区,520100,township,\n"), format!("/rows/{}/level", line_of("520102"))),
            (with("520102", "520102,南明区,520200,county,\n"), format!("/rows/{}/parent_code", line_of("520102"))),
            (with("520100", ""), format!("/rows/{}/parent_code", line_of("520102") - 1)),
            (with("520102", "520103,云岩区,520100,county,\n"), format!("/rows/{}/code", line_of("520103"))),
            (with("520102", "520114,小河区,520100,county,\n"), format!("/rows/{}/code", line_of("520102"))),
            (with("520102", "520102,南明区,520100,county,520103\n"), format!("/rows/{}/succeeds", line_of("520102"))),
            (with("520102", "520102,南明区,520100,county,999999\n"), format!("/rows/{}/succeeds", line_of("520102"))),
            (with("520000", ""), "/rows".to_owned()),
        ] {
            let before = app.snapshot().await;
            let answer = sends(app, &admin, path, &text).await;
            let body: Value = serde_json::from_str(answer.text()).expect("a problem");
            assert_eq!(answer.status, 422, "{pointer}: {body}");
            let pointers = body["errors"].as_array().expect("errors").iter().map(|one| one["pointer"].clone());
            assert!(pointers.clone().any(|one| one == pointer.as_str()), "{pointer}: {body}");
            let mut after = app.snapshot().await;
            let mut before = before;
            after.remove("audit_entry");
            before.remove("audit_entry");
            assert_eq!(after, before, "{pointer}");
        }
        // What would change a division before it began to be what it is.
        let renamed = with("520581", "520581,黔西县,520500,county,\n");
        sends(app, &admin, "/divisions/imports?from_on=2021-03-01", &renamed).await.refused(422, "invalid");
        sends(app, &admin, "/divisions/imports?from_on=2021-03-02", &renamed).await.ok();
        sends(app, &admin, "/divisions/imports?from_on=2026-03-03", &whole).await.refused(400, "date_in_future");
        sends(app, &admin, "/divisions/imports?from_on=0001-01-01", &whole).await.refused(400, "date_out_of_range");
        sends(app, &admin, path, "code,name\n").await.refused(422, "invalid");
    }

    async fn too_many_endings_are_asked_for(app: &App) {
        let admin = app.login("demo-admin").await;
        let path = "/divisions/imports?from_on=2026-03-01";
        let fewer = file(|code| code.starts_with("5226").then(String::new));
        let seen = sends(app, &admin, path, &fewer).await.ok();
        assert_eq!(seen["ends_too_many"], true, "{seen}");
        let apply = format!("{path}&difference={}", difference(&seen));
        let told = sends(app, &admin, &apply, &fewer).await;
        assert!(told.text().contains("ends_too_many") && told.status == 422, "{}", told.text());
        let done = sends(app, &admin, &format!("{apply}&allow_shrink=true"), &fewer).await.ok();
        assert!(done["left_behind"].as_i64() > Some(0), "{done}");
    }

    async fn a_new_version_of_a_list_moves_no_past_share(app: &App) {
        let admin = app.login("demo-admin").await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        declares(app, &trade, "2026-03-01", "520526").await.ok();
        let path = format!("/shares/schools/{}?from=2026-03-01&to=2026-03-01", trade.school_id);
        let before = headline(app, &trade.buyer, &path).await;
        assert_eq!(before["percent"], "100.00");
        let bundle = Bundle::built_in().expect("reads");
        let rows = bundle.text("county_list_members.csv").expect("is there").lines();
        let codes = rows.filter(|row| row.starts_with("poverty_county_66,")).filter_map(|row| row.split(',').nth(1));
        // 威宁 leaves, 南明 joins, and 盘州 is called by its former code.
        let mut text = "区划代码\n520102\n".to_owned();
        for code in codes.filter(|code| *code != "520526") {
            text.push_str(if code == "520281" { "520222" } else { code });
            text.push('\n');
        }
        let path_of = "/county-lists/imports?list=poverty_county_66&valid_from=2026-03-02";
        let seen = sends(app, &admin, path_of, &text).await.ok();
        assert_eq!([&seen["rows"], &seen["unchanged"], &seen["joining"], &seen["leaving"]], [66, 65, 1, 1]);
        let done = sends(app, &admin, &format!("{path_of}&difference={}", difference(&seen)), &text).await.ok();
        assert_eq!(done["applied"], true);
        assert_eq!(headline(app, &trade.buyer, &path).await, before, "frozen on its line (S3)");
        declares(app, &trade, "2026-03-02", "520526").await.ok();
        declares(app, &trade, "2026-03-01", "520526").await.ok();
        let lines = app.texts("select cast(purchased_on as text) || ' ' || origin_lists from purchase_line order by id").await;
        let on_list = |line: &String| line.contains("poverty_county_66");
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| on_list(line) == line.starts_with("2026-03-01")), "{lines:?}");
        assert_eq!(share::verify(&app.ctx).await.expect("verifies").differences, Vec::new());
        sends(app, &admin, &format!("{path_of}&difference={}", difference(&seen)), &text).await.refused(412, "difference_stale");
    }

    async fn a_new_list_needs_its_names_and_known_counties(app: &App) {
        let admin = app.login("demo-admin").await;
        let path = "/county-lists/imports?list=trial_counties&valid_from=2026-04-01";
        sends(app, &admin, path, "division_code\n520526\n").await.refused(400, "required");
        let full = format!("{path}&kind=key_county&name_zh=%E8%AF%95%E7%82%B9&name_en=Trial&source=%E5%85%AC%E5%91%8A");
        for (text, pointer) in [
            ("division_code\n520999\n", "/rows/2/division_code"),
            ("division_code\n520500\n", "/rows/2/division_code"),
            ("division_code\n520281\n520222\n", "/rows/3/division_code"),
        ] {
            let answer = sends(app, &admin, &full, text).await;
            assert!(answer.status == 422 && answer.text().contains(pointer), "{}", answer.text());
        }
        let seen = sends(app, &admin, &full, "division_code\n520526\n").await.ok();
        assert_eq!((&seen["is_new"], &seen["joining"]), (&json!(true), &json!(1)));
        sends(app, &admin, &format!("{full}&difference={}", difference(&seen)), "division_code\n520526\n").await.ok();
        let later = app.get("/divisions/520526?on=2026-04-01").by(&admin).await.ok();
        assert!(later["lists"].to_string().contains("trial_counties"), "{later}");
        let now = app.get("/divisions/520526").by(&admin).await.ok();
        assert!(!now["lists"].to_string().contains("trial_counties"), "{now}");
        // A version before what is there already would overlap it.
        let earlier = sends(app, &admin, "/county-lists/imports?list=trial_counties&valid_from=2026-03-01", "division_code\n520526\n").await;
        assert_eq!(earlier.status, 422, "{}", earlier.text());
    }

    async fn only_administrators_bring_them_in(app: &App) {
        for name in ["demo-province", "demo-bijie-manager", "yunong", "weining-potato-coop", "demo-auditor"] {
            let token = app.login(name).await;
            let path = "/divisions/imports?from_on=2026-03-01";
            sends(app, &token, path, HEADER).await.refused(403, "forbidden");
            let path = "/county-lists/imports?list=poverty_county_66&valid_from=2026-03-01";
            sends(app, &token, path, "division_code\n").await.refused(403, "forbidden");
        }
    }
}
