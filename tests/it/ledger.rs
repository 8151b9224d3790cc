//! The lines behind any figure: of a unit, a division, a supplier, a household, a list; they add up to it.

use crate::{
    share::buy_at_random,
    support::{
        app::{App, on_both},
        trade::Trade,
    },
};
use serde_json::Value;
use std::collections::HashSet;

const DAYS: &str = "from=2026-01-01&to=2026-02-28";

/// All lines of a query, by pages.
async fn lines(app: &App, token: &str, query: &str, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(&format!("/ledger?{query}&limit={limit}{cursor}")).by(token).await.ok();
        let items = page["items"].as_array().expect("lines");
        assert!(items.len() <= limit);
        found.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let ids: HashSet<&str> = found.iter().map(|line| line["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), found.len(), "each once: {query}");
    found
}

fn fen(value: &Value) -> i64 {
    value.as_str().expect("a decimal").replace('.', "").parse().expect("a number")
}

fn total(lines: &[Value]) -> i64 {
    lines.iter().map(|line| fen(&line["amount"])).sum()
}

on_both! {
    async fn the_lines_of_a_place_add_up_to_its_figure(app: &App) {
        buy_at_random(app, 2_026).await;
        let admin = app.login("demo-admin").await;
        let mut most = 0;
        for (name, list, code) in [
            ("unit", "reporting-units", "520000"), ("unit", "reporting-units", "520526"),
            ("unit", "reporting-units", "GZ-PROV"), ("division", "divisions", "520000"),
            ("division", "divisions", "520500"), ("division", "divisions", "520382"),
        ] {
            let whole = app.get(&format!("/shares/{list}/{code}?{DAYS}")).by(&admin).await.ok();
            let amount = fen(&whole["figures"]["headline"]["amount"]["denominator"]);
            let found = lines(app, &admin, &format!("{name}={code}&{DAYS}"), 3).await;
            assert_eq!((total(&found), found.len() as u64), (amount, whole["figures"]["lines"].as_u64().expect("lines")), "{code}");
            let order: Vec<_> = found.iter().map(|line| [&line["school_id"], &line["purchased_on"], &line["id"]].map(Value::to_string)).collect();
            assert!(order.is_sorted(), "{code}");
            let counted: i64 = whole["figures"]["headline"]["amount"]["numerator"].as_str().map_or(0, |text| fen(&text.into()));
            let proven: Vec<Value> = found.iter().filter(|line| !line["evidence"].as_array().expect("kinds").is_empty()).cloned().collect();
            assert!(total(&proven) >= counted);
            for category in ["VEGETABLE", "MEAT"] {
                let some = lines(app, &admin, &format!("{name}={code}&{DAYS}&category={category}"), 200).await;
                assert_eq!(some.len(), found.iter().filter(|line| line["category_code"] == category).count());
            }
            most = most.max(found.len());
        }
        assert!(most > 40, "{most}");
        let csv = app.get(&format!("/ledger?unit=520526&{DAYS}&format=csv")).by(&admin).await;
        assert!(csv.text().lines().count() > lines(app, &admin, &format!("unit=520526&{DAYS}"), 200).await.len());
    }

    async fn a_supplier_a_household_and_a_list_lead_to_their_lines(app: &App) {
        buy_at_random(app, 2_026).await;
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin")]).await;
        let officer = app.login("demo-weining").await;
        let year = "from=2026-01-01&to=2026-12-31";
        let of_unit = lines(app, &officer, &format!("unit=520526&{year}"), 200).await;
        let among = |name: &str, wanted: &Value| of_unit.iter().filter(|line| line[name] == *wanted).count();
        let sold = of_unit.iter().find(|line| line["supplier_id"].is_string()).expect("a sale");
        let supplier = lines(app, &officer, &format!("supplier_id={}&{year}", sold["supplier_id"].as_str().expect("an id")), 2).await;
        assert_eq!(supplier.len(), among("supplier_id", &sold["supplier_id"]));
        assert_eq!(supplier[0]["supplier_name"], sold["supplier_name"]);
        let grown = of_unit.iter().find(|line| line["producer_household_id"].is_string()).expect("grown by a household");
        let household = grown["producer_household_id"].as_str().expect("an id");
        let of_household = lines(app, &officer, &format!("producer_household_id={household}&{year}"), 2).await;
        assert_eq!(of_household.len(), among("producer_household_id", &grown["producer_household_id"]));
        for list in ["poverty_county_66", "poverty_county_6"] {
            let named = of_unit.iter().filter(|line| line["origin_lists"].as_array().expect("lists").contains(&list.into())).count();
            let found = lines(app, &officer, &format!("unit=520526&origin_list={list}&{year}"), 200).await;
            assert_eq!(found.len(), named, "{list}");
        }
        // Narrowed down together.
        let both = format!("school_id={}&supplier_id={}&{year}", trade.school_id, sold["supplier_id"].as_str().expect("an id"));
        assert!(lines(app, &trade.buyer, &both, 200).await.iter().all(|line| line["supplier_id"] == sold["supplier_id"]));
    }

    async fn a_households_income_is_what_its_lines_add_up_to_and_what_its_suppliers_sold_beside_them(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin"), ("cabbage", "20", "jin")]).await;
        Trade::between(app, "yunong", "hh-weining-01").await.bought(&[("potato", "7", "jin")]).await;
        let (seller, own) = (app.supplier("weining-potato-coop").await, app.supplier("hh-weining-01").await);
        let household = own.household_id.expect("is one");
        app.execute("update beneficiary_link set share_bp = 333 where supplier_id = (select id from supplier where code = 'weining-potato-coop')").await;
        let officer = app.login("demo-weining").await;
        let days = "from=2026-03-01&to=2026-03-31";
        let path = format!("/households/{household}/income?{days}");
        let income = app.get(&path).by(&officer).await.ok();
        let named = lines(app, &officer, &format!("producer_household_id={household}&{days}"), 200).await;
        let sum = |lines: &[Value]| lines.iter().map(|line| fen(&line["amount"])).sum::<i64>();
        assert_eq!((fen(&income["amount"]), named.len()), (sum(&named), 2));
        let by = |id: &Value| named.iter().filter(|line| line["supplier_id"] == *id).cloned().collect::<Vec<_>>();
        let sellers = income["grown"].as_array().expect("sellers");
        assert_eq!(sellers.len(), 2);
        for one in sellers {
            let its = by(&one["supplier_id"]);
            assert_eq!((fen(&one["amount"]), &one["lines"]), (sum(&its), &its.len().into()), "{one}");
        }
        let sold = lines(app, &officer, &format!("supplier_id={}&{days}", seller.id), 200).await;
        let nobodys: Vec<_> = sold.into_iter().filter(|line| line["producer_household_id"].is_null()).collect();
        let links = income["links"].as_array().expect("links");
        let link = links.iter().find(|link| link["supplier_id"] == seller.id.to_string()).expect("the cooperative");
        assert_eq!((fen(&link["sold"]), nobodys.len(), &link["share"]), (sum(&nobodys), 1, &"3.33".into()));
        assert_eq!(fen(&link["by_share"]), sum(&nobodys) * 333 / 10_000);
        let other = links.iter().find(|link| link["supplier_id"] != seller.id.to_string()).expect("another");
        assert_eq!((&other["sold"], &other["by_share"]), (&"0.00".into(), &Value::Null));

        let before = app.get(&format!("/households/{household}/income?from=2025-01-01&to=2025-12-31")).by(&officer).await.ok();
        assert_eq!((&before["amount"], before["grown"].as_array().map(Vec::len)), (&"0.00".into(), Some(0)));
        app.get(&format!("/households/{household}/income?from=2026-03-02&to=2026-03-01")).by(&officer).await.refused(400, "range_reversed");
        app.get(&path).by(&trade.seller).await.refused(403, "forbidden");
        app.get(&path).by(&app.login("demo-bijie").await).await.refused(404, "not_found");
    }

    async fn nobody_reads_beyond_the_own_reach(app: &App) {
        buy_at_random(app, 2_026).await;
        let (officer, school) = (app.login("demo-weining").await, app.login("yunong").await);
        let ask = |token: &str, query: &str| app.get(&format!("/ledger?{query}&{DAYS}")).by(token);
        for elsewhere in ["unit=520000", "unit=520500", "unit=999999", "division=520500", "division=999999"] {
            ask(&officer, elsewhere).await.refused(404, "not_found");
        }
        ask(&officer, "division=520526109").await.refused(400, "division_too_small");
        ask(&officer, "category=MEAT").await.refused(400, "required");
        ask(&school, "unit=520526").await.refused(400, "required");
        let household = app.ids_of("household").await;
        ask(&school, &format!("producer_household_id={}", household[0])).await.refused(400, "required");
        let own = app.school("demo-yunong").await.id;
        ask(&school, &format!("school_id={own}&producer_household_id={}", household[0])).await.refused(403, "class_not_shown");
        ask(&officer, "unit=520526&cursor=2026-01-01~x").await.refused(400, "cursor_malformed");
        // The prefecture's officer looks at the place, and sees what counts for the own units.
        let bijie = app.login("demo-bijie").await;
        let seen = lines(app, &bijie, &format!("unit=520500&{DAYS}"), 200).await;
        assert!(seen.iter().all(|line| line["school_id"] != own.to_string()), "Weining reports past its prefecture");
    }
}
