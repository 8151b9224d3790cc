//! A sale denied by who is named in it opens a case; its authority decides, and what it upholds is corrected (H5, S3).

use crate::support::{
    app::{App, on_both},
    people::At,
    trade::{Trade, accepted, fresh_key, id},
};
use entity::membership::Role;
use serde_json::{Value, json};
use xiaonong::{jobs, share};

fn why() -> Value {
    json!({"reason": "当日未向该校供货"})
}

fn found() -> Value {
    json!({"finding": "核对过磅单，签名非本人"})
}

async fn told(app: &App, token: &str, topic: &str) -> usize {
    while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
    let page = app.get("/notifications?limit=200").by(token).await.ok();
    page["items"].as_array().expect("items").iter().filter(|item| item["topic"] == topic).count()
}

async fn sales(app: &App, token: &str, supplier: &str) -> Vec<Value> {
    let path = format!("/sales?supplier_id={supplier}&from=2026-03-01&to=2026-03-31");
    app.get(&path).by(token).await.ok()["items"].as_array().expect("items").clone()
}

on_both! {
    async fn a_denied_sale_is_decided_by_its_county(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let seller = app.supplier("weining-potato-coop").await.id.to_string();
        for _ in 0..2 {
            trade.bought(&[("potato", "20", "jin")]).await;
        }
        let own = sales(app, &trade.seller, &seller).await;
        assert_eq!((own.len(), &own[0]["named_as"], &own[0]["denial"]), (2, &json!("seller"), &Value::Null));
        let page = app.get(&format!("/sales?supplier_id={seller}&from=2026-03-01&to=2026-03-31&limit=1")).by(&trade.seller).await.ok();
        let next = page["next_cursor"].as_str().expect("more");
        let page = app.get(&format!("/sales?supplier_id={seller}&from=2026-03-01&to=2026-03-31&cursor={next}")).by(&trade.seller).await.ok();
        assert_eq!(page["items"], json!([own[1]]));
        let path = format!("/ledger/{}/denial", id(&own[0]));
        let before = app.snapshot().await;
        let stranger = app.login("nayong-poultry-coop").await;
        app.post(&path, why()).by(&stranger).await.refused(404, "not_found");
        app.get(&format!("/sales?supplier_id={seller}&from=2026-03-01&to=2026-03-31")).by(&stranger).await.refused(404, "not_found");
        for who in ["yunong", "weining-potato-coop-2", "demo-auditor"] {
            app.post(&path, why()).by(&app.login(who).await).await.refused(403, "forbidden");
        }
        for (reason, code) in [("", "required"), ("电话 19900000001", "number_in_text")] {
            app.post(&path, json!({"reason": reason})).by(&trade.seller).await.points_at("/reason", code);
        }
        assert_eq!(app.snapshot().await, before);

        let key = fresh_key();
        let deny = || app.post(&path, why()).by(&trade.seller).key(&key);
        let case = deny().await;
        assert_eq!((case.status, &case.json()["outcome"], &case.json()["version"]), (201, &Value::Null, &json!(1)), "{}", case.text());
        let case = case.ok();
        assert_eq!(deny().await.header("idempotency-replayed"), "true");
        app.post(&path, why()).by(&trade.seller).await.refused(409, "denied_before");
        let officer = app.login("demo-weining").await;
        assert_eq!((told(app, &officer, "sale.denied").await, told(app, &trade.seller, "sale.denied").await), (1, 0));
        // The line is flagged and counts as before.
        let ledger = format!("/ledger?school_id={}&from=2026-03-01&to=2026-03-31", trade.school_id);
        let shown = app.get(&ledger).by(&officer).await.ok();
        assert_eq!((&shown["items"][0]["denial"]["denial_id"], &shown["items"][1]["denial"]), (&case["id"], &Value::Null));
        let figures = async || app.get(&format!("/shares/schools/{}?from=2026-03-01&to=2026-03-31", trade.school_id)).by(&trade.buyer).await.ok()["figures"].clone();
        let counted = figures().await;

        let open = app.get("/sale-denials?open=true").by(&officer).await.ok();
        assert_eq!(open["items"], json!([case]));
        assert_eq!(app.get("/sale-denials?open=false").by(&officer).await.ok()["items"], json!([]));
        let bijie = app.login("demo-bijie").await;
        assert_eq!(app.get("/sale-denials").by(&bijie).await.ok()["items"], json!([]));
        let uphold = format!("/sale-denials/{}/uphold", id(&case));
        app.post(&uphold, found()).by(&bijie).await.refused(404, "not_found");
        app.post(&uphold, found()).by(&trade.seller).await.refused(403, "forbidden");
        app.post(&uphold, json!({"finding": ""})).by(&officer).await.points_at("/finding", "required");
        app.post(&uphold, found()).by(&officer).header("if-match", "\"4\"").await.refused(412, "stale_version");
        let decided = app.post(&uphold, found()).by(&officer).header("if-match", "\"1\"").await.ok();
        assert_eq!((&decided["outcome"], &decided["finding"], &decided["version"]), (&json!("upheld"), &found()["finding"], &json!(2)));
        app.post(&uphold, found()).by(&officer).await.refused(409, "denial_decided");
        app.post(&format!("/sale-denials/{}/reject", id(&case)), found()).by(&officer).await.refused(409, "denial_decided");

        let now = figures().await;
        assert_eq!((&now["lines"], &now["headline"]["amount"]["denominator"]), (&counted["lines"], &counted["headline"]["amount"]["denominator"]));
        assert_ne!(now["headline"]["amount"]["numerator"], counted["headline"]["amount"]["numerator"]);
        assert_eq!(app.number("select count(*) from purchase_line where corrects_line_id is not null").await, 2);
        assert_eq!(share::verify(&app.ctx).await.expect("reads").differences, Vec::new());
        assert_eq!((told(app, &trade.seller, "sale.decided").await, told(app, &trade.buyer, "ledger.corrected").await), (1, 1));
        app.post(&path, why()).by(&trade.seller).await.refused(409, "line_corrected");
        assert_eq!(sales(app, &trade.seller, &seller).await[0]["denial"]["outcome"], "upheld");
        let told = app.texts("select action from audit_entry where resource = 'sale_denial' and outcome = 'done' order by action").await;
        assert_eq!(told, ["sale.deny", "sale.uphold"]);
    }

    async fn what_is_rejected_stays_as_it_is(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let seller = app.supplier("weining-potato-coop").await.id.to_string();
        trade.bought(&[("potato", "20", "jin")]).await;
        let line = sales(app, &trade.seller, &seller).await.remove(0);
        let path = format!("/ledger/{}/denial", id(&line));
        let case = app.post(&path, why()).by(&trade.seller).await.ok();
        let officer = app.login("demo-weining").await;
        let rejected = app.post(&format!("/sale-denials/{}/reject", id(&case)), found()).by(&officer).await.ok();
        assert_eq!(rejected["outcome"], "rejected");
        assert_eq!(app.number("select count(*) from purchase_line where corrects_line_id is not null").await, 0);
        app.post(&path, why()).by(&trade.seller).await.refused(409, "denied_before");
        let own = app.get(&format!("/sale-denials/{}", id(&case))).by(&trade.seller).await.ok();
        assert_eq!(own["finding"], found()["finding"]);
    }

    async fn a_household_denies_what_names_it_as_producer(app: &App) {
        let trade = Trade::between(app, "yunong", "hh-weining-01").await;
        let sent = trade.under_way(&[("potato", "20", "jin")]).await;
        trade.receive(&sent, accepted).await.ok();
        // A school names the household's handbook in what it says it bought elsewhere.
        let line = json!({"product_code": "potato", "quantity": "10", "unit": "jin", "amount": "20.00", "origin_division_code": "520526", "producer_household_code": "h-520526-01"});
        let body = json!({"canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "集市", "lines": [line]});
        app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
        let household = app.supplier("hh-weining-01").await.id.to_string();
        let agent = app.login("demo-agent").await;
        let named = sales(app, &agent, &household).await;
        assert_eq!((named.len(), &named[0]["named_as"], &named[0]["channel"]), (2, &json!("producer"), &json!("declared")));
        let case = app.post(&format!("/ledger/{}/denial", id(&named[0])), why()).by(&agent).await.ok();
        assert_eq!(case["supplier_id"], json!(household));
        assert_eq!(app.number("select count(*) from sale_denial where consent_id is not null").await, 1, "on the household's consent");
        let officer = app.login("demo-weining").await;
        app.post(&format!("/sale-denials/{}/uphold", id(&case)), found()).by(&officer).await.ok();
        assert_eq!(share::verify(&app.ctx).await.expect("reads").differences, Vec::new());

        // For a household that does not sell itself its county speaks, and somebody else decides.
        let denied = app.post(&format!("/ledger/{}/denial", id(&named[1])), why()).by(&officer).await.ok();
        assert_ne!(denied["household_id"], Value::Null);
        app.post(&format!("/sale-denials/{}/reject", id(&denied)), found()).by(&officer).await.refused(403, "own_work");
        app.member("second-officer", Role::AuthorityOfficer, At::Unit("520526")).await;
        let second = app.login("second-officer").await;
        app.post(&format!("/sale-denials/{}/reject", id(&denied)), found()).by(&second).await.ok();
        let bijie = app.login("demo-bijie").await;
        app.post(&format!("/ledger/{}/denial", id(&named[1])), why()).by(&bijie).await.refused(404, "not_found");
    }
}
