//! Failed log-ins are counted by name and address: in the process, in Redis, and on when Redis is gone.

use crate::support::{
    app::{App, At, PASSWORD, on_both},
    availability, redis,
};
use entity::membership::Role;
use serde_json::json;

async fn wrong_try(app: &App, username: &str) -> u16 {
    app.post("/auth/login", json!({"username": username, "password": "wrong"})).await.status
}

on_both! {
    async fn the_eleventh_try_has_to_wait(app: &App) {
        app.account("li.lan", Role::Administrator, At::Everywhere).await;
        app.account("wu.mei", Role::Administrator, At::Everywhere).await;
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
        for number in 0..100 {
            assert_eq!(wrong_try(app, &format!("name{number}")).await, 401);
        }
        assert_eq!(wrong_try(app, "name100").await, 429);
    }

    async fn replicas_count_together_in_redis_and_alone_when_it_is_gone(app: &App) {
        let mut server = redis::private();
        if !availability::require("Redis", server.is_some()) {
            return;
        }
        let server = server.as_mut().expect("there is one");
        app.account("li.lan", Role::Administrator, At::Everywhere).await;
        app.account("wu.mei", Role::Administrator, At::Everywhere).await;
        let with_redis = |settings: &mut xiaonong::config::Settings| settings.redis_url = Some(server.url.clone());
        let (here, there) = (app.replica(with_redis).await, app.replica(with_redis).await);
        for _ in 0..5 {
            assert_eq!(wrong_try(&here, "li.lan").await, 401);
            assert_eq!(wrong_try(&there, "li.lan").await, 401);
        }
        assert_eq!(wrong_try(&here, "li.lan").await, 429, "the other replica's tries count");
        assert_eq!(wrong_try(&here, "wu.mei").await, 401);

        server.stop();
        here.login("wu.mei").await;
        assert_eq!(wrong_try(&there, "wu.mei").await, 401);
        // Ten in all: what this process saw before Redis went is not forgotten.
        for _ in 6..10 {
            assert_eq!(wrong_try(&here, "li.lan").await, 401);
        }
        assert_eq!(wrong_try(&here, "li.lan").await, 429);

        server.restart();
        here.wait_millis(2_000);
        here.login("wu.mei").await;
    }
}
