//! The second inspector of a receipt is told that they are named, and may say that they were not there (F3).

use crate::support::{
    app::on_both,
    trade::{Trade, accepted, fresh_key, id},
};
use serde_json::{Value, json};
use xiaonong::jobs;

on_both! {
    async fn who_is_named_is_told_and_may_deny(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let receipt = trade.bought(&[("potato", "20", "jin")]).await;
        let quiet = trade.bought(&[("potato", "20", "jin")]).await;
        while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        let second = app.login("yunong-2").await;
        let told = |who: String| async move {
            let page = app.get("/notifications?limit=200").by(&who).await.ok();
            let items = page["items"].as_array().expect("items").clone();
            items.iter().filter(|item| item["topic"] == "receipt.named").map(|item| item["subject_id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(told(second.clone()).await, [quiet["id"].clone(), receipt["id"].clone()]);
        assert_eq!(told(trade.buyer.clone()).await, Vec::<Value>::new(), "who recorded it knows");
        assert_eq!(told(trade.seller.clone()).await, Vec::<Value>::new());

        let path = format!("/receipts/{}/deny", id(&receipt));
        let reason = json!({"reason": "当日未在校"});
        let figures = "select cast(sum(amount_fen) as bigint) from school_month_total";
        let (before, sum) = (app.snapshot().await, app.number(figures).await);
        let third = app.login("yunong-3").await;
        app.post(&path, reason.clone()).by(&third).await.refused(403, "not_named");
        app.post(&path, reason.clone()).by(&trade.buyer).await.refused(409, "recorded_by_you");
        app.post(&path, reason.clone()).by(&app.login("yunong-principal").await).await.refused(403, "forbidden");
        app.post(&path, reason.clone()).by(&app.login("gz-520102-001").await).await.refused(404, "not_found");
        for (wrong, code) in [("", "required"), ("打电话 199.1234.5678", "number_in_text")] {
            app.post(&path, json!({"reason": wrong})).by(&second).await.points_at("/reason", code);
        }
        assert_eq!(app.snapshot().await, before);

        let key = fresh_key();
        let deny = || app.post(&path, reason.clone()).by(&second).key(&key);
        let flagged = deny().await.ok();
        assert_eq!((&flagged["id"], &flagged["flagged"]), (&receipt["id"], &json!(true)));
        let again = deny().await;
        assert_eq!((again.ok(), again.header("idempotency-replayed")), (flagged.clone(), "true"));
        app.post(&path, reason).by(&second).await.refused(409, "denied_before");
        assert_eq!(app.number(figures).await, sum, "the figures stand");

        // The school and its authorities see who said what; the supplier that it is flagged; others nothing.
        for who in ["demo-weining", "demo-province", "demo-auditor", "yunong-principal", "yunong"] {
            let token = app.login(who).await;
            let page = app.get("/receipts?flagged=true").by(&token).await.ok();
            assert_eq!(page["items"], json!([flagged]), "{who}");
            let rest = app.get(&format!("/receipts?flagged=false&school_id={}", trade.school_id)).by(&token).await.ok();
            assert_eq!(rest["items"].as_array().map(Vec::len), Some(1), "{who}");
            assert_eq!((&rest["items"][0]["id"], &rest["items"][0]["flagged"]), (&quiet["id"], &json!(false)), "{who}");
        }
        let named = flagged["inspectors"].as_array().expect("inspectors");
        let says = |username: &str| named.iter().find(|one| one["username"] == username).expect("named").clone();
        assert_eq!((&says("yunong")["recorded"], &says("yunong")["denied_at"]), (&json!(true), &Value::Null));
        assert_eq!((&says("yunong-2")["recorded"], &says("yunong-2")["reason"]), (&json!(false), &json!("当日未在校")));
        let page = app.get("/receipts?flagged=true").by(&trade.seller).await.ok();
        assert_eq!((&page["items"][0]["flagged"], &page["items"][0]["inspectors"]), (&json!(true), &json!([])));
        for who in ["gz-520102-001", "demo-bijie", "guiyang-distribution"] {
            let page = app.get("/receipts").by(&app.login(who).await).await.ok();
            assert_eq!(page["items"], json!([]), "{who}");
        }
        let principal = app.login("yunong-principal").await;
        let trail = app.get("/audit?action=receipt.deny").by(&principal).await.ok();
        assert_eq!(trail["items"].as_array().map(Vec::len), Some(1), "{trail}");
        // Pages follow one another.
        let first = app.get("/receipts?limit=1").by(&trade.buyer).await.ok();
        assert_eq!(first["items"][0]["id"], quiet["id"]);
        let next = format!("/receipts?limit=1&cursor={}", first["next_cursor"].as_str().expect("more"));
        assert_eq!(app.get(&next).by(&trade.buyer).await.ok()["items"][0]["id"], receipt["id"]);
    }

    async fn a_receipt_sent_again_names_nobody_twice(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let sent = trade.under_way(&[("potato", "20", "jin")]).await;
        let receipt = trade.receive(&sent, accepted).key("once").await.ok();
        assert_eq!(trade.receive(&sent, accepted).key("once").await.ok(), receipt);
        while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        assert_eq!(app.number("select count(*) from notification where topic = 'receipt.named'").await, 1);
    }
}
