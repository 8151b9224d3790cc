//! How often one may ask: by account, by change, by address; alone, together through Redis, and on when Redis is gone.

use crate::support::{
    app::{App, PASSWORD, on_both},
    availability, redis,
};
use serde_json::json;
use xiaonong::{
    access::Rates,
    config::Settings,
    http::{ForwardHeader, Proxies},
};

fn rates(account: u64, writes: u64, address: u64) -> impl FnOnce(&mut Settings) {
    move |settings| settings.rates = Rates { account, writes, address }
}

/// Asks by turns until one is refused; how many were answered.
async fn until_refused(replicas: [&App; 2], token: &str) -> usize {
    for answered in 0..1_000 {
        if replicas[answered % 2].get("/units?limit=1").by(token).await.status == 429 {
            return answered;
        }
    }
    panic!("never refused");
}

on_both! {
    async fn an_account_that_asks_too_often_has_to_wait(app: &App) {
        let strict = app.replica(rates(5, 2, 0)).await;
        let (busy, other) = (strict.login("yunong").await, strict.login("yunong-2").await);
        strict.wait_millis(20_000);
        for left in (0..5).rev() {
            let answer = strict.get("/me").by(&busy).await;
            answer.ok();
            assert_eq!(answer.header("ratelimit-policy"), "\"account\";q=5;w=60");
            assert_eq!(answer.header("ratelimit"), format!("\"account\";r={left};t=40"));
        }
        for (answer, title) in [
            (strict.get("/me").by(&busy).await, "尝试过于频繁"),
            (strict.get("/units").by(&busy).english().await, "Too many tries"),
        ] {
            assert_eq!(answer.refused(429, "too_many_requests")["title"], title);
            assert_eq!(answer.header("retry-after"), "40");
            assert_eq!(answer.header("ratelimit"), "\"account\";r=0;t=40");
        }
        strict.get("/me").by(&other).await.ok();
        // Not known: not counted, and refused as ever.
        strict.get("/me").by("a.b.c").await.refused(401, "token_invalid");
        strict.wait_millis(40_000);
        strict.get("/me").by(&busy).await.ok();
    }

    async fn changes_have_an_allowance_of_their_own(app: &App) {
        let strict = app.replica(rates(100, 2, 0)).await;
        let token = strict.login("yunong").await;
        let change = || strict.post("/me/password", json!({"current": "not this one", "new": "苗岭梯田里的稻花香二十里"})).by(&token);
        for _ in 0..2 {
            assert_ne!(change().await.status, 429);
        }
        let before = app.snapshot().await;
        let answer = change().await;
        answer.refused(429, "too_many_requests");
        assert_eq!(answer.header("ratelimit-policy"), "\"account\";q=100;w=60, \"writes\";q=2;w=60");
        assert!(answer.header("ratelimit").contains("\"writes\";r=0;t="), "{}", answer.header("ratelimit"));
        assert_eq!(app.snapshot().await, before);
        strict.get("/me").by(&token).await.ok();
    }

    async fn an_address_that_asks_too_often_has_to_wait(app: &App) {
        let strict = app
            .replica(|settings| {
                settings.rates = Rates { account: 0, writes: 0, address: 3 };
                settings.proxies = Proxies::parse("10.0.0.2", ForwardHeader::XForwardedFor).expect("an address");
            })
            .await;
        let login = || strict.post("/auth/login", json!({"username": "yunong", "password": PASSWORD}));
        for _ in 0..3 {
            let answer = login().from("203.0.113.7").await;
            answer.ok();
            assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=3;w=60");
        }
        login().from("203.0.113.7").await.refused(429, "too_many_requests");
        // A header does not make another address of it; another address is one, as is whom a trusted proxy speaks for.
        login().from("203.0.113.7").header("x-forwarded-for", "198.51.100.1").await.refused(429, "too_many_requests");
        login().from("203.0.113.8").await.ok();
        for _ in 0..3 {
            login().from("10.0.0.2").header("x-forwarded-for", "1.1.1.1, 198.51.100.1").await.ok();
        }
        login().from("10.0.0.2").header("x-forwarded-for", "2.2.2.2, 198.51.100.1").await.refused(429, "too_many_requests");
        login().from("10.0.0.2").header("x-forwarded-for", "198.51.100.2").await.ok();
        for _ in 0..8 {
            login().from("127.0.0.1").await.ok();
        }
    }

    async fn replicas_count_requests_together_in_redis(app: &App) {
        let server = redis::private();
        if !availability::require("Redis", server.is_some()) {
            return;
        }
        let url = &server.as_ref().expect("there is one").url;
        app.account("li.lan").await;
        let shared = |settings: &mut Settings| {
            settings.rates = Rates { account: 40, writes: 0, address: 0 };
            settings.redis_url = Some(url.clone());
        };
        let (here, there) = (app.replica(shared).await, app.replica(shared).await);
        let token = here.login("li.lan").await;
        let answered = until_refused([&here, &there], &token).await;
        assert!((40..=44).contains(&answered), "{answered}: 40, and a lot of two from each at most");
        let alone = app.replica(rates(40, 0, 0)).await;
        assert_eq!(until_refused([&alone, &alone], &token).await, 40);
    }

    async fn requests_are_counted_on_when_redis_is_gone(app: &App) {
        let mut server = redis::private();
        if !availability::require("Redis", server.is_some()) {
            return;
        }
        let server = server.as_mut().expect("there is one");
        app.account("li.lan").await;
        let shared = |settings: &mut Settings| {
            settings.rates = Rates { account: 10, writes: 0, address: 0 };
            settings.redis_url = Some(server.url.clone());
        };
        let here = app.replica(shared).await;
        let token = here.login("li.lan").await;
        for _ in 0..4 {
            here.get("/me").by(&token).await.ok();
        }
        server.stop();
        for _ in 4..10 {
            here.get("/me").by(&token).await.ok();
        }
        here.get("/me").by(&token).await.refused(429, "too_many_requests");
    }
}
