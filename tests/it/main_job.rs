//! The main job from log-in to the province's share.

use crate::support::{
    app::{App, on_both},
    trade::{Trade, accepted, fresh_key, id},
};
use serde_json::{Value, json};

/// The headline figures at `path`: qualifying and all amounts in fen, weights in grams.
async fn share(app: &App, token: &str, path: &str) -> [i64; 4] {
    let view = app.get(&format!("/shares/{path}")).by(token).await.ok();
    let headline = &view["figures"]["headline"];
    let parts =
        [("amount", "numerator"), ("amount", "denominator"), ("weight", "numerator"), ("weight", "denominator")];
    parts.map(|(basis, part)| whole(&headline[basis][part]))
}

/// A decimal string without its point.
fn whole(decimal: &Value) -> i64 {
    decimal.as_str().unwrap_or_else(|| panic!("{decimal} is no decimal")).replace('.', "").parse().expect("a number")
}

/// The shares a purchase of the school in Weining shows up in, and one where it does not: Weining lies in Bijie but
/// reports straight to the province (S10).
async fn shares(app: &App, school_id: &str) -> Vec<[i64; 4]> {
    let (school, county) = (app.login("yunong").await, app.login("demo-weining").await);
    let (prefecture, province) = (app.login("demo-bijie").await, app.login("demo-province").await);
    let admin = app.login("demo-admin").await;
    vec![
        share(app, &school, &format!("schools/{school_id}")).await,
        share(app, &county, &format!("schools/{school_id}")).await,
        share(app, &county, "reporting-units/520526").await,
        share(app, &province, "reporting-units/520000").await,
        share(app, &county, "divisions/520526").await,
        share(app, &admin, "divisions/520500").await,
        share(app, &province, "divisions/520000").await,
        share(app, &prefecture, "reporting-units/520500").await,
    ]
}

fn plus(before: &[[i64; 4]], step: [i64; 4]) -> Vec<[i64; 4]> {
    let last = before.len() - 1;
    let moved = |(index, figures): (usize, &[i64; 4])| {
        if index == last { *figures } else { std::array::from_fn(|part| figures[part] + step[part]) }
    };
    before.iter().enumerate().map(moved).collect()
}

on_both! {
    async fn from_the_market_to_the_share_of_the_province(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let before = shares(app, &trade.school_id).await;

        // What is on offer, from poor places, delivered here.
        let market = app.get("/listings?q=土豆&poverty_area=true&deliver_on=2026-03-03&sort=price&limit=200");
        let market = market.by(&trade.buyer).await.ok();
        let potato = trade.listing("potato").await;
        let offer = market["items"].as_array().expect("items").iter().find(|item| item["id"] == potato.id.to_string());
        let offer = offer.expect("the cooperative's potatoes are on the market");
        assert_eq!((&offer["unit"], &offer["price"]), (&json!("jin"), &json!(potato.price_fen)));

        // A quote stores nothing and shows the share before and after.
        let basket = trade.basket(&[("potato", "20", "jin"), ("radish", "3.5", "jin")]).await;
        let untouched = app.snapshot().await;
        let quote = app.post("/baskets/quote", basket.clone()).by(&trade.buyer).await.ok();
        assert_eq!(app.snapshot().await, untouched);
        assert_eq!(quote["share_before"]["amount"]["percent"], Value::Null);
        assert_eq!(quote["share_after"]["amount"]["percent"], "100.00");

        // Prices per jin in fen: half a fen is rounded up, once for each line (O2).
        let [potatoes, radishes] = [potato.price_fen.0 * 20, (trade.listing("radish").await.price_fen.0 * 7 + 1) / 2];
        assert_eq!(whole(&quote["amount"]), potatoes + radishes);
        let placed = app.post("/baskets", basket).by(&trade.buyer).key(&fresh_key()).await;
        assert_eq!(placed.status, 201);
        let placed = placed.ok();
        assert_eq!(placed["orders"].as_array().map(Vec::len), Some(1), "one order a supplier");
        let order = &placed["orders"][0];
        assert_eq!((whole(&order["amount"]), &order["status"]), (potatoes + radishes, &json!("placed")));
        assert_eq!(trade.listing("potato").await.stock_base.0, potato.stock_base.0 - 10_000);
        assert_eq!(shares(app, &trade.school_id).await, before, "an order counts nowhere (S1)");

        let order = trade.confirm(order).await;
        assert_eq!(order["status"], "confirmed");
        let consignment = trade.send(&order).await;
        assert_eq!(shares(app, &trade.school_id).await, before, "what is under way counts nowhere (S1)");

        // Of ten kilograms of potatoes half a kilogram is dirt and two are refused; the radishes are fine.
        let weigh = |line: &Value| match line["line_no"].as_i64() {
            Some(1) => json!({
                "consignment_line_id": line["id"], "gross": "10.300", "tare": "0.300", "deduction": "0.500",
                "deduction_reason": "泥土", "rejected": "2.000", "reject_reason": "发芽", "reject_action": "returned",
            }),
            _ => accepted(line),
        };
        let receipt = trade.receive(&consignment, weigh).await.ok();
        let accepted_fen = (potato.price_fen.0 * 15) + radishes;
        assert_eq!(whole(&receipt["amount"]), accepted_fen);
        assert_eq!(receipt["lines"][0]["weight"], "7.500");
        let after = app.get(&format!("/orders/{}", id(&order))).by(&trade.buyer).await.ok();
        assert_eq!(after["status"], "received");

        // The lines behind the figures, each down to receipt and document.
        let range = format!("/ledger?school_id={}&from=2026-03-01&to=2026-03-31", trade.school_id);
        let lines = app.get(&range).by(&trade.buyer).await.ok();
        let lines = lines["items"].as_array().expect("items");
        assert_eq!(lines.iter().map(|line| whole(&line["amount"])).sum::<i64>(), accepted_fen);
        for line in lines {
            assert_eq!(line["delivery"]["receipt_id"], receipt["id"]);
            assert_eq!(line["certificates"][0]["number"], "CN-1");
            assert_eq!(line["origin_division_code"].as_str().map(|code| &code[..6]), Some("520526"));
            assert_eq!(line["evidence"], json!(["commitment_certificate"]));
        }

        let weight = 7_500 + 1_750;
        let bought = plus(&before, [accepted_fen, accepted_fen, weight, weight]);
        assert_eq!(shares(app, &trade.school_id).await, bought);

        // What was bought outside without proof enters the denominator alone (S1, S6).
        let declared = json!({
            "canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "迤那镇农贸市场",
            "lines": [{"product_code": "cabbage", "quantity": "30", "unit": "jin", "amount": "36.01"}],
        });
        app.post("/declared-purchases", declared).by(&trade.buyer).key(&fresh_key()).await.ok();
        assert_eq!(shares(app, &trade.school_id).await, plus(&bought, [0, 3_601, 0, 15_000]));
        let school = app.get(&format!("/shares/schools/{}", trade.school_id)).by(&trade.buyer).await.ok();
        let percent = accepted_fen * 10_000 / (accepted_fen + 3_601);
        let headline = &school["figures"]["headline"];
        assert_eq!(headline["amount"]["percent"], format!("{}.{:02}", percent / 100, percent % 100));
        assert_eq!(headline["meets_target"], accepted_fen >= 3_601);
        let verified = xiaonong::share::verify(&app.ctx).await.expect("verifies");
        assert_eq!((verified.lines, verified.differences), (3, Vec::new()));
    }

    async fn evidence_is_append_only(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin")]).await;
        let certificate = json!({"kind": "commitment_certificate", "number": "1", "issued_on": "2026-03-01", "issuer": "x"});
        let line = json!({"category_code": "VEGETABLE", "amount": "1.00", "documents": [certificate]});
        let declared = json!({
            "canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "李记", "lines": [line],
        });
        app.post("/declared-purchases", declared).by(&trade.buyer).key(&fresh_key()).await.ok();
        let before = app.snapshot().await;
        let kept = [
            "audit_entry", "certificate", "consignment_line", "declared_certificate", "declared_purchase", "receipt",
            "receipt_inspector", "receipt_line", "purchase_line",
        ];
        for table in kept {
            assert!(app.number(&format!("select count(*) from {table}")).await > 0, "{table} is empty");
            let key = if table == "receipt_inspector" { "receipt_id" } else { "id" };
            for sql in [format!("update {table} set {key} = {key}"), format!("delete from {table}")] {
                let told = app.try_execute(&sql).await.expect_err(&sql).to_string();
                assert!(told.contains(&format!("{table} is append-only")), "{told}");
            }
        }
        assert_eq!(app.snapshot().await, before);
    }
}
