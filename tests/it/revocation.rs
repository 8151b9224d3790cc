//! A revocation reaches every replica, whatever is lost meanwhile.

use crate::support::{
    app::{App, on_both},
    availability, redis,
};
use entity::time::Timestamp;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use xiaonong::{
    access::{Rates, Watch, access_changed},
    clock::Clock,
};

/// How long a look is waited for before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

async fn look(app: &App) {
    app.ctx.guard.catch_up(&app.ctx).await.expect("the database answers");
}

async fn log_out(app: &App, token: &str) {
    assert_eq!(app.call("POST", "/api/v1/auth/logout").by(token).await.status, 204);
}

on_both! {
    async fn a_replica_that_looks_forgets_who_was_revoked_and_nobody_else(app: &App) {
        app.account("li.lan").await;
        app.account("wu.mei").await;
        let (gone, stays) = (app.login("li.lan").await, app.login("wu.mei").await);
        let elsewhere = app.second_replica().await;
        look(&elsewhere).await;
        elsewhere.get("/me").by(&gone).await.ok();
        // While nothing changed, callers come from memory: the database's word is not asked for.
        elsewhere.get("/divisions").by(&stays).await.ok();
        app.execute("update account set disabled_at = 1 where username = 'wu.mei'").await;
        elsewhere.get("/divisions").by(&stays).await.ok();
        app.execute("update account set disabled_at = null").await;

        log_out(app, &gone).await;
        elsewhere.get("/divisions").by(&gone).await.ok();
        look(&elsewhere).await;
        elsewhere.get("/divisions").by(&gone).await.refused(401, "token_invalid");
        elsewhere.get("/divisions").by(&stays).await.ok();
    }

    async fn a_known_caller_is_checked_and_counted_without_a_query(app: &App) {
        app.account("li.lan").await;
        app.account("wu.mei").await;
        let (known, unknown) = (app.login("li.lan").await, app.login("wu.mei").await);
        let elsewhere = app.replica(|settings| settings.rates = Rates { account: 3, writes: 3, address: 3 }).await;
        look(&elsewhere).await;
        let answer = elsewhere.get("/listings").by(&known).await;
        // From here on every query fails: what is answered was answered without one.
        elsewhere.ctx.store.clone().close().await;
        let again = elsewhere.get("/listings").by(&known).await;
        assert_eq!(again.header("ratelimit"), "\"account\";r=1;t=60");
        assert_eq!(again.ok(), answer.ok());
        elsewhere.get("/listings").by(&unknown).await.refused(503, "unavailable");
        elsewhere.get("/listings").by(&known).await.ok();
        elsewhere.get("/listings").by(&known).await.refused(429, "too_many_requests");
        // Nobody is trusted a second after the last look, whatever is kept.
        app.wait_millis(1_000);
        elsewhere.get("/listings").by(&known).await.refused(503, "unavailable");
    }

    async fn a_replica_that_cannot_look_trusts_nobody_from_memory(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        let elsewhere = app.second_replica().await;
        look(&elsewhere).await;
        elsewhere.get("/divisions").by(&token).await.ok();
        log_out(app, &token).await;
        app.wait_millis(999);
        elsewhere.get("/divisions").by(&token).await.ok();
        app.wait_millis(1);
        elsewhere.get("/divisions").by(&token).await.refused(401, "token_invalid");
        // Nor before its first look.
        let fresh = app.second_replica().await;
        let again = app.login("li.lan").await;
        fresh.get("/divisions").by(&again).await.ok();
        log_out(app, &again).await;
        fresh.get("/divisions").by(&again).await.refused(401, "token_invalid");
    }

    async fn a_change_that_commits_late_is_seen(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        let elsewhere = app.second_replica().await;
        // Begun now, committed after the other replica has looked past its timestamp.
        let id = app.account_id("li.lan").await.parse().expect("an id");
        let began = app.clock.now();
        app.wait_millis(29_000);
        look(&elsewhere).await;
        elsewhere.get("/divisions").by(&token).await.ok();
        app.clock.set(began);
        let txn = app.ctx.store.begin().await.expect("begins");
        access_changed(&app.ctx, &txn, id).await.expect("is noted");
        txn.commit().await.expect("commits");
        app.execute("update account set disabled_at = 1 where username = 'li.lan'").await;
        app.clock.set(Timestamp(began.0 + 29_500));
        elsewhere.get("/divisions").by(&token).await.ok();
        look(&elsewhere).await;
        elsewhere.get("/divisions").by(&token).await.refused(401, "token_invalid");
        // Read once, the same note does not throw callers out at every look.
        app.execute("update account set disabled_at = null").await;
        let token = app.login("li.lan").await;
        elsewhere.get("/divisions").by(&token).await.ok();
        look(&elsewhere).await;
        app.execute("update account set disabled_at = 1 where username = 'li.lan'").await;
        elsewhere.get("/divisions").by(&token).await.ok();
    }

    async fn a_membership_ends_with_its_day(app: &App) {
        app.account("li.lan").await;
        app.execute("update membership set to_on = '2026-03-02' where account_id = \
                     (select id from account where username = 'li.lan')").await;
        let token = app.login("li.lan").await;
        // 23:59:59.600 in China.
        app.clock.set(Timestamp(1_772_467_199_600));
        let token_late = app.login("li.lan").await;
        look(app).await;
        app.get("/divisions").by(&token_late).await.ok();
        app.get("/me").by(&token).await.refused(401, "token_invalid");
        app.wait_millis(400);
        app.get("/divisions").by(&token_late).await.refused(403, "forbidden");
    }

    async fn losing_redis_lets_no_revoked_token_in(app: &App) {
        let mut server = redis::private();
        if !availability::require("Redis", server.is_some()) {
            return;
        }
        let server = server.as_mut().expect("there is one");
        app.account("li.lan").await;
        let here = app.replica(|settings| settings.redis_url = Some(server.url.clone())).await;
        let there = app.replica(|settings| settings.redis_url = Some(server.url.clone())).await;
        let (first, second) = (here.login("li.lan").await, here.login("li.lan").await);
        for token in [&first, &second] {
            look(&there).await;
            there.get("/divisions").by(token).await.ok();
        }
        log_out(&here, &first).await;
        server.stop();
        look(&there).await;
        there.get("/divisions").by(&first).await.refused(401, "token_invalid");
        there.get("/divisions").by(&second).await.ok();
        log_out(&here, &second).await;
        here.get("/divisions").by(&second).await.refused(401, "token_invalid");
        look(&there).await;
        there.get("/divisions").by(&second).await.refused(401, "token_invalid");
        // Empty after its return, it brings nobody back.
        server.restart();
        there.wait_millis(2_000);
        there.login("li.lan").await;
        look(&there).await;
        there.get("/divisions").by(&first).await.refused(401, "token_invalid");
    }

    async fn with_redis_a_revocation_is_heard_of_at_once(app: &App) {
        let mut server = redis::private();
        if !availability::require("Redis", server.is_some()) {
            return;
        }
        let server = server.as_mut().expect("there is one");
        app.account("li.lan").await;
        let here = app.replica(|settings| settings.redis_url = Some(server.url.clone())).await;
        let there = app.replica(|settings| settings.redis_url = Some(server.url.clone())).await;
        let (first, second) = (here.login("li.lan").await, here.login("li.lan").await);
        // A look whose turn never comes again: what is seen was heard of. The first is at the start, the second when the
        // bell can be heard.
        let watch = Watch::every(there.ctx.clone(), Duration::from_secs(3_600));
        let mut looks = watch.looks();
        let seen = |looks: &mut Receiver<u64>, most: u64| {
            let mut looks = looks.clone();
            async move {
                let wait = tokio::time::timeout(PATIENCE, looks.wait_for(|count| *count >= most));
                wait.await.expect("a look in time").map(|count| *count).expect("the watch runs")
            }
        };
        let before = seen(&mut looks, 2).await;
        there.get("/divisions").by(&first).await.ok();
        there.get("/divisions").by(&second).await.ok();
        log_out(&here, &first).await;
        seen(&mut looks, before + 1).await;
        there.get("/divisions").by(&first).await.refused(401, "token_invalid");
        there.get("/divisions").by(&second).await.ok();
        drop(watch);
        // With Redis gone the turn comes.
        server.stop();
        let watch = Watch::start(there.ctx.clone());
        let mut looks = watch.looks();
        let before = seen(&mut looks, 1).await;
        there.get("/divisions").by(&second).await.ok();
        log_out(&here, &second).await;
        seen(&mut looks, before + 2).await;
        there.get("/divisions").by(&second).await.refused(401, "token_invalid");
        // A watch that lost its Redis hears again after its return.
        server.restart();
        drop(watch);
        let watch = Watch::every(there.ctx.clone(), Duration::from_secs(3_600));
        let mut looks = watch.looks();
        let before = seen(&mut looks, 2).await;
        server.restart();
        seen(&mut looks, before + 1).await;
        let third = here.login("li.lan").await;
        there.get("/divisions").by(&third).await.ok();
        log_out(&here, &third).await;
        seen(&mut looks, before + 2).await;
        there.get("/divisions").by(&third).await.refused(401, "token_invalid");
    }
}
