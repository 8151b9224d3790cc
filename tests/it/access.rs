//! Log-in, renewal, log-out, one-time passwords, the first administrator.

use crate::support::app::{App, PASSWORD, on_both};
use serde_json::{Value, json};
use xiaonong::access::first_administrator;

async fn refresh(app: &App, session: &Value) -> crate::support::call::Answer {
    app.post("/auth/refresh", json!({"refresh_token": session["refresh_token"]})).await
}

fn access_token(session: &Value) -> &str {
    session["access_token"].as_str().expect("a token")
}

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

on_both! {
    async fn a_log_in_says_who_and_where(app: &App) {
        app.account("li.lan").await;
        // The name is read without regard to case and blanks around it.
        let session = app.session(" Li.Lan ").await;
        assert_eq!(session["expires_in"], 600);
        assert_eq!(session["account"]["username"], "li.lan");
        assert_eq!(session["account"]["must_change_password"], false);
        assert_eq!(session["account"]["memberships"][0]["role"], "administrator");
        let me = app.get("/me").by(access_token(&session)).await.ok();
        assert_eq!(me, session["account"]);
    }

    async fn an_unknown_name_is_answered_like_a_wrong_password(app: &App) {
        app.account("li.lan").await;
        let before = app.snapshot().await;
        let mut answers = Vec::new();
        for (username, password) in [("li.lan", "wrong"), ("nobody", PASSWORD), ("", "")] {
            let answer = app.post("/auth/login", json!({"username": username, "password": password})).await;
            let mut problem = answer.refused(401, "login_failed");
            problem["request_id"] = Value::Null;
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            answers.push(problem);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(app.snapshot().await, before);
        assert_eq!(app.number("select count(*) from session").await, 0);
    }

    async fn a_name_of_a_megabyte_is_a_wrong_name(app: &App) {
        let login = json!({"username": "长".repeat(300_000), "password": "x"});
        app.post("/auth/login", login).await.refused(401, "login_failed");
    }

    async fn a_token_holds_for_ten_minutes(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        app.wait_millis(599_999);
        app.get("/me").by(&token).await.ok();
        app.wait_millis(1);
        app.get("/me").by(&token).await.refused(401, "token_invalid");
    }

    async fn a_token_of_anyone_else_is_none(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        let (rest, signature) = token.rsplit_once('.').expect("three parts");
        let first = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{rest}.{first}{}", &signature[1..]);
        for header in [format!("Bearer {forged}"), format!("Basic {token}"), token.clone(), "Bearer ".to_owned()] {
            app.get("/me").header("authorization", &header).await.refused(401, "token_invalid");
        }
        app.get("/me").await.refused(401, "token_invalid");
        app.get("/me").header("authorization", &format!("bearer {token}")).await.ok();
    }

    async fn a_closed_account_is_out_within_a_second(app: &App) {
        app.account("li.lan").await;
        let session = app.session("li.lan").await;
        app.execute("update account set disabled_at = 1").await;
        app.wait_millis(1_000);
        app.get("/me").by(access_token(&session)).await.refused(401, "token_invalid");
        refresh(app, &session).await.refused(401, "refresh_failed");
        app.post("/auth/login", json!({"username": "li.lan", "password": PASSWORD})).await.refused(401, "login_failed");
    }

    async fn a_refresh_token_is_good_for_one_renewal(app: &App) {
        app.account("li.lan").await;
        let first = app.session("li.lan").await;
        app.wait_millis(700_000);
        let second = refresh(app, &first).await.ok();
        app.get("/me").by(access_token(&second)).await.ok();
        let third = refresh(app, &second).await.ok();
        assert_ne!(second["refresh_token"], third["refresh_token"]);
        assert_eq!(third["account"], first["account"]);
    }

    async fn a_session_ends_after_thirty_days(app: &App) {
        app.account("li.lan").await;
        let mut session = app.session("li.lan").await;
        for _ in 0..5 {
            app.wait_millis(6 * DAY_MILLIS - 1);
            session = refresh(app, &session).await.ok();
        }
        app.wait_millis(4);
        let last = refresh(app, &session).await.ok();
        app.wait_millis(1);
        refresh(app, &last).await.refused(401, "refresh_failed");
    }

    async fn a_session_that_is_not_renewed_ends_after_seven_days(app: &App) {
        app.account("li.lan").await;
        let session = app.session("li.lan").await;
        app.wait_millis(7 * DAY_MILLIS - 1);
        let session = refresh(app, &session).await.ok();
        app.wait_millis(7 * DAY_MILLIS);
        refresh(app, &session).await.refused(401, "refresh_failed");
    }

    async fn a_log_out_holds_here_at_once_and_elsewhere_within_a_second(app: &App) {
        app.account("li.lan").await;
        let session = app.session("li.lan").await;
        let token = access_token(&session);
        let elsewhere = app.second_replica().await;
        app.get("/me").by(token).await.ok();
        elsewhere.get("/me").by(token).await.ok();
        assert_eq!(app.call("POST", "/api/v1/auth/logout").by(token).await.status, 204);
        app.get("/me").by(token).await.refused(401, "token_invalid");
        app.wait_millis(1_000);
        elsewhere.get("/me").by(token).await.refused(401, "token_invalid");
        refresh(app, &session).await.refused(401, "refresh_failed");
    }

    async fn a_one_time_password_must_be_replaced_first(app: &App) {
        app.account_with("li.lan", true).await;
        let session = app.session("li.lan").await;
        assert_eq!(session["account"]["must_change_password"], true);
        let token = access_token(&session);
        app.get("/divisions").by(token).await.refused(403, "password_change_required");
        let before = app.snapshot().await;
        for (current, new, pointer, code) in [
            (PASSWORD, "too short", "/new", "password_length"),
            (PASSWORD, "long-enough-li.lan", "/new", "password_contains_name"),
            (PASSWORD, PASSWORD, "/new", "password_unchanged"),
            ("not the one", "梯田里的稻花香二十里外", "/new", "password_length"),
            ("not the one", "苗岭梯田里的稻花香二十里", "/current", "password_wrong"),
        ] {
            let answer = app.post("/me/password", json!({"current": current, "new": new})).by(token).await;
            answer.refused(422, "invalid");
            answer.points_at(pointer, code);
        }
        assert_eq!(app.snapshot().await, before);

        let other = app.session("li.lan").await;
        let change = json!({"current": PASSWORD, "new": "苗岭梯田里的稻花香二十里"});
        assert_eq!(app.post("/me/password", change).by(token).await.status, 204);
        app.get("/divisions").by(token).await.ok();
        app.get("/me").by(access_token(&other)).await.refused(401, "token_invalid");
        app.post("/auth/login", json!({"username": "li.lan", "password": PASSWORD})).await.refused(401, "login_failed");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'account.change_password'").await, 1);
    }

    async fn the_first_administrator_is_made_once(app: &App) {
        app.execute("delete from household_consent").await;
        app.execute("delete from membership").await;
        app.execute("delete from account").await;
        let elsewhere = app.second_replica().await;
        let (here, there) = tokio::join!(first_administrator(&app.ctx), first_administrator(&elsewhere.ctx));
        let made: Vec<String> = [here, there].into_iter().filter_map(|made| made.expect("no failure")).collect();
        assert_eq!(made.len(), 1, "one password is printed");
        assert!(first_administrator(&app.ctx).await.expect("no failure").is_none());
        let session = app.post("/auth/login", json!({"username": "admin", "password": made[0]})).await.ok();
        assert_eq!(session["account"]["must_change_password"], true);
        assert_eq!(session["account"]["memberships"][0]["role"], "administrator");
    }
}
