//! A school cannot read a household's status from what it bought; its authorities can (P1).

use crate::support::{
    app::on_both,
    people::At,
    trade::{Trade, accepted, fresh_key},
};
use entity::membership::Role;
use serde_json::{Value, json};

fn named(value: &Value, field: &str) -> Vec<Value> {
    match value {
        Value::Object(object) => {
            let own = object.get(field).cloned();
            own.into_iter().chain(object.values().flat_map(|value| named(value, field))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|value| named(value, field)).collect(),
        _ => Vec::new(),
    }
}

on_both! {
    async fn a_school_learns_the_origin_and_not_the_status(app: &App) {
        let trade = Trade::between(app, "yunong", "hh-weining-01").await;
        let sent = trade.under_way(&[("potato", "20", "jin")]).await;
        let receipt = trade.receive(&sent, accepted).await.ok();
        let line = &receipt["lines"][0];
        assert_eq!((&line["origin_class"], &line["evidence"]), (&json!("deep_poverty_key_county"), &json!(true)));
        let declared = json!({
            "canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "集市",
            "lines": [{
                "category_code": "VEGETABLE", "amount": "8.00", "origin_division_code": "520526",
                "producer_household_code": "h-520526-01",
            }],
        });
        let declared = app.post("/declared-purchases", declared).by(&trade.buyer).key(&fresh_key()).await.ok();
        assert_eq!(declared["lines"][0]["evidence"], false);
        let ledger = format!("/ledger?school_id={}&from=2026-01-01&to=2026-12-31", trade.school_id);
        let share = format!("/shares/schools/{}?from=2026-01-01&to=2026-12-31", trade.school_id);
        // One who reads another county for its authority is still only a buyer here.
        let both = app.member("both", Role::CanteenManager, At::School("demo-yunong")).await;
        let officer = app.role(Role::AuthorityOfficer, At::Unit("520525")).await;
        let admin = app.login("demo-admin").await;
        app.post(&format!("/accounts/{both}/memberships"), officer).by(&admin).await.ok();
        for person in ["yunong", "yunong-2", "yunong-principal", "both"] {
            let token = app.login(person).await;
            let lines = app.get(&ledger).by(&token).await.ok();
            let share = app.get(&share).by(&token).await.ok();
            assert_eq!(lines["items"].as_array().map(Vec::len), Some(2));
            assert_eq!(named(&share["classes"], "lines"), [json!(1), json!(1)]);
            for answer in [&receipt, &declared, &lines, &share["classes"]] {
                for field in ["class", "producer", "producer_class", "producer_household_id", "qualifies"] {
                    let shown = named(answer, field);
                    assert!(shown.iter().all(Value::is_null), "{person} sees {field}: {answer}");
                }
                let statuses = named(answer, "producer_statuses");
                assert!(statuses.iter().all(|held| *held == json!([])), "{person}: {answer}");
            }
            for class in [711, 721, 741, 0] {
                let filtered = app.get(&format!("{ledger}&class={class}")).by(&token).await;
                filtered.refused(403, "class_not_shown");
            }
        }
        for officer in ["demo-weining", "demo-auditor", "demo-admin"] {
            let token = app.login(officer).await;
            let lines = app.get(&ledger).by(&token).await.ok();
            let classes = named(&lines, "class");
            assert!(classes.iter().all(Value::is_i64), "{officer}: {lines}");
            assert!(named(&lines, "producer_statuses").iter().all(|held| *held != json!([])), "{officer}: {lines}");
            let of_class = app.get(&format!("{ledger}&class={}", classes[0])).by(&token).await.ok();
            assert_eq!(of_class["items"].as_array().map(Vec::len), Some(1), "{officer}");
            let share = app.get(&share).by(&token).await.ok();
            assert!(named(&share["classes"], "class").iter().all(Value::is_i64), "{officer}: {share}");
        }
    }
}
