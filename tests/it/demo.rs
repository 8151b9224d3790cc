//! The demonstration's province loads once, files come in whole or not at all, and events reach the people concerned.

use crate::support::{
    app::{App, on_both},
    trade::{Trade, id},
};
use entity::{account, beneficiary_link, canteen, household_status, idempotency, listing, outbox, school};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::Value;
use xiaonong::{
    demo,
    http::Language,
    jobs,
    registry::{ImportError, Imported, import_schools},
};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

async fn count<E: EntityTrait>(app: &App) -> u64
where
    E::Model: Sync,
{
    E::find().count(app.ctx.store.primary()).await.expect("counts")
}

async fn counts(app: &App) -> [u64; 6] {
    [
        count::<school::Entity>(app).await,
        count::<canteen::Entity>(app).await,
        count::<household_status::Entity>(app).await,
        count::<beneficiary_link::Entity>(app).await,
        count::<listing::Entity>(app).await,
        count::<account::Entity>(app).await,
    ]
}

async fn topics(app: &App, token: &str, filter: &str) -> Vec<String> {
    let page: Value = app.get(&format!("/notifications?{filter}")).by(token).await.ok();
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| item["topic"].as_str().expect("a topic").to_owned()).collect()
}

on_both! {
    async fn what_people_made_of_the_province_is_no_hindrance_to_loading_it_again(app: &App) {
        demo::load_province(&app.ctx).await.expect("loads");
        app.execute("update beneficiary_link set to_on = '2026-03-01' where to_on is null").await;
        app.execute("update school set name = '雨农新校' where code = 'demo-yunong'").await;
        let before = app.snapshot().await;
        demo::load_province(&app.ctx).await.expect("loads again");
        assert_eq!(app.snapshot().await, before);
    }

    async fn loading_the_province_again_changes_nothing(app: &App) {
        let before = counts(app).await;
        let province = demo::load_province(&app.ctx).await.expect("loads");
        assert_eq!(counts(app).await, before);
        assert_eq!(province.schools.iter().filter(|school| school.buys()).count(), 26);
        let school = province.school("gz-520115-001").expect("is there");
        assert_eq!(school.diners, 1_680 + 180, "it also feeds the kindergarten next door (S12)");
        assert_eq!(province.listings("kaili-distribution", "pork_foreleg").count(), 2);
        assert!(province.offers.iter().all(|offer| (offer.low..=offer.high).contains(&offer.price_on(demo::span().0))));
    }

    async fn a_file_comes_in_whole_or_not_at_all(app: &App) {
        let header = "code,name,stage,division_code,reporting_unit_code,rural,nutrition_program,diners,canteen_kind,\
                      run_by_code\n";
        let good = "new-1,新村小学,primary,520526109,520526,yes,yes,80,own,\n";
        let bad = "new-2,新寨小学,primary,520526109,520526,yes,yes,many,shared,nowhere\n";
        let before = counts(app).await;
        let refused = import_schools(&app.ctx, &format!("{header}{good}{bad}"), false).await;
        let Err(ImportError::Refused(refused)) = refused else { panic!("{refused:?}") };
        let places: Vec<_> = refused.iter().map(|it| (it.line, it.column)).collect();
        assert_eq!(places, [(3, "diners"), (3, "run_by_code")]);
        assert!(refused[1].reason.in_language(Language::Chinese).contains("nowhere"));
        let only_good = format!("{header}{good}");
        let dry = import_schools(&app.ctx, &only_good, true).await.expect("is fine");
        assert_eq!((dry, counts(app).await), (Imported { rows: 1, written: 2 }, before));
        assert_eq!(import_schools(&app.ctx, &only_good, false).await.expect("comes in").written, 2);
        assert_eq!(import_schools(&app.ctx, &only_good, false).await.expect("is there").written, 0);
    }

    async fn events_reach_the_people_concerned_once(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        trade.send(&trade.confirm(&order).await).await;
        assert_eq!(jobs::run_once(&app.ctx).await.expect("runs"), 3);
        assert_eq!(jobs::run_once(&app.ctx).await.expect("runs"), 0);
        assert_eq!(topics(app, &trade.seller, "").await, ["order.placed"]);
        let mut told = topics(app, &trade.buyer, "").await;
        told.sort();
        assert_eq!(told, ["consignment.sent", "order.confirmed"]);
        let inspector = app.login("yunong-3").await;
        assert_eq!(topics(app, &inspector, "").await, ["consignment.sent"], "inspectors do not order");

        // Passed on a second time, as after a crash, the events write nothing new.
        let txn = app.ctx.store.begin().await.expect("begins");
        txn.execute_unprepared("update outbox set delivered_at = null").await.expect("updates");
        txn.commit().await.expect("commits");
        assert_eq!(jobs::run_once(&app.ctx).await.expect("runs"), 3);
        assert_eq!(topics(app, &inspector, "").await.len(), 1);

        let page: Value = app.get("/notifications").by(&inspector).await.ok();
        let path = format!("/notifications/{}/read", id(&page["items"][0]));
        let read: Value = app.post(&path, serde_json::json!({})).by(&inspector).await.ok();
        assert!(read["read_at"].is_string());
        assert!(topics(app, &inspector, "unread=true").await.is_empty());
        app.post(&path, serde_json::json!({})).by(&trade.seller).await.refused(404, "not_found");
    }

    async fn what_served_its_time_is_cleared_after_thirty_days(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.order(&[("potato", "20", "jin")]).await;
        jobs::run_once(&app.ctx).await.expect("runs");
        app.wait_millis(DAY_MILLIS);
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.order(&[("radish", "20", "jin")]).await;
        app.wait_millis(29 * DAY_MILLIS + 1);
        assert_eq!(jobs::purge(&app.ctx).await.expect("purges"), 2, "the first key and the first event");
        assert_eq!(count::<idempotency::Entity>(app).await, 1);
        let waiting = outbox::Entity::find().filter(outbox::COLUMN.delivered_at.is_null());
        assert_eq!(waiting.count(app.ctx.store.primary()).await.expect("counts"), 1, "what waits is never cleared");
    }
}
