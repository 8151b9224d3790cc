//! What leaves a row in the trail and who may read it: changes with before and after, refusals; the export.

use crate::support::{
    app::{App, PASSWORD, on_both},
    call::Answer,
    trade::{Trade, fresh_key, id},
};
use entity::audit_entry;
use sea_orm::{DbBackend, EntityTrait};
use serde_json::{Value, json};
use xiaonong::{
    audit::{self, Reach, machine_line},
    store::bulk,
};

const NOWHERE: &str = "01990000-0000-7000-8000-0000000000ab";

/// What `token` sees of the trail, newest first.
pub async fn trail(app: &App, token: &str, filter: &str) -> Vec<Value> {
    let page = app.get(&format!("/audit?limit=200&{filter}")).by(token).await.ok();
    page["items"].as_array().expect("items").clone()
}

/// Refusals in the database, newest last, without the log-ins'.
async fn refusals(app: &App) -> Vec<audit_entry::Model> {
    let mut all = audit_entry::Entity::find().all(app.ctx.store.primary()).await.expect("reads");
    all.retain(|row| row.outcome == audit_entry::Outcome::Refused);
    all
}

fn facts(row: &audit_entry::Model) -> Value {
    serde_json::from_str(&row.detail).expect("JSON")
}

on_both! {
    async fn every_refusal_of_a_change_leaves_a_row(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let path = |verb: &str| format!("/orders/{}/{verb}", id(&order));
        let reason = json!({"reason": "秘密理由"});
        let made_up = json!({"reason": "x", "张三13800001234": 1});
        let calls = [
            (app.post(&path("confirm"), json!({})).by(&trade.buyer), 403, "forbidden"),
            (app.post(&format!("/orders/{NOWHERE}/cancel"), reason.clone()).by(&trade.buyer), 404, "not_found"),
            (app.post(&path("cancel"), reason.clone()).by(&trade.buyer).header("if-match", "\"9\""), 412, "stale_version"),
            (app.post(&path("cancel"), json!({"reason": ""})).by(&trade.buyer), 422, "invalid"),
            (app.post(&path("cancel"), made_up).by(&trade.buyer), 422, "invalid"),
            (app.post(&path("decline"), reason.clone()).by(&trade.seller).text("text/plain", "x"), 415, "unsupported_media_type"),
            (app.post("/orders", json!({})).by(&trade.buyer), 400, "idempotency_key_required"),
        ];
        let mut seen = 0;
        for (call, status, code) in calls {
            let answer = call.await;
            answer.refused(status, code);
            let rows = refusals(app).await;
            seen += 1;
            assert_eq!(rows.len(), seen, "{code}: one row each");
            let row = rows.iter().find(|row| row.request_id == answer.header("x-request-id")).expect("its row");
            let facts = facts(row);
            assert_eq!((&facts["status"], &facts["code"]), (&json!(status), &json!(code)));
            assert!(row.account_id.is_some() && row.resource == "order");
            assert!(!row.detail.contains("秘密") && !row.detail.contains("张三") && !row.detail.contains("1380000"), "{}", row.detail);
        }
        let rows = refusals(app).await;
        let of = |action: &str| rows.iter().filter(|row| row.action == action).collect::<Vec<_>>();
        let confirm = of("POST /orders/{id}/confirm");
        assert_eq!(confirm.len(), 1);
        assert_eq!(confirm[0].resource_id, id(&order));
        assert_eq!(confirm[0].school_id.map(|id| id.to_string()), Some(trade.school_id.clone()), "the caller's place");
        let decline = of("POST /orders/{id}/decline");
        let supplier = decline[0].supplier_id.expect("the supplier's own");
        assert_eq!(decline[0].on_behalf_of, Some(format!("supplier:{supplier}")));
        let pointers: Vec<Value> = of("POST /orders/{id}/cancel").iter().map(|row| facts(row)["pointers"].clone()).collect();
        assert!(pointers.contains(&json!([{"pointer": "/reason", "code": "required"}])), "{pointers:?}");
        assert!(pointers.contains(&json!([{"pointer": "/…", "code": "unknown_field"}])), "{pointers:?}");

        // 409: taken back first, then once more.
        app.post(&path("cancel"), reason.clone()).by(&trade.buyer).await.ok();
        app.post(&path("cancel"), reason).by(&trade.buyer).await.refused(409, "order_state");
        let rows = refusals(app).await;
        assert_eq!(rows.len(), seen + 1);
        assert!(rows.iter().any(|row| facts(row)["code"] == "order_state"));
    }

    async fn what_changes_nothing_or_is_nobody_s_leaves_none(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        app.get(&format!("/orders/{NOWHERE}")).by(&trade.buyer).await.refused(404, "not_found");
        app.post("/baskets/quote", json!({})).by(&trade.buyer).await.refused(422, "invalid");
        app.post("/orders", json!({})).by("a.b.c").await.refused(401, "token_invalid");
        app.post("/orders", json!({})).await.refused(401, "token_invalid");
        app.post("/nowhere", json!({})).by(&trade.buyer).await.refused(404, "not_found");
        let basket = trade.basket(&[("potato", "1", "jin")]).await;
        let key = fresh_key();
        for replayed in ["", "true"] {
            let answer = app.post("/orders", basket.clone()).by(&trade.buyer).key(&key).await;
            assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, replayed));
        }
        assert_eq!(refusals(app).await.len(), 0);
        assert_eq!(app.number("select count(*) from audit_entry where action = 'order.place'").await, 2, "{order}");
    }

    async fn a_storm_of_refusals_loses_none(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let calls: Vec<_> = (0..300)
            .map(|_| app.post(&format!("/orders/{NOWHERE}/cancel"), json!({"reason": "x"})).by(&trade.buyer))
            .map(|call| tokio::spawn(call.into_future()))
            .collect();
        for call in calls {
            call.await.expect("no panic").refused(404, "not_found");
        }
        assert_eq!(refusals(app).await.len(), 300);
    }

    async fn changes_are_told_before_and_after(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin"), ("radish", "4", "jin")]).await;
        let less = json!({"lines": [{"line_no": 2, "quantity": "3"}]});
        app.wait_millis(1_000);
        let confirmed = app.post(&format!("/orders/{}/confirm", id(&order)), less).by(&trade.seller).await;
        confirmed.ok();
        let admin = app.login("demo-admin").await;
        let rows = trail(app, &admin, &format!("resource=order&resource_id={}", id(&order))).await;
        let actions: Vec<&str> = rows.iter().map(|row| row["action"].as_str().expect("text")).collect();
        assert_eq!(actions, ["order.confirm", "order.place"], "newest first");
        let row = &rows[0];
        assert_eq!(row["changes"]["status"], json!({"before": "placed", "after": "confirmed"}));
        assert_eq!(row["changes"]["version"], json!({"before": 1, "after": 2}));
        assert_eq!(row["changes"]["confirmed_base"], json!({"before": [null, null], "after": [10_000, 1_500]}));
        assert!(row["changes"].get("reason").is_none(), "what stayed is not told: {row}");
        assert_eq!(row["username"], "weining-potato-coop");
        assert_eq!(row["outcome"], "done");
        assert_eq!(row["school_id"], trade.school_id);
        assert_eq!(row["on_behalf_of"], format!("supplier:{}", row["supplier_id"].as_str().expect("an id")));
        assert_eq!(row["request_id"], confirmed.header("x-request-id"));
        assert_eq!(row["seal"], Value::Null);
        audit::seal(&app.ctx, Reach::Recent).await.expect("seals");
        let again = trail(app, &admin, &format!("resource=order&resource_id={}", id(&order))).await;
        assert_eq!(again[0]["seal"]["day"], "2026-03-02");

        // A new password is a change whose values nobody sees.
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        let change = json!({"current": PASSWORD, "new": "苗岭梯田里的稻花香二十里"});
        assert_eq!(app.post("/me/password", change).by(&token).await.status, 204);
        let rows = trail(app, &admin, "action=account.change_password").await;
        assert_eq!(rows[0]["changes"], json!({}), "a password leaves no trace but that it was changed");
        assert!(!rows[0].to_string().contains("苗岭"), "{}", rows[0]);

        trade.bought(&[("potato", "1", "jin")]).await;
        let rows = trail(app, &admin, "action=consignment.receive").await;
        assert_eq!(rows[0]["changes"]["consignment"], json!({"before": "sent", "after": "received"}));
        assert_eq!(rows[0]["changes"]["order"], json!({"before": "shipped", "after": "received"}));
    }

    async fn a_group_of_orders_writes_its_rows_at_once(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let far = Trade::between(app, "yunong", "guiyang-distribution").await;
        if app.ctx.store.backend() == DbBackend::Postgres {
            // Only PostgreSQL counts statements by triggers; the statements are the same on both.
            app.execute("create table counted (what text)").await;
            app.execute(
                "create function count_statement() returns trigger language plpgsql as \
                 $$ begin insert into counted values (tg_table_name || ' ' || tg_op); return null; end $$",
            )
            .await;
            for table in ["purchase_order", "order_line", "audit_entry", "audit_seal", "outbox", "idempotency", "listing"] {
                app.execute(&format!(
                    "create trigger counting after insert or update on {table} for each statement \
                     execute function count_statement()"
                ))
                .await;
            }
        }
        let mut basket = trade.basket(&[("potato", "1", "jin")]).await;
        let more = far.basket(&[("banana", "2", "jin")]).await;
        basket["lines"].as_array_mut().expect("lines").extend(more["lines"].as_array().expect("lines").clone());
        app.post("/baskets", basket).by(&trade.buyer).key(&fresh_key()).await.ok();
        assert_eq!(app.number("select count(*) from audit_entry where action = 'order.place'").await, 2, "two suppliers");
        if app.ctx.store.backend() == DbBackend::Postgres {
            let counted = app.texts("select what from counted order by what").await;
            assert_eq!(
                counted,
                [
                    "audit_entry INSERT", "idempotency INSERT", "listing UPDATE", "order_line INSERT", "outbox INSERT",
                    "purchase_order INSERT",
                ]
            );
        }
    }

    async fn a_new_account_is_told_where_it_belongs(app: &App) {
        let before = app.number("select count(*) from audit_entry where action = 'account.create'").await;
        app.wait_millis(1_000);
        app.account("li.lan").await;
        app.account("li.lan").await;
        let admin = app.login("demo-admin").await;
        let rows = trail(app, &admin, "action=account.create").await;
        assert_eq!(i64::try_from(rows.len()).expect("few"), before + 1, "the name that was there is not made again");
        assert_eq!((&rows[0]["facts"]["role"], &rows[0]["account_id"]), (&json!("administrator"), &Value::Null));
        let near = app.login("demo-weining").await;
        let seen = trail(app, &near, "action=account.create").await;
        assert!(!seen.is_empty() && seen.len() < rows.len(), "those of its own schools");
    }

    async fn each_sees_what_is_in_reach(app: &App) {
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        ours.order(&[("potato", "20", "jin")]).await;
        app.post(&format!("/orders/{NOWHERE}/cancel"), json!({"reason": "x"})).by(&ours.buyer).await.refused(404, "not_found");
        let near = app.login("demo-weining").await;
        let far = app.login("demo-bijie").await;
        let province = app.login("demo-province").await;
        let admin = app.login("demo-admin").await;
        let school = json!(ours.school_id);
        let about = async |token: &str| trail(app, token, "").await.iter().filter(|row| row["school_id"] == school).count();
        assert!(about(&near).await >= 3, "log-in, order and refusal");
        assert_eq!((about(&far).await, about(&province).await), (0, about(&near).await));
        let weining = trail(app, &near, "").await;
        assert!(weining.iter().any(|row| row["reporting_unit_code"] == "520526"), "their own log-in");
        let seller = json!(ours.listing("potato").await.supplier_id);
        assert!(weining.iter().any(|row| row["supplier_id"] == seller), "a supplier registered in the county");
        assert!(trail(app, &far, "").await.iter().all(|row| row["supplier_id"] != seller), "not another county's");
        assert!(weining.iter().filter(|row| row["action"] != "account.create").all(|row| {
                row["school_id"] == school || row["reporting_unit_code"] == "520526" || !row["supplier_id"].is_null()
            }), "{weining:?}");
        assert!(trail(app, &admin, "").await.len() > weining.len());
        for token in [&ours.buyer, &ours.seller] {
            app.get("/audit").by(token).await.refused(403, "forbidden");
            app.get("/audit/export?from=2026-03-02&to=2026-03-02").by(token).await.refused(403, "forbidden");
        }
        let refused = trail(app, &near, "outcome=refused").await;
        assert_eq!((refused.len(), &refused[0]["resource_id"]), (1, &json!(NOWHERE)));
        assert!(trail(app, &near, "from=2026-03-02&to=2026-03-02&action=order.place").await.len() == 1);
        assert!(trail(app, &near, "from=2026-03-03").await.is_empty());
        assert!(trail(app, &near, "to=2026-03-01").await.is_empty());
        for (query, code) in [
            ("from=2026-03-03&to=2026-03-02", "range_reversed"),
            ("from=0001-01-01", "date_out_of_range"),
            ("outcome=lost", "parameter_malformed"),
            ("resource_id=1", "required"),
        ] {
            app.get(&format!("/audit?{query}")).by(&near).await.refused(400, code);
        }
    }

    async fn the_export_streams_all_rows_in_reach(app: &App) {
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        let school = ours.school_id.parse().expect("an id");
        let many: Vec<audit_entry::Model> = (0..1_203)
            .map(|number| audit_entry::Model {
                school_id: Some(school),
                ..machine_line(&app.ctx, "test.write", "test", "it", json!({"number": number, "text": "a,\"b\"\n"}))
            })
            .collect();
        let txn = app.ctx.store.begin().await.expect("begins");
        bulk::insert(&txn, &many).await.expect("inserts");
        txn.commit().await.expect("commits");
        audit::seal(&app.ctx, Reach::All).await.expect("seals");
        let [near, far] = [app.login("demo-weining").await, app.login("demo-bijie").await];
        let export = async |token: &str, days: &str| -> Answer { app.get(&format!("/audit/export?{days}")).by(token).await };
        let day = "from=2026-03-02&to=2026-03-02";
        let read = |answer: &Answer| -> Vec<csv::StringRecord> {
            answer.ok();
            assert!(answer.header("content-type").starts_with("text/csv"));
            csv::Reader::from_reader(answer.bytes.as_ref()).records().map(|line| line.expect("a line")).collect()
        };
        let lines = read(&export(&near, day).await);
        let written: Vec<&csv::StringRecord> = lines.iter().filter(|line| &line[4] == "test.write").collect();
        assert_eq!(written.len(), 1_203);
        assert!(written.iter().all(|line| line.len() == 17 && line[16].len() == 64), "each with its link");
        let facts: Value = serde_json::from_str(&written[7][13]).expect("JSON");
        assert_eq!(facts["text"], "a,\"b\"\n");
        assert!(lines.is_sorted_by(|one, next| one[0] < next[0]), "oldest first, none twice");
        assert!(read(&export(&far, day).await).iter().all(|line| &line[4] != "test.write"));
        assert_eq!(read(&export(&near, "from=2026-03-03&to=2026-03-04").await).len(), 0);
        assert_eq!(trail(app, &near, "action=audit.export").await.len(), 2);
        export(&near, "from=2025-01-01&to=2026-03-04").await.refused(400, "range_too_long");
        export(&near, "from=2026-03-04&to=2026-03-03").await.refused(400, "range_reversed");
        export(&near, "from=2026-03-04").await.refused(400, "required");
    }
}
