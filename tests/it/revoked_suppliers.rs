//! A revocation shows what it touches, and corrects it by new lines only; every figure holds at every moment (H4, S3).

use crate::{
    support::{
        app::{App, on_both},
        people::At,
        trade::{Trade, accepted, fresh_key},
    },
    verification::step,
};
use entity::{membership::Role, purchase_line};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use xiaonong::{
    jobs,
    ledger::{correct_batch, correct_revoked},
    share,
};

async fn lines(app: &App) -> Vec<purchase_line::Model> {
    let all = purchase_line::Entity::find().order_by_asc(purchase_line::Column::Id);
    all.all(app.ctx.store.primary()).await.expect("reads")
}

async fn holds(app: &App) {
    let verified = share::verify(&app.ctx).await.expect("reads");
    assert_eq!(verified.differences, Vec::new());
}

async fn share_of(app: &App, trade: &Trade<'_>) -> Value {
    let path = format!("/shares/schools/{}?from=2026-03-01&to=2026-03-31", trade.school_id);
    app.get(&path).by(&trade.buyer).await.ok()["figures"].clone()
}

/// Class of the line declared of a day.
async fn class_of(app: &App, day: &str) -> i32 {
    let all = lines(app).await;
    let line = all.iter().find(|line| line.declared_purchase_id.is_some() && line.purchased_on.to_string() == day);
    line.expect("a line").class
}

async fn manager(app: &App) -> String {
    app.member("county-manager", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("county-manager").await
}

on_both! {
    async fn a_revocation_is_previewed_confirmed_and_corrected(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let seller = app.supplier("weining-potato-coop").await.id;
        for _ in 0..3 {
            trade.bought(&[("potato", "20", "jin")]).await;
        }
        let under_way = trade.under_way(&[("potato", "20", "jin")]).await;
        let other = Trade::between(app, "yunong", "hh-weining-01").await;
        other.bought(&[("potato", "20", "jin")]).await;
        let sold = lines(app).await;
        let before = share_of(app, &trade).await;
        let manager = manager(app).await;
        let (preview, revoke) = (format!("/suppliers/{seller}/revocation-preview"), format!("/suppliers/{seller}/revocation"));

        let stored = app.snapshot().await;
        app.post(&preview, json!({"effective_from": "2026-03-03"})).by(&manager).await.points_at("/effective_from", "date_in_future");
        app.post(&preview, json!({"effective_from": "1999-01-01"})).by(&manager).await.points_at("/effective_from", "date_out_of_range");
        for who in ["demo-weining", "weining-potato-coop", "yunong", "demo-admin"] {
            let token = app.login(who).await;
            app.post(&preview, json!({"effective_from": "2026-03-01"})).by(&token).await.refused(403, "forbidden");
        }
        let bijie = app.login("demo-bijie-manager").await;
        app.post(&preview, json!({"effective_from": "2026-03-01"})).by(&bijie).await.refused(404, "not_found");
        let none = app.post(&preview, json!({"effective_from": "2026-03-02"})).by(&manager).await.ok();
        let seen = app.post(&preview, json!({"effective_from": "2026-03-01"})).by(&manager).await.ok();
        assert_eq!((&seen["lines"], &seen["schools"], &none["lines"]), (&json!(3), &json!(1), &json!(3)));
        let school = &seen["items"][0];
        assert_eq!((&school["school_id"], &school["lines"]), (&json!(trade.school_id), &json!(3)));
        assert_eq!(school["before"]["amount"], before["headline"]["amount"]);
        assert_eq!(app.snapshot().await, stored, "a preview stores nothing");

        let body = |fingerprint: &Value| json!({"effective_from": "2026-03-01", "reason": "经查系外购冒充自产", "fingerprint": fingerprint});
        app.post(&revoke, body(&json!("x"))).by(&manager).await.refused(409, "preview_outdated");
        app.post(&revoke, body(&none["fingerprint"])).by(&manager).await.refused(409, "preview_outdated");
        let mut unsaid = body(&seen["fingerprint"]);
        unsaid["reason"] = "".into();
        app.post(&revoke, unsaid).by(&manager).await.points_at("/reason", "required");
        assert_eq!(app.snapshot().await, stored);
        // One more line since the preview.
        trade.bought(&[("potato", "20", "jin")]).await;
        app.post(&revoke, body(&seen["fingerprint"])).by(&manager).await.refused(409, "preview_outdated");
        let seen = app.post(&preview, json!({"effective_from": "2026-03-01"})).by(&manager).await.ok();
        let after = seen["items"][0]["after"]["amount"].clone();
        let key = fresh_key();
        let confirm = || app.post(&revoke, body(&seen["fingerprint"])).by(&manager).key(&key);
        let revoked = confirm().await;
        assert_eq!((revoked.status, &revoked.json()["lines"], &revoked.json()["finished_at"]), (202, &json!(4), &Value::Null), "{}", revoked.text());
        assert_eq!(confirm().await.header("idempotency-replayed"), "true");
        app.post(&revoke, body(&seen["fingerprint"])).by(&manager).await.refused(409, "nothing_to_revoke");
        holds(app).await;

        // What was under way arrives, and counts for nothing.
        let earlier = lines(app).await;
        trade.receive(&under_way, accepted).await.ok();
        let now = lines(app).await;
        let late = now.iter().find(|line| !earlier.contains(line)).expect("a line");
        assert_eq!((late.class, late.evidence.clone()), (0, None));

        // Line by line, every figure holds; what was cut short is taken up.
        assert_eq!(correct_batch(&app.ctx, 1).await.expect("corrects"), Some(1));
        holds(app).await;
        let path = format!("/suppliers/{seller}/revocations");
        assert_eq!(app.get(&path).by(&manager).await.ok()["items"][0]["corrected"], 1);
        let replica = app.second_replica().await;
        assert_eq!(correct_revoked(&replica.ctx).await.expect("corrects"), 3);
        assert_eq!(correct_revoked(&app.ctx).await.expect("corrects"), 0);
        replica.ctx.store.close().await;
        holds(app).await;
        let done = app.get(&path).by(&manager).await.ok();
        assert_eq!((&done["items"][0]["corrected"], &done["items"][0]["lines"]), (&json!(4), &json!(4)));
        assert_ne!(done["items"][0]["finished_at"], Value::Null);

        let all = lines(app).await;
        assert_eq!(all.len(), now.len() + 8, "a pair for each of four");
        assert!(now.iter().all(|line| all.contains(line)), "no line was changed");
        for line in now.iter().filter(|line| line.supplier_id == Some(seller) && line.class != 0) {
            let pair: Vec<_> = all.iter().filter(|one| one.corrects_line_id == Some(line.id)).collect();
            let back = pair.iter().find(|one| one.amount_fen.0 < 0).expect("taken back");
            let instead = pair.iter().find(|one| one.amount_fen.0 > 0).expect("replaced");
            assert_eq!((pair.len(), back.class, back.amount_fen.0, back.purchased_on), (2, line.class, -line.amount_fen.0, line.purchased_on));
            assert_eq!((instead.class, instead.amount_fen, instead.weight_gram), (0, line.amount_fen, line.weight_gram));
            assert_eq!((&instead.origin_division_code, &instead.producer_household_id, &instead.evidence), (&None, &None, &None));
        }
        let others = all.iter().filter(|line| line.supplier_id != Some(seller)).count();
        assert_eq!(others, sold.iter().filter(|line| line.supplier_id != Some(seller)).count());

        // The share is what the preview said, but for what arrived since; as many lines as purchases.
        let figures = share_of(app, &trade).await;
        assert_eq!(figures["headline"]["amount"]["numerator"], after["numerator"]);
        assert_eq!(figures["lines"], 6);
        let month = app.get(&format!("/shares/schools/{}?from=2026-03-02&to=2026-03-02", trade.school_id)).by(&trade.buyer).await.ok();
        assert_eq!((&month["figures"]["lines"], &month["figures"]["headline"]["amount"]), (&figures["lines"], &figures["headline"]["amount"]));

        while jobs::run_once(&app.ctx).await.expect("the jobs run") > 0 {}
        let told = app.get("/notifications?limit=200").by(&trade.buyer).await.ok();
        let told = told["items"].as_array().expect("items").iter().filter(|item| item["topic"] == "ledger.corrected").count();
        assert_eq!(told, 1);
        let told = app.get("/notifications?limit=200").by(&trade.seller).await.ok();
        assert!(told["items"].as_array().expect("items").iter().any(|item| item["topic"] == "verification.revoked"));
        let basket = other.basket(&[("potato", "1", "jin")]).await;
        app.post("/orders", basket).by(&trade.buyer).key(&fresh_key()).await.ok();
        let refused = app.post("/orders", trade.basket(&[("potato", "1", "jin")]).await).by(&trade.buyer).key(&fresh_key()).await;
        refused.points_at("/lines/0/listing_id", "supplier_not_approved");
        app.try_execute("update purchase_line set class = 0").await.expect_err("append-only");
    }

    async fn only_what_was_sold_from_the_day_on_is_touched(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let seller = app.supplier("weining-potato-coop").await.id;
        trade.bought(&[("potato", "20", "jin")]).await;
        app.wait_millis(24 * 3600 * 1000);
        let manager = manager(app).await;
        let preview = format!("/suppliers/{seller}/revocation-preview");
        let seen = app.post(&preview, json!({"effective_from": "2026-03-03"})).by(&manager).await.ok();
        assert_eq!((&seen["lines"], &seen["items"], &seen["first_on"]), (&json!(0), &json!([]), &Value::Null));
        let body = json!({"effective_from": "2026-03-03", "reason": "食品安全事故", "fingerprint": seen["fingerprint"]});
        app.post(&format!("/suppliers/{seller}/revocation"), body).by(&manager).await.ok();
        let before = lines(app).await;
        assert_eq!(correct_revoked(&app.ctx).await.expect("corrects"), 0);
        assert_eq!(lines(app).await, before);

        // Declared of a day before it counts, of a day after it does not.
        let buyer = app.login("yunong").await;
        let declare = async |day: &str| {
            let paper = json!({"kind": "commitment_certificate", "number": "C-1", "issued_on": "2026-03-01", "issuer": "合作社", "origin_division_code": "520526"});
            let line = json!({"product_code": "potato", "quantity": "10", "unit": "jin", "amount": "20.00", "origin_division_code": "520526", "documents": [paper]});
            let body = json!({"canteen_id": trade.canteen_id, "purchased_on": day, "seller_name": "合作社", "supplier_id": seller, "lines": [line]});
            app.post("/declared-purchases", body).by(&buyer).key(&fresh_key()).await.ok();
            class_of(app, day).await
        };
        assert_ne!(declare("2026-03-02").await, 0);
        assert_eq!(declare("2026-03-03").await, 0);
        holds(app).await;

        // Let in anew, it counts again from that day.
        let owner = app.login("weining-potato-coop").await;
        let applied = app.post(&format!("/suppliers/{seller}/applications"), json!({})).by(&owner).await.ok();
        let officer = app.login("demo-weining").await;
        for (name, by) in [("recommend", &officer), ("review", &manager), ("publish", &manager)] {
            step(app, &applied, name, &json!({}), by).await.ok();
        }
        app.wait_millis(7 * 24 * 3600 * 1000);
        let manager = app.login("county-manager").await;
        step(app, &applied, "approve", &json!({}), &manager).await.ok();
        let buyer = app.login("yunong").await;
        let body = json!({"canteen_id": trade.canteen_id, "purchased_on": "2026-03-10", "seller_name": "合作社", "supplier_id": seller, "lines": [
            {"product_code": "potato", "quantity": "10", "unit": "jin", "amount": "20.00", "origin_division_code": "520526", "documents": [
                {"kind": "commitment_certificate", "number": "C-1", "issued_on": "2026-03-01", "issuer": "合作社", "origin_division_code": "520526"}]}]});
        app.post("/declared-purchases", body).by(&buyer).key(&fresh_key()).await.ok();
        assert_ne!(class_of(app, "2026-03-10").await, 0);
        let ended = app.get(&format!("/suppliers/{seller}/revocations")).by(&manager).await.ok();
        assert_eq!(ended["items"][0]["ended_on"], "2026-03-10");
    }

    async fn what_others_sold_in_a_revoked_households_name_loses_the_name_and_keeps_its_origin(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let (seller, household) = (app.supplier("weining-potato-coop").await.id, app.supplier("hh-weining-01").await);
        let paper = json!({"kind": "commitment_certificate", "number": "C-1", "issued_on": "2026-03-01", "issuer": "合作社", "origin_division_code": "520526"});
        let declare = async || {
            let line = json!({"product_code": "potato", "quantity": "10", "unit": "jin", "amount": "20.00", "origin_division_code": "520526",
                "producer_household_code": "h-520526-01", "documents": [paper]});
            let body = json!({"canteen_id": trade.canteen_id, "purchased_on": "2026-03-02", "seller_name": "合作社", "supplier_id": seller, "lines": [line]});
            let declared = app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
            // Lines of one moment have their ids in any order.
            let own = |line: &purchase_line::Model| line.declared_purchase_id.is_some_and(|id| declared["id"] == json!(id));
            lines(app).await.into_iter().find(own).expect("a line")
        };
        let named = declare().await;
        assert_eq!((named.producer_household_id, named.evidence.is_some()), (household.household_id, true));
        assert!(matches!(named.class / 10 % 10, 1..=3), "{}", named.class);
        // The cooperative's own listing names it too, its other listings nobody.
        trade.bought(&[("potato", "20", "jin"), ("cabbage", "20", "jin")]).await;

        let manager = manager(app).await;
        let day = "2026-03-01";
        let preview = app.post(&format!("/suppliers/{}/revocation-preview", household.id), json!({"effective_from": day})).by(&manager).await.ok();
        assert_eq!((&preview["lines"], &preview["items"][0]["lines"]), (&json!(2), &json!(2)));
        let body = json!({"effective_from": day, "reason": "出借名义供他人销售", "fingerprint": preview["fingerprint"]});
        app.post(&format!("/suppliers/{}/revocation", household.id), body).by(&manager).await.ok();
        assert_eq!(correct_revoked(&app.ctx).await.expect("corrects"), 2);
        assert_eq!(correct_revoked(&app.ctx).await.expect("corrects"), 0);
        holds(app).await;

        let all = lines(app).await;
        let pair: Vec<_> = all.iter().filter(|one| one.corrects_line_id == Some(named.id)).collect();
        let instead = pair.iter().find(|one| one.amount_fen.0 > 0).expect("replaced");
        assert_eq!((pair.len(), instead.class), (2, named.class / 100 * 100 + 41), "the seller's links are left");
        assert_eq!((&instead.origin_division_code, &instead.evidence), (&named.origin_division_code, &named.evidence));
        assert_eq!((instead.producer_household_id, &instead.producer_status), (None, &None));
        assert_eq!(share_of(app, &trade).await["headline"]["amount"], preview["items"][0]["after"]["amount"]);

        // Nor is the name believed in what is written from now on.
        assert_eq!(declare().await.class, instead.class);
        holds(app).await;
    }

    async fn a_line_is_corrected_once(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin")]).await;
        let line = lines(app).await.remove(0);
        let pair = xiaonong::ledger::correct(&app.ctx.ids, &[line], app.ctx.clock.now());
        let write = async || {
            let txn = app.ctx.store.begin().await.expect("begins");
            let again: Vec<_> = pair.iter().map(|one| purchase_line::Model { id: app.ctx.ids.next(), ..one.clone() }).collect();
            let done = xiaonong::ledger::record(&txn, &again).await;
            if done.is_ok() { txn.commit().await.expect("commits") }
            done.is_ok()
        };
        assert!(write().await);
        assert!(!write().await, "the table's key refuses a second pair");
        holds(app).await;
        // What is taken back and not replaced is named.
        app.execute("drop index purchase_line_corrects").await;
        assert!(write().await);
        let verified = share::verify(&app.ctx).await.expect("reads");
        assert!(verified.differences.iter().any(|one| one.what.starts_with("corrected line")), "{:?}", verified.differences);
    }
}
