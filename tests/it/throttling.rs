//! Failed log-ins are counted by name and address: in the process, in Redis, and on when Redis is gone.

use crate::support::{
    app::{App, PASSWORD, on_both},
    availability, redis,
};
use serde_json::{Value, json};
use xiaonong::http::{ForwardHeader, Proxies};

async fn wrong_try(app: &App, username: &str) -> u16 {
    app.post("/auth/login", json!({"username": username, "password": "wrong"})).await.status
}

async fn wrong_from(app: &App, username: &str, address: &str) -> u16 {
    app.post("/auth/login", json!({"username": username, "password": "wrong"})).from(address).await.status
}

fn right(username: &str) -> Value {
    json!({"username": username, "password": PASSWORD})
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

    async fn an_address_that_sprays_many_names_has_to_wait(app: &App) {
        app.account("li.lan").await;
        let login = |address: &str| app.post("/auth/login", right("li.lan")).from(address);
        login("203.0.113.9").await.ok();
        for number in 0..50 {
            assert_eq!(wrong_from(app, &format!("name{number}"), "203.0.113.9").await, 401);
        }
        assert_eq!(wrong_from(app, "name50", "203.0.113.9").await, 429);
        login("203.0.113.9").await.ok();
        login("203.0.113.10").await.ok();
        app.wait_millis(900_000);
        assert_eq!(wrong_from(app, "name50", "203.0.113.9").await, 401);
    }

    async fn right_log_ins_count_for_their_address_too(app: &App) {
        app.account("li.lan").await;
        for _ in 0..300 {
            app.login("li.lan").await;
        }
        app.post("/auth/login", right("li.lan")).await.refused(429, "too_many_requests");
        app.post("/auth/login", right("li.lan")).from("203.0.113.9").await.ok();
    }

    async fn strangers_slow_a_log_in_and_do_not_lock_it(app: &App) {
        app.account("li.lan").await;
        let login = |address: &str| app.post("/auth/login", right("li.lan")).from(address);
        login("203.0.113.9").await.ok();
        // Thirty failures from four addresses: the next strangers share one try in 15 seconds.
        for number in 0..30 {
            assert_eq!(wrong_from(app, "li.lan", &format!("198.51.100.{}", number / 9)).await, 401);
        }
        assert_eq!(wrong_from(app, "li.lan", "198.51.100.200").await, 401);
        let answer = login("203.0.113.77").await;
        answer.refused(429, "too_many_requests");
        assert_eq!(answer.header("retry-after"), "15");
        // The owner passes where the account was used before, and elsewhere after the wait.
        login("203.0.113.9").await.ok();
        app.wait_millis(15_000);
        login("203.0.113.77").await.ok();
        login("203.0.113.77").await.ok();
        // A name that is nobody's is held up alike.
        for number in 0..30 {
            assert_eq!(wrong_from(app, "nobody", &format!("198.51.100.{}", 100 + number / 9)).await, 401);
        }
        assert_eq!(wrong_from(app, "nobody", "198.51.100.201").await, 401);
        assert_eq!(wrong_from(app, "nobody", "198.51.100.202").await, 429);
    }

    async fn clients_behind_a_trusted_proxy_are_told_apart(app: &App) {
        app.account("li.lan").await;
        let open = app.replica(|settings| {
            settings.proxies = Proxies::parse("10.0.0.0/8", ForwardHeader::XForwardedFor).expect("a list");
        }).await;
        let wrong = json!({"username": "li.lan", "password": "wrong"});
        let by = |replica: &App, client: &str| {
            replica.post("/auth/login", wrong.clone()).from("10.0.0.1").header("x-forwarded-for", client)
        };
        for _ in 0..10 {
            by(&open, "203.0.113.9").await.refused(401, "login_failed");
        }
        by(&open, "203.0.113.9").await.refused(429, "too_many_requests");
        // What stands further left is the client's own invention.
        by(&open, "198.51.100.1, 203.0.113.9").await.refused(429, "too_many_requests");
        by(&open, "203.0.113.10").await.refused(401, "login_failed");
        // Without the setting the header says nothing: all are the proxy.
        for client in 0..10 {
            by(app, &format!("203.0.113.{client}")).await.refused(401, "login_failed");
        }
        by(app, "203.0.113.200").await.refused(429, "too_many_requests");
        // An IPv6 subscriber has a whole /64 to spend.
        for number in 0..10 {
            assert_eq!(wrong_from(app, "li.lan", &format!("2001:db8:1:2::{number}")).await, 401);
        }
        assert_eq!(wrong_from(app, "li.lan", "2001:db8:1:2:9::1").await, 429);
        assert_eq!(wrong_from(app, "li.lan", "2001:db8:1:3::1").await, 401);
    }

    async fn a_stolen_token_does_not_guess_the_password(app: &App) {
        app.account("li.lan").await;
        let (stolen, own) = (app.login("li.lan").await, app.login("li.lan").await);
        let change = |current: &str| json!({"current": current, "new": "苗岭梯田里的稻花香二十里"});
        for _ in 0..10 {
            app.post("/me/password", change("a wrong guess")).by(&stolen).await.refused(422, "invalid");
        }
        let answer = app.post("/me/password", change(PASSWORD)).by(&stolen).await;
        answer.refused(429, "too_many_requests");
        assert_eq!(answer.header("retry-after"), "900");
        // The owner's own session changes it, which ends the stolen one.
        assert_eq!(app.post("/me/password", change(PASSWORD)).by(&own).await.status, 204);
        app.get("/me").by(&stolen).await.refused(401, "token_invalid");
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
