//! Sessions: renewed over bad networks, ended when their token was copied, listed and ended by their owner.

use crate::support::{
    app::{App, PASSWORD, on_both},
    call::Answer,
    trade::id,
};
use serde_json::{Value, json};
use xiaonong::{access::password::Cost, jobs};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

async fn refresh(app: &App, session: &Value) -> Answer {
    app.post("/auth/refresh", json!({"refresh_token": session["refresh_token"]})).await
}

fn token(session: &Value) -> &str {
    session["access_token"].as_str().expect("a token")
}

on_both! {
    async fn a_lost_answer_is_given_again_for_thirty_seconds(app: &App) {
        app.account("li.lan").await;
        let first = app.session("li.lan").await;
        let lost = refresh(app, &first).await.ok();
        app.wait_millis(29_999);
        let again = refresh(app, &first).await.ok();
        assert_eq!(again["refresh_token"], lost["refresh_token"], "one family has one present token");
        app.get("/me").by(token(&again)).await.ok();
        app.get("/me").by(token(&lost)).await.ok();
        let third = refresh(app, &again).await.ok();
        assert_ne!(third["refresh_token"], again["refresh_token"]);
    }

    async fn a_token_that_comes_back_later_ends_its_session_and_no_other(app: &App) {
        app.account("li.lan").await;
        let other = app.session("li.lan").await;
        let first = app.session("li.lan").await;
        let second = refresh(app, &first).await.ok();
        app.wait_millis(30_000);
        refresh(app, &first).await.refused(401, "refresh_failed");
        refresh(app, &second).await.refused(401, "refresh_failed");
        app.get("/me").by(token(&second)).await.refused(401, "token_invalid");
        refresh(app, &other).await.ok();
    }

    async fn a_token_two_generations_old_ends_its_session(app: &App) {
        app.account("li.lan").await;
        let first = app.session("li.lan").await;
        let second = refresh(app, &first).await.ok();
        let third = refresh(app, &second).await.ok();
        refresh(app, &first).await.refused(401, "refresh_failed");
        for session in [&second, &third] {
            refresh(app, session).await.refused(401, "refresh_failed");
            app.get("/me").by(token(session)).await.refused(401, "token_invalid");
        }
    }

    async fn what_is_no_refresh_token_is_refused(app: &App) {
        app.account("li.lan").await;
        let session = app.session("li.lan").await;
        let held = session["refresh_token"].as_str().expect("a token");
        let (name, rest) = held.split_once('.').expect("three parts");
        let (secret, mark) = rest.split_once('.').expect("three parts");
        // Whoever reads a session's id in the audit trail can end nothing by it.
        let guessed = [format!("{name}.x"), format!("{name}.{secret}"), format!("{name}.{}.{mark}", "0".repeat(64))];
        for made_up in &guessed {
            refresh(app, &json!({"refresh_token": made_up})).await.refused(401, "refresh_failed");
        }
        app.get("/me").by(token(&session)).await.ok();
        for made_up in ["", "made up", ".", name, secret, token(&session), &format!("{}.{secret}", "0".repeat(32))] {
            refresh(app, &json!({"refresh_token": made_up})).await.refused(401, "refresh_failed");
        }
        refresh(app, &session).await.ok();
        assert_eq!(app.texts("select refresh_hash from session").await.iter().filter(|hash| hash.contains(secret)).count(), 0);
    }

    async fn two_renewals_at_once_have_the_same_answer(app: &App) {
        app.account("li.lan").await;
        let session = app.session("li.lan").await;
        let elsewhere = app.second_replica().await;
        let (here, there) = tokio::join!(refresh(app, &session), refresh(&elsewhere, &session));
        assert_eq!(here.ok()["refresh_token"], there.ok()["refresh_token"]);
        refresh(app, &here.ok()).await.ok();
    }

    async fn sessions_are_listed_and_ended_by_their_owner(app: &App) {
        app.account("li.lan").await;
        app.account("wu.mei").await;
        let login = |name: &str, address: &str, program: &str| {
            let body = json!({"username": name, "password": PASSWORD});
            app.post("/auth/login", body).from(address).header("user-agent", program)
        };
        let phone = login("li.lan", "203.0.113.9", "app/1").await.ok();
        app.wait_millis(1_000);
        let desk = login("li.lan", "2001:db8::7", &"x".repeat(500)).await.ok();
        let stranger = login("wu.mei", "203.0.113.9", "app/1").await.ok();
        let list = app.get("/me/sessions").by(token(&desk)).await.ok();
        let shown = |row: &Value| (row["address"].clone(), row["current"].clone());
        let items = list["items"].as_array().expect("items");
        assert_eq!(items.iter().map(shown).collect::<Vec<_>>(), [
            (json!("2001:db8::7"), json!(true)),
            (json!("203.0.113.9"), json!(false)),
        ]);
        assert_eq!((items[0]["user_agent"].as_str().map(str::len), &items[1]["user_agent"]), (Some(200), &json!("app/1")));
        assert_eq!(items[1]["last_used_at"], items[1]["created_at"]);
        let first_page = app.get("/me/sessions?limit=1").by(token(&desk)).await.ok();
        let cursor = first_page["next_cursor"].as_str().expect("a second page");
        let second_page = app.get(&format!("/me/sessions?limit=1&cursor={cursor}")).by(token(&desk)).await.ok();
        assert_eq!((id(&second_page["items"][0]), &second_page["next_cursor"]), (id(&items[1]), &Value::Null));

        // Renewing says where from.
        app.wait_millis(1_000);
        let body = json!({"refresh_token": phone["refresh_token"]});
        let phone = app.post("/auth/refresh", body).from("203.0.113.44").await.ok();
        let list = app.get("/me/sessions").by(token(&desk)).await.ok();
        assert_eq!(list["items"][1]["address"], "203.0.113.44");
        assert_ne!(list["items"][1]["last_used_at"], list["items"][1]["created_at"]);

        let this = format!("/api/v1/me/sessions/{}", id(&items[1]));
        app.call("DELETE", &this).by(token(&stranger)).await.refused(404, "not_found");
        app.get("/me").by(token(&phone)).await.ok();
        assert_eq!(app.call("DELETE", &this).by(token(&desk)).await.status, 204);
        app.get("/me").by(token(&phone)).await.refused(401, "token_invalid");
        app.call("DELETE", &this).by(token(&desk)).await.refused(404, "not_found");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'session.end'").await, 1);
    }

    async fn all_sessions_end_at_once(app: &App) {
        app.account("li.lan").await;
        app.account("wu.mei").await;
        let stranger = app.session("wu.mei").await;
        let (one, other) = (app.session("li.lan").await, app.session("li.lan").await);
        assert_eq!(app.call("DELETE", "/api/v1/me/sessions").by(token(&one)).await.status, 204);
        app.get("/me").by(token(&one)).await.ok();
        app.get("/me").by(token(&other)).await.refused(401, "token_invalid");
        refresh(app, &other).await.refused(401, "refresh_failed");
        app.call("DELETE", "/api/v1/me/sessions?current=perhaps").by(token(&one)).await.refused(400, "parameter_malformed");
        assert_eq!(app.call("DELETE", "/api/v1/me/sessions?current=true").by(token(&one)).await.status, 204);
        app.get("/me").by(token(&one)).await.refused(401, "token_invalid");
        app.get("/me").by(token(&stranger)).await.ok();
    }

    async fn a_change_of_password_can_be_repeated(app: &App) {
        app.account_with("li.lan", true).await;
        let session = app.session("li.lan").await;
        let change = json!({"current": PASSWORD, "new": "苗岭梯田里的稻花香二十里"});
        let send = |body: &Value| app.post("/me/password", body.clone()).by(token(&session)).key("k");
        assert_eq!(send(&change).await.status, 204);
        let again = send(&change).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (204, "true"));
        let other = json!({"current": "苗岭梯田里的稻花香二十里", "new": "乌江边上的船歌唱到天明时"});
        send(&other).await.points_at("", "idempotency_key_reused");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'account.change_password'").await, 1);
        // What is stored about the body is no hash that passwords could be guessed at.
        let body = change.to_string();
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        for part in ["POST", "/api/v1/me/password", &body] {
            hash.update(part.as_bytes());
            hash.update(b"\n");
        }
        let plain = xiaonong::http::hex(hash.finish().as_ref());
        assert_eq!(app.number(&format!("select count(*) from idempotency where body_hash = '{plain}'")).await, 0);
        assert_eq!(app.number("select count(*) from idempotency").await, 1);
    }

    async fn a_common_password_is_refused(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        for common in ["password1234", "woaini1314520", "xiaonong2026!", "qwertyuiop[]"] {
            let answer = app.post("/me/password", json!({"current": PASSWORD, "new": common})).by(&token).english().await;
            answer.refused(422, "invalid");
            assert!(answer.points_at("/new", "password_common").contains("easily guessed"), "{common}");
        }
        app.login("li.lan").await;
    }

    async fn a_hash_of_another_cost_is_made_again_at_log_in(app: &App) {
        app.account("li.lan").await;
        let hash = "select password_hash from account where username = 'li.lan'";
        let before = app.texts(hash).await;
        app.login("li.lan").await;
        assert_eq!(app.texts(hash).await, before);
        let dearer = app.replica(|settings| settings.password_cost = Cost::Tuned { kib: 8, passes: 2 }).await;
        let wrong = json!({"username": "li.lan", "password": "wrong"});
        dearer.post("/auth/login", wrong).await.refused(401, "login_failed");
        assert_eq!(app.texts(hash).await, before);
        dearer.login("li.lan").await;
        let after = app.texts(hash).await;
        assert!(after[0].contains("t=2") && after != before, "{after:?}");
        dearer.login("li.lan").await;
        assert_eq!(app.texts(hash).await, after);
    }

    async fn sessions_long_ended_are_cleared(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        assert_eq!(app.call("POST", "/api/v1/auth/logout").by(&token).await.status, 204);
        app.wait_millis(37 * DAY_MILLIS);
        app.login("li.lan").await;
        assert_eq!(jobs::purge(&app.ctx).await.expect("purges"), 1, "the note of the log-out");
        app.wait_millis(1);
        assert_eq!(jobs::purge(&app.ctx).await.expect("purges"), 1, "the session");
        assert_eq!(app.number("select count(*) from session").await, 1);
    }
}
