//! What nobody learns or undoes by the side door: closed accounts, numbers that are taken, handbook numbers, names.

use crate::support::{
    app::on_both,
    people::At,
    trade::{Trade, fresh_key, id},
};
use entity::membership::Role;
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::support::app::App;

on_both! {
    async fn who_closed_an_account_outranks_who_may_open_it(app: &App) {
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        app.member("province-keeper", Role::AuthorityManager, At::Unit("520000")).await;
        app.member("owner", Role::Supplier, At::Supplier("weining-potato-coop")).await;
        let ranks = [
            ("yunong-principal", "place"),
            ("weining-keeper", "authority"),
            ("province-keeper", "authority"),
            ("demo-admin", "administrator"),
        ];
        let mut tokens = Vec::new();
        for (who, _) in ranks {
            tokens.push(app.login(who).await);
        }
        let path = format!("/accounts/{}", app.account_id("yunong-3").await);
        let switch = |to: &str, who: usize| app.post(&format!("{path}/{to}"), json!({})).by(&tokens[who]);
        for (closer, (_, rank)) in ranks.iter().enumerate() {
            assert_eq!(switch("disable", closer).await.ok()["disabled_rank"], *rank);
            let before = app.snapshot().await;
            for below in 0..closer {
                switch("enable", below).await.refused(403, "closed_from_above");
                switch("disable", below).await.refused(409, "account_disabled");
            }
            assert_eq!(app.snapshot().await, before);
            assert_eq!(switch("enable", closer).await.ok()["disabled_rank"], Value::Null);
        }
        let who = "select coalesce(cast(disabled_by as text), 'none') || coalesce(disabled_unit, 'none') \
                   from account where username = 'yunong-3'";
        assert_eq!(app.texts(who).await, ["nonenone"], "nothing stays behind");
        // A higher rank takes over what a lower one closed; the lower one no longer opens it.
        switch("disable", 0).await.ok();
        assert_eq!(switch("disable", 3).await.ok()["disabled_rank"], "administrator");
        switch("enable", 0).await.refused(403, "closed_from_above");
        switch("enable", 2).await.refused(403, "closed_from_above");
        switch("enable", 3).await.ok();
        // Of accounts closed before ranks were kept, an authority decides.
        app.execute("update account set disabled_at = 1 where username = 'yunong-3'").await;
        switch("enable", 0).await.refused(403, "closed_from_above");
        switch("enable", 1).await.ok();
        // Suppliers' owners likewise.
        let owner = app.login("owner").await;
        let clerk = format!("/accounts/{}", app.account_id("weining-potato-coop-2").await);
        app.post(&format!("{clerk}/disable"), json!({})).by(&tokens[1]).await.ok();
        app.post(&format!("{clerk}/enable"), json!({})).by(&owner).await.refused(403, "closed_from_above");
        app.post(&format!("{clerk}/enable"), json!({})).by(&tokens[2]).await.ok();
    }

    async fn taken_id_numbers_are_told_a_few_times_a_day(app: &App) {
        let few = app.replica(|settings| settings.taken_numbers_per_day = 3).await;
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        app.member("nayong-keeper", Role::AuthorityManager, At::Unit("520525")).await;
        let [officer, other] = [few.login("weining-keeper").await, few.login("nayong-keeper").await];
        let own = |token: String| {
            let few = &few;
            async move {
                let page = few.get("/households?limit=1").by(&token).await.ok();
                format!("/households/{}/personal-data", id(&page["items"][0]))
            }
        };
        let (here, there) = (own(officer.clone()).await, own(other.clone()).await);
        let number = "522427198002290016";
        let enter = |path: &str, number: &str, token: &str| few.patch(path, json!({"id_number": number})).by(token);
        enter(&there, number, &other).await.ok();
        let before = few.snapshot().await;
        for _ in 0..3 {
            enter(&here, number, &officer).await.refused(409, "id_number_taken");
        }
        for again in [number, "11010519491231002X"] {
            let refused = enter(&here, again, &officer).await;
            refused.refused(429, "too_many_requests");
            assert_eq!(refused.header("retry-after"), "86400");
        }
        assert_eq!(few.snapshot().await, before);
        let told = "select count(*) from audit_entry where outcome = 'refused' and detail like '%id_number_taken%'";
        assert_eq!(app.number(told).await, 3, "each leaves its line");
        // Other numbers of the household and other officers go on; so does this one tomorrow.
        few.patch(&here, json!({"phone": "19912345678"})).by(&officer).await.ok();
        enter(&there, number, &other).await.ok();
        app.wait_millis(24 * 3600 * 1000);
        let officer = few.login("weining-keeper").await;
        enter(&here, "11010519491231002X", &officer).await.ok();
    }

    async fn a_school_does_not_learn_which_handbook_numbers_there_are(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let declare = |code: &str| {
            let body = json!({
                "canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "集市",
                "lines": [{
                    "category_code": "VEGETABLE", "amount": "8.00", "origin_division_code": "520526",
                    "producer_household_code": code,
                }],
            });
            app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key())
        };
        let shape = |mut answer: Value| {
            answer["id"] = Value::Null;
            answer["lines"][0]["id"] = Value::Null;
            answer
        };
        let known = declare("h-520526-01").await.ok();
        let unknown = declare(" h-520526-99 ").await.ok();
        assert_eq!(shape(known.clone()), shape(unknown.clone()));
        assert_eq!(unknown["lines"][0]["producer_household"], true);
        // A dry run of a file says as little.
        let csv = "external_id,purchased_on,seller_name,category_code,amount,origin_division_code,producer_household_code\n\
                   a,2026-03-01,集市,VEGETABLE,8.00,520526,h-520526-01\nb,2026-03-01,集市,VEGETABLE,8.00,520526,h-520526-98\n";
        let path = format!("/imports?kind=declared_purchases&canteen_id={}&dry_run=true", trade.canteen_id);
        let checked = app.call("POST", &format!("/api/v1{path}")).text("text/csv", csv).by(&trade.buyer).key("dry").await;
        assert_eq!(checked.ok()["rows"], 2);
        assert_eq!(app.number("select count(*) from stated_producer").await, 1, "a dry run leaves nothing");
        for (code, wrong) in [("", "required"), ("h\u{200b}1", "hidden_character"), (&*"9".repeat(41), "too_long")] {
            let refused = declare(code).await;
            refused.refused(422, "invalid");
            refused.points_at("/lines/0/producer_household_code", wrong);
        }
        // Nor does the ledger tell it; the authority finds what was mistyped.
        let ledger = format!("/ledger?school_id={}&from=2026-01-01&to=2026-12-31", trade.school_id);
        let lines = app.get(&ledger).by(&trade.buyer).await.ok();
        assert_eq!(lines["items"].as_array().map(Vec::len), Some(2));
        assert!(lines["items"].as_array().expect("items").iter().all(|line| line["stated_producer_code"].is_null()), "{lines}");
        for wanted in ["true", "false"] {
            let filtered = app.get(&format!("{ledger}&producer_unmatched={wanted}")).by(&trade.buyer).await;
            filtered.refused(403, "class_not_shown");
        }
        let county = app.login("demo-weining").await;
        let open = app.get(&format!("{ledger}&producer_unmatched=true")).by(&county).await.ok();
        assert_eq!(open["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(open["items"][0]["stated_producer_code"], "h-520526-99");
        assert_eq!(open["items"][0]["declared_purchase_id"], unknown["id"]);
        let rest = app.get(&format!("{ledger}&producer_unmatched=false")).by(&county).await.ok();
        assert_eq!(rest["items"][0]["declared_purchase_id"], known["id"]);
        assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
    }

    async fn a_household_that_sells_is_named_to_whom_it_concerns(app: &App) {
        let trade = Trade::between(app, "yunong", "hh-weining-01").await;
        let seller = app.supplier("hh-weining-01").await;
        let masked = format!("{}*", seller.name.chars().next().expect("a name"));
        let path = format!("/suppliers/{}", seller.id);
        let list = "/suppliers?kind=household&limit=200";
        let named_in = |page: Value| {
            let items = page["items"].as_array().expect("items").clone();
            let own = items.into_iter().find(|item| item["id"] == json!(seller.id)).expect("the household");
            own["name"].as_str().expect("a name").to_owned()
        };
        for (who, name) in [
            ("yunong", &masked),
            ("yunong-principal", &masked),
            ("demo-bijie", &masked),
            ("demo-bijie-manager", &masked),
            ("demo-weining", &seller.name),
            ("demo-province", &seller.name),
            ("demo-auditor", &seller.name),
            ("demo-admin", &seller.name),
            ("hh-weining-01", &seller.name),
        ] {
            let token = app.login(who).await;
            assert_eq!(app.get(&path).by(&token).await.ok()["name"], **name, "{who}");
            assert_eq!(named_in(app.get(list).by(&token).await.ok()), **name, "{who}");
            let found = app.get(&format!("/suppliers?q={}", seller.name)).by(&token).await.ok();
            let found = found["items"].as_array().is_some_and(|items| !items.is_empty());
            assert_eq!(found, name.as_str() == seller.name.as_str(), "{who}: what is not shown is not found");
        }
        // The market shows nobody's, and finds nobody by it; the household sees its own offers.
        let offers = app.get("/listings?supplier_kind=household&limit=200").by(&trade.buyer).await.ok();
        let offers = offers["items"].as_array().expect("items").clone();
        assert!(!offers.is_empty());
        for offer in &offers {
            let name = offer["supplier"]["name"].as_str().expect("a name");
            assert!(name.chars().count() == 2 && name.ends_with('*'), "{name}");
        }
        let found = app.get(&format!("/listings?q={}", seller.name)).by(&trade.buyer).await.ok();
        assert_eq!(found["items"], json!([]));
        let own = app.get("/listings").by(&trade.seller).await.ok();
        assert_eq!(own["items"][0]["supplier"]["name"], json!(seller.name));
        let seen = app.get(&format!("/listings/{}", id(&own["items"][0]))).by(&trade.buyer).await.ok();
        assert_eq!(seen["supplier"]["name"], json!(masked));
        // A school that only ordered is not told; once the household took the order, it must know who comes.
        let order = trade.order(&[("potato", "20", "jin")]).await;
        assert_eq!(app.get(&path).by(&trade.buyer).await.ok()["name"], json!(masked));
        trade.confirm(&order).await;
        assert_eq!(app.get(&path).by(&trade.buyer).await.ok()["name"], json!(seller.name));
        let elsewhere = app.login("gz-520102-001").await;
        assert_eq!(app.get(&path).by(&elsewhere).await.ok()["name"], json!(masked));
    }

    async fn a_single_day_is_read_by_the_school_and_its_authorities_alone(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin")]).await;
        let day = "from=2026-03-02&to=2026-03-02";
        let share = format!("/shares/schools/{}?{day}", trade.school_id);
        for (who, status) in [
            ("yunong", 200),
            ("yunong-2", 200),
            ("yunong-principal", 200),
            ("demo-weining", 200),
            ("demo-province", 200),
            ("demo-admin", 200),
            ("gz-520102-001", 404),
            ("demo-bijie", 404),
            ("demo-bijie-manager", 404),
            ("weining-potato-coop", 403),
            ("hh-weining-01", 403),
            ("demo-agent", 403),
        ] {
            let token = app.login(who).await;
            assert_eq!(app.get(&share).by(&token).await.status, status, "{who}");
            // Figures of more than one school are of whole months, for whoever may read them.
            for area in ["reporting-units/520526", "divisions/520526"] {
                let rolled = app.get(&format!("/shares/{area}?{day}")).by(&token).await;
                assert!([400, 403, 404].contains(&rolled.status), "{who}: {area} {}", rolled.text());
            }
        }
    }

    async fn numbers_are_refused_in_reasons_however_they_are_written(app: &App) {
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        let officer = app.login("weining-keeper").await;
        let page = app.get("/households?limit=1").by(&officer).await.ok();
        let path = format!("/households/{}/reveal", id(&page["items"][0]));
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let before = app.snapshot().await;
        for hidden in [
            "电话199.1234.5678",
            "电话（199）1234、5678",
            "电话１９９１２３４５６７８",
            "电话199 1234 5678",
            "电话一九九一二三四五六七八",
            "证件522427/19800229/0016",
        ] {
            let reveal = app.post(&path, json!({"fields": ["phone"], "reason": hidden})).by(&officer).await;
            reveal.refused(422, "invalid");
            reveal.points_at("/reason", "number_in_reason");
            let cancel = app.post(&format!("/orders/{}/cancel", id(&order)), json!({"reason": hidden})).by(&trade.buyer);
            cancel.await.points_at("/reason", "number_in_text");
        }
        assert_eq!(app.snapshot().await, before);
        let sent = trade.under_way(&[("potato", "20", "jin")]).await;
        let lines = json!([{"consignment_line_id": sent["lines"][0]["id"], "gross": sent["lines"][0]["sent"]["quantity"]}]);
        let body = |note: &str| json!({"inspectors": ["yunong", "yunong-2"], "lines": lines, "note": note});
        trade.receive_as(&sent, &body("司机 199-1234-5678")).await.points_at("/note", "number_in_text");
        trade.receive_as(&sent, &body("批次 20260302-0012，2026-03-02 采收")).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taken_numbers_tried_at_once_are_counted_one_by_one() {
    // On SQLite one writes at a time anyway.
    let Some(app) = App::start(DbBackend::Postgres, module_path!()).await else { return };
    let few = app.replica(|settings| settings.taken_numbers_per_day = 3).await;
    app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
    let officer = few.login("weining-keeper").await;
    let page = few.get("/households?limit=2").by(&officer).await.ok();
    let number = json!({"id_number": "522427198002290016"});
    let path = |index: usize| format!("/households/{}/personal-data", id(&page["items"][index]));
    few.patch(&path(0), number.clone()).by(&officer).await.ok();
    let tries = (0..12).map(|_| async { few.patch(&path(1), number.clone()).by(&officer).await.status });
    let mut told: Vec<u16> = futures_util::future::join_all(tries).await;
    told.sort_unstable();
    assert_eq!(told.iter().filter(|status| **status == 409).count(), 3, "{told:?}");
    assert_eq!(told.iter().filter(|status| **status == 429).count(), 9, "{told:?}");
    app.close().await;
}
