//! What suppliers hold and can yield: links, licences, capacities, bases; who enters them, and what is oversold.

use crate::support::{
    app::{App, on_both},
    people::At,
    trade::{Trade, id},
};
use entity::membership::Role;
use serde_json::{Value, json};
use xiaonong::{jobs, ledger, suppliers};

fn link(household: &str) -> Value {
    json!({"household_id": household, "kind": "member", "share": "2.5", "from_on": "2026-01-01", "proof_number": "HT-1"})
}

fn licence(number: &str, to: impl Into<Value>) -> Value {
    let to: Value = to.into();
    json!({
        "kind": "food_business", "number": number, "issuer": "县市场监管局", "scope": "食用农产品销售",
        "categories": ["VEGETABLE"], "valid_from": "2025-01-01", "valid_to": to,
    })
}

fn capacity(product: &str, season_yield: &str) -> Value {
    json!({
        "product_code": product, "from_on": "2026-01-01", "to_on": "2026-12-31", "area_sqm": 6_670,
        "season_yield": season_yield,
    })
}

fn base(schools: &[&str], households: &[&str]) -> Value {
    json!({
        "kind": "school_base_household", "name": "草海基地", "division_code": "520526109", "area_sqm": 33_350,
        "products": ["potato", "radish"], "from_on": "2026-01-01", "proof_number": "JD-1",
        "parties": {"schools": schools, "household_ids": households},
    })
}

fn with(base: &Value, change: &Value) -> Value {
    let mut body = base.clone();
    for (field, value) in change.as_object().expect("fields") {
        body[field] = value.clone();
    }
    body
}

/// A household of the county that is linked to nobody.
async fn household(app: &App, officer: &str, code: &str) -> String {
    let body = json!({"code": code, "name": "张三", "division_code": "520526109"});
    id(&app.post("/households", body).by(officer).await.ok()).to_owned()
}

async fn weining(app: &App) -> (String, String) {
    let officer = app.login("demo-weining").await;
    (officer, app.supplier("weining-potato-coop").await.id.to_string())
}

/// A link, a licence, a capacity and a base of the supplier, as the officer enters them.
pub async fn one_of_each(app: &App, officer: &str, supplier: &str) -> [String; 4] {
    let school = app.school("demo-yunong").await.id.to_string();
    let member = household(app, officer, "h-520526-papers").await;
    let mut made = Vec::new();
    for (kind, body) in [
        ("links", link(&member)),
        ("licences", licence("JY-walk", json!("2030-12-31"))),
        ("capacities", capacity("potato", "180000.000")),
        ("bases", base(&[&school], &[&member])),
    ] {
        let entered = app.post(&format!("/suppliers/{supplier}/{kind}"), body).by(officer).await.ok();
        made.push(id(&entered).to_owned());
    }
    made.try_into().expect("four")
}

async fn first_error(app: &App, token: &str, path: &str, body: Value) -> (Value, Value) {
    let problem = app.post(path, body).by(token).await.refused(422, "invalid");
    (problem["errors"][0]["pointer"].clone(), problem["errors"][0]["code"].clone())
}

on_both! {
    async fn links_are_entered_by_the_county_and_decide_who_may_be_named(app: &App) {
        let (officer, supplier) = weining(app).await;
        let path = format!("/suppliers/{supplier}/links");
        let member = household(app, &officer, "h-520526-90").await;
        let made = app.post(&path, link(&member)).by(&officer).key("one").await.ok();
        assert_eq!((&made["share"], &made["name"], &made["to_on"]), (&json!("2.50"), &json!("张*"), &Value::Null));
        assert_eq!(app.post(&path, link(&member)).by(&officer).key("one").await.ok(), made, "asked again");
        let before = app.snapshot().await;
        for (change, pointer, code) in [
            (json!({}), "/from_on", "period_overlaps"),
            (json!({"from_on": "2025-01-01", "to_on": "2026-01-01"}), "/from_on", "period_overlaps"),
            (json!({"kind": "labour", "to_on": "2025-12-31"}), "/to_on", "period_reversed"),
            (json!({"kind": "labour", "share": "100.01"}), "/share", "percent_malformed"),
            (json!({"kind": "labour", "proof_number": " "}), "/proof_number", "required"),
            (json!({"kind": "labour", "from_on": "1026-01-01"}), "/from_on", "date_out_of_range"),
            (json!({"household_id": "01990000-0000-7000-8000-0000000000ab"}), "/household_id", "household_unknown"),
        ] {
            assert_eq!(first_error(app, &officer, &path, with(&link(&member), &change)).await, (json!(pointer), json!(code)));
        }
        assert_eq!(app.snapshot().await, before);

        // A household of another county is none of this officer's.
        let elsewhere = app.number("select count(*) from household where county_code <> '520526'").await;
        assert!(elsewhere > 0);
        app.member("nayong", Role::AuthorityOfficer, At::Unit("520525")).await;
        let theirs = app.get("/households?limit=1").by(&app.login("nayong").await).await.ok();
        let foreign = with(&link(id(&theirs["items"][0])), &json!({"kind": "labour"}));
        assert_eq!(first_error(app, &officer, &path, foreign).await.1, "household_unknown");

        // The supplier sees its own and enters none.
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let own = app.get(&format!("{path}?on=2026-03-01&kind=member")).by(&trade.seller).await.ok();
        assert_eq!(own["items"], json!([made]));
        assert_eq!(app.get(&format!("{path}?on=2025-12-31&kind=member")).by(&trade.seller).await.ok()["items"], json!([]));
        app.post(&path, link(&member)).by(&trade.seller).await.refused(403, "forbidden");
        app.get(&path).by(&trade.buyer).await.refused(403, "forbidden");

        let end = format!("/links/{}/end", id(&made));
        for (day, code) in [("2025-12-31", "period_reversed"), ("0026-01-01", "date_out_of_range")] {
            assert_eq!(first_error(app, &officer, &end, json!({"to_on": day})).await, (json!("/to_on"), json!(code)));
        }
        app.post(&end, json!({"to_on": "2026-02-01"})).by(&trade.seller).await.refused(403, "forbidden");
        assert_eq!(app.post(&end, json!({"to_on": "2026-02-01"})).by(&officer).await.ok()["to_on"], "2026-02-01");
        assert_eq!(first_error(app, &officer, &end, json!({"to_on": "2026-02-01"})).await.1, "ended_already");
        // From the day after, the same may be said again.
        app.post(&path, with(&link(&member), &json!({"from_on": "2026-02-02"}))).by(&officer).await.ok();
        let rows = "select count(*) from audit_entry where action in ('beneficiary_link.create', 'beneficiary_link.end')";
        assert_eq!(app.number(rows).await, 3);
    }

    async fn licences_run_out_and_are_spoken_of_once(app: &App) {
        let (officer, supplier) = weining(app).await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let path = format!("/suppliers/{supplier}/licences");
        let soon = app.post(&path, licence("JY-1", json!("2026-03-20"))).by(&trade.seller).await.ok();
        app.post(&path, licence("JY-2", json!("2026-09-01"))).by(&officer).await.ok();
        app.post(&path, licence("JY-3", Value::Null)).by(&officer).await.ok();
        app.post(&path, licence("JY-4", json!("2025-12-31"))).by(&officer).await.ok();
        app.post(&path, licence("JY-1", json!("2027-03-20"))).by(&officer).await.refused(409, "licence_taken");
        for (change, pointer, code) in [
            (json!({"number": ""}), "/number", "required"),
            (json!({"valid_to": "2024-12-31"}), "/valid_to", "period_reversed"),
            (json!({"categories": ["VEGETABLE", "NOTHING"]}), "/categories/1", "category_unknown"),
        ] {
            let body = with(&licence("JY-9", Value::Null), &change);
            assert_eq!(first_error(app, &officer, &path, body).await, (json!(pointer), json!(code)));
        }
        let numbers = async |query: &str, token: &str| {
            let found = app.get(&format!("/licences{query}")).by(token).await.ok();
            let items = found["items"].as_array().expect("a page").clone();
            items.iter().map(|one| one["number"].as_str().expect("a number").to_owned()).collect::<Vec<_>>()
        };
        for token in [&officer, &trade.seller] {
            assert_eq!(numbers("?expiring_within=30", token).await, ["JY-1"]);
            assert_eq!(numbers("", token).await, ["JY-1", "JY-2"]);
            assert_eq!(numbers("?expired=true", token).await, ["JY-4", "JY-1", "JY-2"]);
        }
        app.member("nayong", Role::AuthorityOfficer, At::Unit("520525")).await;
        assert_eq!(numbers("?expired=true", &app.login("nayong").await).await, Vec::<String>::new());
        app.get("/licences?expiring_within=401").by(&officer).await.refused(400, "days_out_of_range");

        assert_eq!(suppliers::remind_of_licences(&app.ctx).await.expect("tells"), 1);
        assert_eq!(suppliers::remind_of_licences(&app.ctx).await.expect("tells"), 0);
        while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        for token in [&officer, &trade.seller] {
            let told = app.get("/notifications").by(token).await.ok();
            let told = told["items"].as_array().expect("a page").iter().filter(|one| one["topic"] == "licence.expiring").count();
            assert_eq!(told, 1);
        }
        let end = format!("/licences/{}/end", id(&soon));
        assert_eq!(app.post(&end, json!({"to_on": "2026-03-01"})).by(&trade.seller).await.ok()["valid_to"], "2026-03-01");
        assert_eq!(first_error(app, &officer, &end, json!({"to_on": "2026-03-01"})).await.1, "ended_already");
        assert_eq!(numbers("?expiring_within=30", &officer).await, Vec::<String>::new());
    }

    async fn what_is_sold_beyond_a_season_is_shown(app: &App) {
        let (officer, supplier) = weining(app).await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let path = format!("/suppliers/{supplier}/capacities");
        let stated = app.post(&path, capacity("potato", "15.000")).by(&trade.seller).await.ok();
        assert_eq!((&stated["confirmed_at"], &stated["sold"], &stated["overrun"]), (&Value::Null, &json!("0.000"), &json!(false)));
        let radish = app.post(&path, capacity("radish", "15.000")).by(&officer).await.ok();
        assert!(!radish["confirmed_at"].is_null(), "the county's own word needs no other");
        for (change, pointer, code) in [
            (json!({}), "/from_on", "period_overlaps"),
            (json!({"from_on": "2026-12-31", "to_on": "2027-12-01"}), "/from_on", "period_overlaps"),
            (json!({"from_on": "2027-01-01", "to_on": "2028-01-02"}), "/to_on", "season_too_long"),
            (json!({"product_code": "nothing"}), "/product_code", "product_unknown"),
            (json!({"from_on": "2027-01-01", "to_on": "2027-12-31", "season_yield": "0.000"}), "/season_yield", "out_of_range"),
            (json!({"from_on": "2027-01-01", "to_on": "2027-12-31", "area_sqm": -1}), "/area_sqm", "out_of_range"),
        ] {
            let body = with(&capacity("potato", "15.000"), &change);
            assert_eq!(first_error(app, &officer, &path, body).await, (json!(pointer), json!(code)));
        }
        let confirm = format!("/capacities/{}/confirm", id(&stated));
        app.post(&confirm, json!({})).by(&trade.seller).await.refused(403, "forbidden");
        assert!(!app.post(&confirm, json!({"note": "实地丈量"})).by(&officer).await.ok()["confirmed_at"].is_null());
        app.post(&confirm, json!({})).by(&officer).await.refused(409, "capacity_confirmed");

        trade.bought(&[("potato", "20", "jin"), ("radish", "20", "jin")]).await;
        assert_eq!(ledger::check_capacities(&app.ctx).await.expect("looks"), 2);
        let overruns = async || app.get("/capacity-overruns").by(&officer).await.ok()["items"].clone();
        assert_eq!(overruns().await, json!([]), "10 kg of 15 each");
        trade.bought(&[("potato", "20", "jin")]).await;
        assert_eq!(ledger::check_capacities(&app.ctx).await.expect("looks"), 2);
        let found = overruns().await;
        assert_eq!((found.as_array().map(Vec::len), &found[0]["id"]), (Some(1), &stated["id"]));
        assert_eq!((&found[0]["sold"], &found[0]["overrun"]), (&json!("20.000"), &json!(true)));
        ledger::check_capacities(&app.ctx).await.expect("looks");
        while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        let told = app.get("/notifications").by(&officer).await.ok();
        let told = told["items"].as_array().expect("a page").iter().filter(|one| one["topic"] == "capacity.overrun").count();
        assert_eq!(told, 1, "said once");
        app.member("nayong", Role::AuthorityOfficer, At::Unit("520525")).await;
        assert_eq!(app.get("/capacity-overruns").by(&app.login("nayong").await).await.ok()["items"], json!([]));
        let own = app.get(&path).by(&trade.seller).await.ok();
        assert_eq!(own["items"].as_array().map(Vec::len), Some(2));
    }

    async fn a_household_s_yield_counts_where_others_name_it(app: &App) {
        let officer = app.login("demo-weining").await;
        let seller = "select count(*) from supplier where kind = 'household' and household_id is not null and division_code like '520526%'";
        assert!(app.number(seller).await > 0);
        let all = app.get("/suppliers?kind=household&division=520526").by(&officer).await.ok();
        let home = id(&all["items"][0]).to_owned();
        let path = format!("/suppliers/{home}/capacities");
        app.post(&path, capacity("potato", "5.000")).by(&officer).await.ok();
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin")]).await;
        // The cooperative's potatoes, said to be this household's.
        let named = "update purchase_line set producer_household_id = (select household_id from supplier where id = \
                     (select supplier_id from capacity)) where product_code = 'potato'";
        if app.ctx.store.backend() == sea_orm::DbBackend::Postgres {
            app.execute("alter table purchase_line disable trigger all").await;
        } else {
            for trigger in app.texts("select name from sqlite_master where type = 'trigger' and tbl_name = 'purchase_line'").await {
                app.execute(&format!("drop trigger {trigger}")).await;
            }
        }
        app.execute(named).await;
        ledger::check_capacities(&app.ctx).await.expect("looks");
        let shown = app.get("/capacity-overruns").by(&officer).await.ok();
        assert_eq!((&shown["items"][0]["supplier_id"], &shown["items"][0]["sold"]), (&json!(home), &json!("10.000")));
    }

    async fn bases_have_schools_and_households(app: &App) {
        let (officer, supplier) = weining(app).await;
        let path = format!("/suppliers/{supplier}/bases");
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let school = trade.school_id.as_str();
        let [first, second] = [household(app, &officer, "h-520526-91").await, household(app, &officer, "h-520526-92").await];
        let made = app.post(&path, base(&[school], &[&first])).by(&officer).await.ok();
        assert_eq!(made["parties"].as_array().map(Vec::len), Some(2));
        let before = app.snapshot().await;
        for (change, pointer, code) in [
            (json!({"parties": {}}), "/parties", "parties_needed"),
            (json!({"division_code": "999999"}), "/division_code", "division_unknown"),
            (json!({"products": ["potato", "nothing"]}), "/products/1", "product_unknown"),
            (json!({"area_sqm": 0}), "/area_sqm", "out_of_range"),
            (json!({"parties": {"schools": ["01990000-0000-7000-8000-0000000000ab"], "household_ids": [first]}}), "/parties/schools/0", "school_unknown"),
            (json!({"parties": {"schools": [school], "household_ids": [school]}}), "/parties/household_ids/0", "household_unknown"),
        ] {
            assert_eq!(first_error(app, &officer, &path, with(&base(&[school], &[&first]), &change)).await, (json!(pointer), json!(code)));
        }
        assert_eq!(app.snapshot().await, before);
        app.post(&path, base(&[school], &[&first])).by(&trade.seller).await.refused(403, "forbidden");

        let parties = format!("/bases/{}/parties", id(&made));
        let put = |day: &str, households: Vec<&String>| json!({"from_on": day, "parties": {"schools": [school], "household_ids": households}});
        let changed = app.call("PUT", &format!("/api/v1{parties}")).json(&put("2026-09-01", vec![&second])).by(&officer).await.ok();
        let of = |view: &Value, party: &str| {
            let rows = view["parties"].as_array().expect("rows").iter().filter(|row| row["party_id"] == *party);
            rows.map(|row| (row["from_on"].clone(), row["to_on"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(of(&changed, &first), [(json!("2026-01-01"), json!("2026-08-31"))]);
        assert_eq!(of(&changed, &second), [(json!("2026-09-01"), Value::Null)]);
        assert_eq!(of(&changed, school), [(json!("2026-01-01"), Value::Null)], "who stays, stays from its first day");
        let early = app.call("PUT", &format!("/api/v1{parties}")).json(&put("2026-08-01", vec![])).by(&officer).await;
        assert_eq!(early.refused(422, "invalid")["errors"][0]["code"], "period_overlaps");
        let ended = app.post(&format!("/bases/{}/end", id(&made)), json!({"to_on": "2026-12-31"})).by(&officer).await.ok();
        assert!(ended["parties"].as_array().expect("rows").iter().all(|row| !row["to_on"].is_null()));
        assert_eq!(app.get(&path).by(&trade.seller).await.ok()["items"], json!([ended]));
    }

    async fn a_struck_off_supplier_gets_no_papers(app: &App) {
        let (officer, supplier) = weining(app).await;
        app.execute("update supplier set status = 'revoked' where code = 'weining-potato-coop'").await;
        let path = format!("/suppliers/{supplier}/licences");
        app.post(&path, licence("JY-1", Value::Null)).by(&officer).await.refused(409, "supplier_revoked");
        app.get(&path).by(&officer).await.ok();
    }
}
