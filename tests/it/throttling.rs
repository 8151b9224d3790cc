//! Failed log-ins are counted by name and address: in the process, in Redis, and on when Redis is gone.

use crate::support::{
    app::{App, PASSWORD, on_both},
    availability, redis,
};
use serde_json::json;

async fn wrong_try(app: &App, username: &str) -> u16 {
    app.post("/auth/login", json!({"username": username, "password": "wrong"})).await.status
}

on_both! {
    async fn the_eleventh_try_has_to_wait(app: &App) {
        app.account("li.lan").await;
        app.account("wu.mei").await;
        for _ in 0..10 {
            assert_eq!(wrong_try(app, "li.lan").await, 401);
        }
        // Now even the right password is not looked at.
        let answer = app.post("/auth/login", json!({"username": "LI.LAN", "password": PASSWORD})).await;
        answer.refused(429, "too_many_requests");
        assert_eq!(answer.header("retry-after"), "900");
        app.login("wu.mei").await;
        app.wait_millis(900_000);
        app.login("li.lan").await;
        assert_eq!(wrong_try(app, "li.lan").await, 401, "a success clears the count");
    }

    async fn an_address_that_tries_many_names_has_to_wait(app: &App) {
        for number in 0..300 {
            assert_eq!(wrong_try(app, &format!("name{number}")).await, 401);
        }
        assert_eq!(wrong_try(app, "name300").await, 429);
    }

    async fn replicas_count_together_in_redis(app: &App) {
        if !availability::require("Redis", redis::server().is_some()) {
            return;
        }
        let url = &redis::server().expect("there is one").url;
        // The server is shared, so the name is this test's own.
        let name = &format!("li.{:?}.{}", app.ctx.store.backend(), std::process::id());
        app.account(name).await;
        let here = app.replica(|settings| settings.redis_url = Some(url.clone())).await;
        let there = app.replica(|settings| settings.redis_url = Some(url.clone())).await;
        here.login(name).await;
        for _ in 0..5 {
            assert_eq!(wrong_try(&here, name).await, 401);
            assert_eq!(wrong_try(&there, name).await, 401);
        }
        assert_eq!(wrong_try(&here, name).await, 429, "the other replica's tries count");
    }

    async fn a_replica_counts_on_alone_when_redis_is_gone(app: &App) {
        let mut server = redis::private();
        if !availability::require("Redis", server.is_some()) {
            return;
        }
        let server = server.as_mut().expect("there is one");
        app.account("li.lan").await;
        app.account("wu.mei").await;
        let here = app.replica(|settings| settings.redis_url = Some(server.url.clone())).await;
        for _ in 0..4 {
            assert_eq!(wrong_try(&here, "li.lan").await, 401);
        }
        assert_eq!(wrong_try(&here, "wu.mei").await, 401);

        server.stop();
        here.login("wu.mei").await;
        // Ten in all: what this process saw before Redis went is not forgotten.
        for _ in 4..10 {
            assert_eq!(wrong_try(&here, "li.lan").await, 401);
        }
        assert_eq!(wrong_try(&here, "li.lan").await, 429);

        server.restart();
        here.wait_millis(2_000);
        here.login("wu.mei").await;
    }
}
