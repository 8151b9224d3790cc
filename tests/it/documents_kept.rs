//! Documents are kept as long as the law asks, and not longer; content goes when nobody has it any more.

use crate::support::{
    app::{App, on_both},
    papers::photo,
    trade::{Trade, id},
};
use serde_json::{Value, json};
use xiaonong::{documents, jobs};

const DAY: i64 = 24 * 3600 * 1000;

async fn holds(app: &App, view: &Value) -> bool {
    app.ctx.files.holds(view["sha256"].as_str().expect("a hash")).await.expect("answers")
}

on_both! {
    async fn a_proof_is_not_deleted_before_its_day(app: &App) {
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        ours.bought(&[("potato", "20", "jin")]).await;
        let receipt = app.ids_of("receipt").await[0].clone();
        let proof = app.proven(&ours.buyer, "receipt", "receipt", &receipt).await;
        let path = format!("/documents/{proof}");
        let delete = |token: &str| app.call("DELETE", &format!("/api/v1{path}")).by(token);
        let before = app.snapshot().await;
        for token in [&ours.buyer, &ours.seller] {
            let told = delete(token).english().await.refused(409, "document_kept");
            assert_eq!(told["detail"], "This document must be kept until 2028-03-02.");
        }
        assert_eq!(app.snapshot().await, before);
        // What has no end is kept without a date.
        let school = app.proven(&ours.buyer, "other", "school", &ours.school_id).await;
        let open = app.call("DELETE", &format!("/api/v1/documents/{school}")).by(&ours.buyer).await;
        open.refused(409, "document_kept");

        app.wait_millis(731 * DAY);
        let buyer = app.login("yunong").await;
        delete(&buyer).await.refused(409, "document_kept");
        assert_eq!(documents::clear(&app.ctx).await.expect("clears"), 0, "the last day is a day to keep it");
        app.wait_millis(DAY);
        assert_eq!(documents::clear(&app.ctx).await.expect("clears"), 1);
        app.get(&path).by(&app.login("yunong").await).await.refused(404, "not_found");
        let told = app.texts("select detail from audit_entry where action = 'document.clear'").await;
        assert!(told.len() == 1 && told[0].contains(&proof), "{told:?}");
        assert_eq!(app.number("select count(*) from document").await, 1, "the school's is kept");
    }

    async fn the_owner_deletes_a_proof_after_its_day(app: &App) {
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        ours.bought(&[("potato", "20", "jin")]).await;
        let receipt = app.ids_of("receipt").await[0].clone();
        let proof = app.proven(&ours.buyer, "receipt", "receipt", &receipt).await;
        app.wait_millis(732 * DAY);
        let stranger = app.login("guiyang-distribution").await;
        app.call("DELETE", &format!("/api/v1/documents/{proof}")).by(&stranger).await.refused(404, "not_found");
        let gone = app.call("DELETE", &format!("/api/v1/documents/{proof}")).by(&app.login("yunong").await).await;
        assert_eq!(gone.status, 204);
        assert_eq!(app.number("select count(*) from document_link").await, 0);
    }

    async fn what_proves_nothing_goes_after_a_day_and_its_content_after_another(app: &App) {
        let seller = app.login("weining-potato-coop").await;
        let content = photo("unfinished");
        let view = app.upload("photo", "image/jpeg", &content).by(&seller).await.ok();
        let mine = app.upload("photo", "image/jpeg", &photo("deleted")).by(&seller).await.ok();
        let gone = app.call("DELETE", &format!("/api/v1/documents/{}", id(&mine))).by(&seller).await;
        assert_eq!((gone.status, holds(app, &mine).await), (204, true));
        app.wait_millis(DAY);
        jobs::purge(&app.ctx).await.expect("clears");
        assert_eq!(app.number("select count(*) from document").await, 1, "not older than a day yet");
        app.wait_millis(1);
        jobs::purge(&app.ctx).await.expect("clears");
        assert_eq!(app.number("select count(*) from document").await, 0);
        assert!(holds(app, &view).await && !holds(app, &mine).await);

        // Brought again in time, the content stays.
        let seller = app.login("weining-potato-coop").await;
        let again = app.upload("photo", "image/jpeg", &content).by(&seller).await.ok();
        let supplier = app.supplier("weining-potato-coop").await.id;
        let links = format!("/documents/{}/links", id(&again));
        app.post(&links, json!({"subject": "supplier", "subject_id": supplier})).by(&seller).await.ok();
        app.wait_millis(3 * DAY);
        jobs::purge(&app.ctx).await.expect("clears");
        assert!(holds(app, &view).await);
        assert_eq!(app.number("select count(*) from document_content").await, 1);
    }

    async fn lost_content_is_put_again_by_the_next_upload(app: &App) {
        let (seller, buyer) = (app.login("weining-potato-coop").await, app.login("yunong").await);
        let content = photo("the same");
        let view = app.upload("photo", "image/jpeg", &content).by(&seller).await.ok();
        app.ctx.files.remove(view["sha256"].as_str().expect("a hash")).await.expect("removed");
        app.get(&format!("/documents/{}/content", id(&view))).by(&seller).await.refused(500, "internal");
        app.upload("photo", "image/jpeg", &content).by(&buyer).await.ok();
        app.get(&format!("/documents/{}/content", id(&view))).by(&seller).await.ok();
    }

    async fn one_account_leaves_only_so_much_lying_about(app: &App) {
        let seller = app.login("weining-potato-coop").await;
        for number in 0..200 {
            app.upload("photo", "image/jpeg", &photo(&number.to_string())).by(&seller).await.ok();
        }
        let before = app.snapshot().await;
        let more = photo("more");
        app.upload("photo", "image/jpeg", &more).by(&seller).await.refused(409, "too_many_waiting");
        assert_eq!(app.snapshot().await, before);
        let hash = xiaonong::http::hex(ring::digest::digest(&ring::digest::SHA256, &more).as_ref());
        assert!(!app.ctx.files.holds(&hash).await.expect("looks"), "what is refused is not kept");
        app.upload("photo", "image/jpeg", &photo("7")).by(&seller).await.ok();
    }
}
