//! Documents: brought once, seen by whoever may see what they prove, served so that nothing in them runs.

use crate::support::{
    app::on_both,
    papers::{pdf, photo},
    people::At,
    trade::{Trade, id},
};
use entity::membership::Role;
use serde_json::{Value, json};

const NOWHERE: &str = "01990000-0000-7000-8000-0000000000ab";

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().expect("items")
}

on_both! {
    async fn a_certificate_s_photo_is_seen_by_both_sides_once_it_is_linked(app: &App) {
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        ours.under_way(&[("potato", "20", "jin")]).await;
        let certificate = app.ids_of("certificate").await[0].clone();
        let content = photo("承诺达标合格证");

        let brought = app.upload("certificate", "image/jpeg", &content).by(&ours.seller).await;
        let view = brought.ok();
        assert_eq!((brought.status, view["media_type"].as_str()), (201, Some("image/jpeg")));
        assert_eq!((view["bytes"].as_u64(), &view["keep_until"]), (Some(content.len() as u64), &Value::Null));
        // The answer was lost on the way: the same file again is the same document.
        let again = app.upload("certificate", "image/jpeg", &content).by(&ours.seller).await;
        assert_eq!((again.status, again.ok()), (200, view.clone()));
        // Another account's copy is a document of its own; one file is kept.
        let theirs = app.upload("certificate", "image/jpeg", &content).by(&ours.buyer).await.ok();
        assert_ne!(id(&theirs), id(&view));
        assert_eq!(app.number("select count(*) from document_content").await, 1);

        let path = format!("/documents/{}", id(&view));
        app.get(&path).by(&ours.buyer).await.refused(404, "not_found");
        app.get(&format!("{path}/content")).by(&ours.buyer).await.refused(404, "not_found");
        assert_eq!(items(&app.get("/documents").by(&ours.seller).await.ok()).len(), 1);
        let proves = json!({"subject": "certificate", "subject_id": certificate});
        let linked = app.post(&format!("{path}/links"), proves.clone()).by(&ours.seller).await.ok();
        assert_eq!(linked["links"][0]["subject_id"], certificate);
        assert_eq!(linked["keep_until"], "2028-03-02", "two years: the batch states no shelf life");
        let twice = app.post(&format!("{path}/links"), proves).by(&ours.seller).await.ok();
        assert_eq!(linked, twice);
        assert_eq!(app.number("select count(*) from audit_entry where action = 'document.link'").await, 1);

        let officer = app.login("demo-weining").await;
        let other = app.login("guiyang-distribution").await;
        for token in [&ours.seller, &ours.buyer, &officer] {
            let shown = app.get(&format!("{path}/content")).by(token).await;
            assert_eq!((shown.status, &shown.bytes[..]), (200, &content[..]));
            let listed = app.get(&format!("/documents?subject=certificate&subject_id={certificate}")).by(token).await;
            assert_eq!(id(&items(&listed.ok())[0]), id(&view));
        }
        app.get(&format!("{path}/content")).by(&other).await.refused(404, "not_found");
        let nothing = app.get(&format!("/documents?subject=certificate&subject_id={certificate}")).by(&other).await;
        assert_eq!(items(&nothing.ok()).len(), 0);
        assert_eq!(items(&app.get("/documents").by(&ours.seller).await.ok()).len(), 0, "it waits no longer");
    }

    async fn nothing_in_a_document_runs_in_a_browser(app: &App) {
        let seller = app.login("weining-potato-coop").await;
        let script = pdf("<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>");
        let upload = app.call("POST", "/api/v1/documents?kind=licence&file_name=%E8%AF%81%22%0a.pdf");
        upload.bytes("application/pdf", &script).by(&seller).await.refused(400, "parameter_malformed");
        let upload = app.call("POST", "/api/v1/documents?kind=licence&file_name=%E8%AF%81%22;%20a%2f..%2fb.pdf");
        let view = upload.bytes("application/pdf", &script).by(&seller).await.ok();
        let path = format!("/documents/{}/content", id(&view));
        let shown = app.get(&path).by(&seller).await;
        assert_eq!(shown.bytes, script, "it is evidence: nothing is cut out of it");
        let name = format!("attachment; filename=\"{}.pdf\"; filename*=UTF-8''%E8%AF%81%22%3B%20a%2F%2E%2E%2Fb%2Epdf", id(&view));
        assert_eq!(shown.header("content-disposition"), name);
        assert_eq!(shown.header("content-security-policy"), "sandbox; default-src 'none'; frame-ancestors 'none'");
        assert_eq!(shown.header("x-content-type-options"), "nosniff");
        assert_eq!((shown.header("content-type"), shown.header("cache-control")), ("application/pdf", "private, no-cache"));
        let tag = format!("\"{}\"", view["sha256"].as_str().expect("a hash"));
        assert_eq!(shown.header("etag"), tag);
        let same = app.get(&path).by(&seller).header("if-none-match", &tag).await;
        assert_eq!((same.status, same.bytes.len()), (304, 0));
    }

    async fn content_is_what_it_says_or_it_is_refused(app: &App) {
        let seller = app.login("weining-potato-coop").await;
        let before = app.snapshot().await;
        let upload = |kind: &str, content: &[u8]| app.upload("photo", kind, content).by(&seller);
        for kind in ["image/svg+xml", "text/html", "application/zip", "image/gif", "application/octet-stream"] {
            upload(kind, &photo("x")).await.refused(415, "unsupported_media_type");
        }
        for (kind, content, code) in [
            ("image/png", photo("x"), "document_type_mismatch"),
            ("image/jpeg", pdf("x"), "document_type_mismatch"),
            ("application/pdf", b"<html><script>alert(1)</script>".to_vec(), "document_type_unknown"),
            ("image/jpeg", b"PK\x03\x04".to_vec(), "document_type_unknown"),
            ("image/jpeg", Vec::new(), "document_empty"),
        ] {
            let answer = upload(kind, &content).await;
            answer.refused(422, "invalid");
            answer.points_at("", code);
        }
        let call = |query: &str| app.call("POST", &format!("/api/v1/documents?{query}")).bytes("image/jpeg", &photo("x")).by(&seller);
        call("kind=photo").await.refused(400, "required");
        call("kind=selfie&file_name=a").await.refused(400, "parameter_malformed");
        let hidden = call("kind=photo&file_name=a%E2%80%AEgpj.exe").await;
        hidden.refused(422, "invalid");
        hidden.points_at("?file_name", "hidden_character");
        let small = app.replica(|settings| settings.document_limit = 100).await;
        small.upload("photo", "image/jpeg", &photo(&"x".repeat(100))).by(&seller).await.refused(413, "body_too_large");
        assert_eq!(app.snapshot().await, before);
        // More than other bodies may have, less than documents may.
        let large = photo(&"x".repeat(2 * 1024 * 1024));
        app.upload("photo", "image/jpeg", &large).by(&seller).await.ok();
    }

    async fn only_what_is_held_can_be_proven(app: &App) {
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        ours.bought(&[("potato", "20", "jin")]).await;
        let receipt = app.ids_of("receipt").await[0].clone();
        let stranger = app.login("guiyang-distribution").await;
        let brought = app.upload("receipt", "image/jpeg", &photo("票据")).by(&stranger).await.ok();
        let before = app.snapshot().await;
        let links = format!("/documents/{}/links", id(&brought));
        let mut told = Vec::new();
        for subject_id in [receipt.as_str(), NOWHERE] {
            let answer = app.post(&links, json!({"subject": "receipt", "subject_id": subject_id})).by(&stranger).await;
            answer.refused(422, "invalid");
            told.push(answer.points_at("/subject_id", "subject_unknown"));
        }
        assert_eq!(told[0], told[1]);
        let step = json!({"subject": "verification", "subject_id": NOWHERE});
        app.post(&links, step).by(&stranger).await.points_at("/subject_id", "subject_unknown");
        let theirs = json!({"subject": "receipt", "subject_id": receipt});
        app.post(&links, theirs).by(&ours.seller).await.refused(404, "not_found");
        assert_eq!(app.snapshot().await, before);
        let own = app.proven(&ours.buyer, "receipt", "receipt", &receipt).await;
        assert_eq!(app.get(&format!("/documents/{own}")).by(&ours.seller).await.ok()["keep_until"], "2028-03-02");
    }

    async fn personal_papers_are_seen_for_a_reason_only(app: &App) {
        app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
        let (keeper, officer) = (app.login("weining-keeper").await, app.login("demo-weining").await);
        let homes = app.get("/households?code=h-520526-01").by(&keeper).await.ok();
        let household = id(&homes["items"][0]).to_owned();
        let paper = app.proven(&officer, "identity", "household", &household).await;
        let path = format!("/documents/{paper}");
        let facts = app.get(&path).by(&keeper).await.ok();
        assert_eq!((&facts["file_name"], &facts["kind"]), (&Value::Null, &json!("identity")));
        for token in [&keeper, &officer] {
            app.get(&format!("{path}/content")).by(token).await.refused(403, "reveal_needed");
        }
        let reveal = |reason: &str, token: &str| app.post(&format!("{path}/reveal"), json!({"reason": reason})).by(token);
        reveal("核对脱贫户身份", &officer).await.refused(403, "forbidden");
        let other = app.login("demo-bijie-manager").await;
        reveal("核对脱贫户身份", &other).await.refused(404, "not_found");
        reveal("看看", &keeper).await.points_at("/reason", "too_short");
        reveal("核对 19900000001 的证件", &keeper).await.points_at("/reason", "number_in_reason");
        let shown = reveal("核对脱贫户身份", &keeper).await;
        assert_eq!((shown.status, &shown.bytes[..]), (200, &photo(&household)[..]));
        assert_eq!(shown.header("cache-control"), "no-store");
        assert!(shown.header("content-disposition").ends_with(&format!("filename*=UTF-8''{}%2Ejpg", paper.replace('-', "%2D"))));
        let told = app.texts("select detail from audit_entry where action = 'document.reveal'").await;
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("核对脱贫户身份"), "{told:?}");
        // A school sees nothing of it, nor does a household's supplier of another's.
        for username in ["yunong", "weining-potato-coop", "gz-520102-001"] {
            let token = app.login(username).await;
            app.get(&path).by(&token).await.refused(404, "not_found");
        }
    }
}
