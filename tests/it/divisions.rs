//! Divisions as of a day: codes that changed lead to their successors wherever a code is taken, except in the past.

use crate::support::{
    app::{App, on_both},
    trade::{Trade, fresh_key},
};
use serde_json::{Value, json};

async fn division(app: &App, path: &str) -> Value {
    let token = app.login("yunong").await;
    app.get(&format!("/divisions/{path}")).by(&token).await.ok()
}

fn codes(page: &Value) -> Vec<String> {
    page["items"].as_array().expect("items").iter().map(|it| it["code"].as_str().expect("a code").to_owned()).collect()
}

on_both! {
    async fn a_division_is_looked_up_as_of_a_day(app: &App) {
        let now = division(app, "520222").await;
        assert_eq!((&now["code"], &now["resolved_from"]), (&json!("520281"), &json!("520222")));
        assert_eq!(now["succeeded_by"], json!([
            {"code": "520281", "name": "盘州市", "effective_on": "2017-06-01", "kind": "撤县设市"},
        ]));
        // The list is kept under the present code, and the old name stood on it too (S11).
        let then = division(app, "520222?on=2017-05-31").await;
        assert_eq!((&then["code"], &then["name"], &then["valid_to"]), (&json!("520222"), &json!("盘县"), &json!("2017-05-31")));
        assert_eq!((&then["resolved_from"], &then["succeeded_by"]), (&Value::Null, &json!([])));
        assert_eq!(then["lists"][0]["code"], "poverty_county_66");
        assert_eq!(division(app, "520222?on=2012-01-01").await["lists"], json!([]), "before the list");
        assert_eq!(division(app, "520222?on=2017-06-01").await["code"], "520281");
        // A code that was not yet leads back to what it was made of.
        let before = division(app, "520281?on=2015-01-01").await;
        assert_eq!((&before["code"], &before["resolved_from"]), (&json!("520222"), &json!("520281")));
        let token = app.login("yunong").await;
        app.get("/divisions/520115?on=2011-12-31").by(&token).await.refused(404, "not_found");
        app.get("/divisions/520115?on=0001-01-01").by(&token).await.refused(400, "date_out_of_range");
        assert_eq!(division(app, "520115?on=2012-01-01").await["name"], "观山湖区");
    }

    async fn a_split_and_a_rename_are_told_apart(app: &App) {
        // 织金县 is called otherwise until 2019, and 金沙县 was split in 2021.
        app.execute("insert into division_past (code, until_on, name, parent_code) values \
            ('520524', '2014-12-31', '平远州', '520100'), ('520524', '2019-12-31', '平远县', '520500')").await;
        app.execute("update division set valid_to = '2020-12-31' where code = '520523'").await;
        app.execute("insert into division_succession (old_code, new_code, effective_on, kind) values \
            ('520523', '520521', '2021-01-01', '拆分'), ('520523', '520502', '2021-01-01', '拆分')").await;
        let split = division(app, "520523").await;
        assert_eq!((&split["code"], &split["valid_to"]), (&json!("520523"), &json!("2020-12-31")));
        let parts: Vec<_> = split["succeeded_by"].as_array().expect("parts").iter().map(|one| &one["code"]).collect();
        assert_eq!(parts, ["520502", "520521"]);
        for (day, name, parent) in [
            ("2014-12-31", "平远州", "520100"), ("2015-01-01", "平远县", "520500"), ("2020-01-01", "织金县", "520500"),
        ] {
            let found = division(app, &format!("520524?on={day}")).await;
            assert_eq!((&found["name"], &found["parent_code"]), (&json!(name), &json!(parent)), "{day}");
        }
        let token = app.login("yunong").await;
        let below = async |query: &str| codes(&app.get(&format!("/divisions?{query}&limit=200")).by(&token).await.ok());
        assert!(below("parent=520100&on=2014-12-31").await.contains(&"520524".to_owned()));
        assert!(!below("parent=520500&on=2014-12-31").await.contains(&"520524".to_owned()));
        assert_eq!(below("q=平远&on=2018-01-01").await, ["520524"]);
        assert_eq!(below("q=平远").await, Vec::<String>::new());
        assert!(below("parent=520500&on=2020-12-31").await.contains(&"520523".to_owned()));
        assert!(!below("parent=520500").await.contains(&"520523".to_owned()));
    }

    async fn lists_show_what_there_was_that_day(app: &App) {
        let token = app.login("yunong").await;
        let below = async |query: &str| codes(&app.get(&format!("/divisions?{query}&limit=200")).by(&token).await.ok());
        let now = below("parent=520200").await;
        assert_eq!(now, ["520201", "520203", "520204", "520281"]);
        assert_eq!(below("parent=520200&on=2018-01-01").await, ["520201", "520203", "520221", "520281"]);
        assert_eq!(below("parent=520200&on=2016-01-01").await, ["520201", "520203", "520221", "520222"]);
        assert_eq!(below("parent=520281").await, below("parent=520222").await, "an old code stands for its successor");
        assert_eq!(below("level=county&parent=522400&on=2018-01-01").await.len(), 8);
    }

    async fn an_old_code_is_taken_for_its_successor_everywhere(app: &App) {
        // 威宁 was once 522427; every school, household, offer and share stands under the present code.
        app.execute("insert into division (code, name, parent_code, level, valid_to, successor_code) values \
            ('522427', '威宁彝族回族苗族自治县', '522400', 'county', '2010-12-31', '520526')").await;
        app.execute("insert into division_succession (old_code, new_code, effective_on, kind) values \
            ('522427', '520526', '2011-01-01', '撤地设市')").await;
        let admin = app.login("demo-admin").await;
        for path in ["/schools?division", "/suppliers?division", "/listings?origin", "/listings?deliver_to"] {
            let of = async |code: &str| {
                app.get(&format!("{path}={code}&limit=50")).by(&admin).await.ok()["items"].clone()
            };
            let found = of("522427").await;
            assert_eq!(found, of("520526").await, "{path}");
            assert!(!found.as_array().expect("items").is_empty(), "{path}");
        }
        let share = async |code: &str, period: &str| {
            app.get(&format!("/shares/divisions/{code}?{period}")).by(&admin).await.ok()
        };
        let march = "from=2026-03-01&to=2026-03-31";
        assert_eq!(share("522427", march).await, share("520526", march).await);
        assert_eq!(share("522427", "from=2010-01-01&to=2010-12-31").await["code"], "522427", "there it is history");

        // A purchase declared, an offer made and a batch sent with the old code are kept under the present one.
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let line = json!({
            "category_code": "VEGETABLE", "amount": "12.30", "weight": "1.000", "origin_division_code": "522427",
            "documents": [{
                "kind": "commitment_certificate", "number": "N", "issued_on": "2026-01-01", "issuer": "I",
                "origin_division_code": "522427",
            }],
        });
        let body = json!({
            "canteen_id": trade.canteen_id, "seller_name": "集市", "lines": [line], "purchased_on": "2026-03-01",
        });
        app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
        let range = format!("/ledger?school_id={}&from=2026-03-01&to=2026-03-31", trade.school_id);
        let kept = app.get(&range).by(&trade.buyer).await.ok()["items"][0].clone();
        assert_eq!((&kept["origin_division_code"], &kept["evidence"]), (&json!("520526"), &json!(["commitment_certificate"])));
        assert!(kept["origin_lists"].to_string().contains("poverty_county_66"), "{kept}");
        assert_eq!(kept["certificates"][0]["origin_division_code"], "520526");
        let seller = app.session("weining-potato-coop").await["account"]["memberships"][0]["supplier_id"].clone();
        let offer = json!({
            "supplier_id": seller, "product_code": "cabbage", "origin_division_code": "522427", "unit": "jin",
            "price": "1.20", "stock": {"quantity": "100", "unit": "jin"}, "delivery_area": ["522427"],
            "deliver_from_on": "2026-03-02", "deliver_to_on": "2026-12-31",
        });
        let listed = app.post("/listings", offer).by(&trade.seller).await.ok();
        assert_eq!((&listed["origin"]["code"], &listed["delivery_area"]), (&json!("520526"), &json!(["520526"])));
        let order = trade.confirm(&trade.order(&[("potato", "20", "jin")]).await).await;
        let mut batch = crate::support::trade::batch(&order["lines"][0]);
        batch["origin_division_code"] = json!("522427");
        batch["certificates"][0]["origin_division_code"] = json!("522427");
        let sent = trade.send_lines(&order, &json!([batch])).await.ok();
        assert_eq!(sent["lines"][0]["origin_division_code"], "520526");
        assert_eq!(sent["lines"][0]["certificates"][0]["origin_division_code"], "520526");
    }
}
