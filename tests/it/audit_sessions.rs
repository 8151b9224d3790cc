//! Log-ins and what becomes of sessions in the trail; where a request came from.

use crate::{
    audit::trail,
    support::app::{PASSWORD, on_both},
};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, header},
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tower::ServiceExt;

on_both! {
    async fn sessions_leave_their_rows(app: &App) {
        app.account("li.lan").await;
        let first = app.session("li.lan").await;
        let refresh = |session: &Value| app.post("/auth/refresh", json!({"refresh_token": session["refresh_token"]}));
        refresh(&first).await.ok();
        // Past the grace in which a lost answer is given again.
        app.wait_millis(30_000);
        refresh(&first).await.refused(401, "refresh_failed");
        let token = app.login("li.lan").await;
        app.call("POST", "/api/v1/auth/logout").by(&token).await;
        for name in ["li.lan", "my-secret-password", "MY-SECRET-password ", "someone"] {
            app.post("/auth/login", json!({"username": name, "password": "wrong"})).await.refused(401, "login_failed");
        }
        app.post("/auth/refresh", json!({"refresh_token": "made up"})).await.refused(401, "refresh_failed");
        let admin = app.login("demo-admin").await;
        let actions = async |filter: &str| -> Vec<String> {
            let rows = trail(app, &admin, filter).await;
            rows.iter().rev().map(|row| row["action"].as_str().expect("text").to_owned()).collect()
        };
        let account = first["account"]["id"].as_str().expect("an id");
        assert_eq!(
            actions(&format!("outcome=done&account_id={account}")).await.iter().filter(|one| one.starts_with("session.login")).count(),
            2
        );
        let done = actions(&format!("outcome=done&account_id={account}")).await;
        assert!(done.contains(&"session.end".to_owned()) && done.contains(&"session.logout".to_owned()), "{done:?}");
        let ended = trail(app, &admin, "action=session.end").await;
        assert_eq!(ended[0]["facts"]["reason"], "refresh_token_reused");
        let failed = trail(app, &admin, "action=session.login&outcome=refused").await;
        assert_eq!(failed.len(), 4);
        let known: Vec<&Value> = failed.iter().filter(|row| row["account_id"] == account).collect();
        assert_eq!(known.len(), 1);
        let hashes: Vec<&Value> = failed.iter().map(|row| &row["facts"]["name_hash"]).collect();
        let unlike = hashes.iter().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(unlike.len(), 3, "the same name, the same hash: {hashes:?}");
        assert!(!json!(failed).to_string().to_lowercase().contains("secret"), "{failed:?}");
    }

    async fn a_row_knows_the_address(app: &App) {
        let login = |password: &str| {
            let body = json!({"username": "yunong", "password": password}).to_string();
            let mut request = Request::post("/api/v1/auth/login").body(Body::from(body)).expect("a request");
            request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a value"));
            let peer: SocketAddr = "10.20.30.40:5000".parse().expect("an address");
            request.extensions_mut().insert(ConnectInfo(peer));
            app.router.clone().oneshot(request)
        };
        assert_eq!(login(PASSWORD).await.expect("answers").status(), 200);
        assert_eq!(login("wrong").await.expect("answers").status(), 401);
        let from = "select count(*) from audit_entry where address = '10.20.30.40' and action = 'session.login'";
        assert_eq!(app.number(from).await, 2);
    }
}
