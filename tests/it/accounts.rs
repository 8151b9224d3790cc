//! Accounts over their life: made, listed, given roles by days, closed, opened, reset; and what lies beyond one's reach.

use crate::support::{
    app::{App, PASSWORD, on_both},
    people::{At, People},
    trade::id,
};
use entity::membership::Role;
use serde_json::{Value, json};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

async fn manager(app: &App) -> String {
    app.member("weining-manager", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-manager").await
}

fn held(account: &Value, role: Role) -> &Value {
    let held = account["memberships"].as_array().expect("roles");
    held.iter().find(|held| held["role"] == json!(role)).unwrap_or_else(|| panic!("no {role:?} in {account}"))
}

fn usernames(page: &Value) -> Vec<&str> {
    page["items"].as_array().expect("items").iter().filter_map(|one| one["username"].as_str()).collect()
}

/// Changes that somebody made over HTTP.
const DEEDS: &str = "select count(*) from audit_entry \
    where outcome = 'done' and action not like 'session.%' and request_id <> 'bootstrap'";

on_both! {
    async fn an_account_is_made_with_a_password_shown_once(app: &App) {
        let token = manager(app).await;
        let membership = app.role(Role::Inspector, At::School("demo-yunong")).await;
        let body = json!({"username": " Wang.Li ", "display_name": "王莉", "membership": membership});
        let made = app.post("/accounts", body.clone()).by(&token).key("one").await;
        assert_eq!(made.status, 201);
        let made = made.json();
        let password = made["one_time_password"].as_str().expect("a password").to_owned();
        assert_eq!(password.len(), 16);
        assert_eq!((&made["account"]["username"], &made["account"]["version"]), (&json!("wang.li"), &json!(1)));
        let inspector = held(&made["account"], Role::Inspector);
        assert_eq!((&inspector["place"], &inspector["from_on"]), (&json!("雨农小学"), &json!("2026-03-02")));

        let again = app.post("/accounts", body.clone()).by(&token).key("one").await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
        assert_eq!(again.json(), json!({"account": made["account"], "one_time_password": null}));
        app.post("/accounts", body).by(&token).await.points_at("/username", "username_taken");
        for (table, column) in [("idempotency", "response"), ("audit_entry", "detail"), ("outbox", "payload")] {
            let kept = app.texts(&format!("select {column} from {table}")).await.join("\n");
            assert!(!kept.contains(&password), "{table} keeps the password");
        }

        let newcomer = app.login_with("wang.li", &password).await;
        app.get("/schools").by(&newcomer).await.refused(403, "password_change_required");
        let change = json!({"current": password, "new": PASSWORD});
        assert_eq!(app.post("/me/password", change).by(&newcomer).await.status, 204);
        assert_eq!(app.get("/schools").by(&newcomer).await.ok()["items"][0]["name"], "雨农小学");
        app.get("/accounts").by(&newcomer).await.refused(403, "forbidden");
        let detail = app.texts("select detail from audit_entry where action = 'account.create' and request_id <> 'bootstrap'").await;
        assert!(detail[0].contains("\"role\":\"inspector\""), "{detail:?}");
    }

    async fn of_two_who_take_one_name_at_once_one_gets_it(app: &App) {
        let elsewhere = app.second_replica().await;
        let admin = app.login("demo-admin").await;
        let membership = app.role(Role::Inspector, At::School("demo-yunong")).await;
        let body = json!({"username": "twin", "display_name": "同名", "membership": membership});
        let (here, there) = tokio::join!(
            app.post("/accounts", body.clone()).by(&admin),
            elsewhere.post("/accounts", body).by(&admin)
        );
        let mut statuses = [here.status, there.status];
        statuses.sort_unstable();
        assert!(statuses == [201, 409] || statuses == [201, 422], "{statuses:?}: {} {}", here.text(), there.text());
        assert_eq!(app.number("select count(*) from account where username = 'twin'").await, 1);
        let of_twin = "select count(*) from membership m join account a on a.id = m.account_id where username = 'twin'";
        assert_eq!(app.number(of_twin).await, 1);
    }

    async fn everybody_sees_the_accounts_below_and_no_others(app: &App) {
        let weining = manager(app).await;
        let all = |token: String, filter: &'static str| async move {
            let page = app.get(&format!("/accounts?limit=200&{filter}")).by(&token).await.ok();
            usernames(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let of_school = all(app.login("yunong-principal").await, "").await;
        let mut expected = vec!["yunong", "yunong-2", "yunong-3", "yunong-principal"];
        let mut sorted = of_school.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
        let mut of_supplier = all(app.login("weining-potato-coop").await, "").await;
        of_supplier.sort_unstable();
        assert_eq!(of_supplier, ["weining-potato-coop", "weining-potato-coop-2"]);
        let county = all(weining.clone(), "").await;
        expected.extend(["demo-weining", "demo-agent", "weining-manager", "hh-weining-01", "gz-520526-001"]);
        for name in expected {
            assert!(county.iter().any(|one| one == name), "{name} is not in {county:?}");
        }
        for name in ["demo-admin", "demo-province", "demo-auditor", "demo-bijie", "gz-520525-001", "hh-nayong-01"] {
            assert!(!county.iter().any(|one| one == name), "{name} is in {county:?}");
        }
        // Weining reports past Bijie (S10).
        let prefecture = all(app.login("demo-bijie-manager").await, "").await;
        assert!(prefecture.iter().any(|one| one == "nayong-poultry-coop"), "{prefecture:?}");
        assert!(!prefecture.iter().any(|one| one.contains("weining") || one.contains("yunong")), "{prefecture:?}");

        assert_eq!(all(weining.clone(), "role=agent").await, ["demo-agent"]);
        assert_eq!(all(weining.clone(), "q=PRINCIPAL").await, ["yunong-principal"]);
        assert_eq!(all(weining.clone(), "q=校长").await, ["yunong-principal"]);
        assert!(all(weining.clone(), "disabled=true").await.is_empty());
        assert_eq!(all(weining.clone(), "disabled=false").await.len(), county.len());
        assert!(all(weining.clone(), "reporting_unit=520525").await.is_empty());
        assert!(all(weining.clone(), "reporting_unit=520526").await.contains(&"demo-weining".to_owned()));
        let school = app.school("demo-yunong").await.id;
        let foreign = app.school("gz-520525-001").await.id;
        let supplier = app.supplier("weining-potato-coop").await.id;
        for (filter, names) in [
            (format!("school_id={school}&role=school_principal"), vec!["yunong-principal"]),
            (format!("supplier_id={supplier}&role=supplier_clerk"), vec!["weining-potato-coop-2"]),
            (format!("school_id={foreign}"), Vec::new()),
        ] {
            let page = app.get(&format!("/accounts?{filter}")).by(&weining).await.ok();
            assert_eq!(usernames(&page), names, "{filter}");
        }
        // A cursor is a place in the order, and opens nothing.
        let admin = app.login("demo-admin").await;
        let first = app.get("/accounts?limit=1").by(&admin).await.ok();
        let cursor = first["next_cursor"].as_str().expect("more");
        let page = app.get(&format!("/accounts?limit=200&cursor={cursor}")).by(&weining).await.ok();
        assert!(usernames(&page).iter().all(|name| county.iter().any(|one| one == name)), "{page}");
        for name in ["demo-province", "gz-520525-001", "demo-admin"] {
            let id = app.account_id(name).await;
            app.get(&format!("/accounts/{id}")).by(&weining).await.refused(404, "not_found");
        }
    }

    async fn an_account_that_also_acts_elsewhere_is_shown_and_changed_in_part(app: &App) {
        let weining = manager(app).await;
        let admin = app.login("demo-admin").await;
        let account = app.member("substitute", Role::Inspector, At::School("demo-yunong")).await;
        let further = app.role(Role::CanteenManager, At::School("gz-520525-001")).await;
        let path = format!("/accounts/{account}");
        let whole = app.post(&format!("{path}/memberships"), further).by(&admin).await.ok();
        assert_eq!(whole["memberships"].as_array().expect("roles").len(), 2);

        let seen = app.get(&path).by(&weining).await;
        assert_eq!(seen.header("etag"), "\"2\"");
        assert_eq!(seen.ok()["memberships"].as_array().expect("roles").len(), 1, "the other county's is not shown");
        let before = app.snapshot().await;
        for action in ["disable", "enable", "reset-password"] {
            app.post(&format!("{path}/{action}"), json!({})).by(&weining).await.refused(403, "account_beyond_reach");
        }
        let far = format!("/memberships/{}/end", id(held(&whole, Role::CanteenManager)));
        app.post(&far, json!({"to_on": "2026-03-05"})).by(&weining).await.refused(404, "not_found");
        assert_eq!(app.snapshot().await, before);

        let near = format!("/memberships/{}/end", id(held(&whole, Role::Inspector)));
        let ended = app.post(&near, json!({"to_on": "2026-03-01"})).by(&weining).await.ok();
        assert_eq!(held(&ended, Role::Inspector)["to_on"], "2026-03-01");
        app.post(&format!("{path}/disable"), json!({})).by(&weining).await.refused(403, "account_beyond_reach");
        // Whoever left for elsewhere is not given roles from here, though the past still shows them.
        let role = app.role(Role::Inspector, At::School("demo-yunong")).await;
        app.post(&format!("{path}/memberships"), role).by(&weining).await.refused(403, "account_beyond_reach");
        let substitute = app.login("substitute").await;
        app.get(&format!("/schools/{}", app.school("demo-yunong").await.id)).by(&substitute).await.refused(404, "not_found");
        app.get(&format!("/schools/{}", app.school("gz-520525-001").await.id)).by(&substitute).await.ok();
    }

    async fn a_higher_account_is_not_reset_from_below(app: &App) {
        // The principal also reads for the county: the county's own, not the school's to reset.
        let weining = manager(app).await;
        let officer = app.member("officer", Role::AuthorityOfficer, At::Unit("520526")).await;
        let role = app.role(Role::Inspector, At::School("demo-yunong")).await;
        let path = format!("/accounts/{officer}");
        app.post(&format!("{path}/memberships"), role).by(&weining).await.ok();
        let principal = app.login("yunong-principal").await;
        let people = People::of(app).await;
        let before = app.number(DEEDS).await;
        for action in ["reset-password", "disable"] {
            let answer = app.post(&format!("{path}/{action}"), json!({})).by(&principal).await;
            answer.refused(403, "account_beyond_reach");
            for (token, above) in [(&weining, "yunong-principal"), (&principal, "yunong-2")] {
                let own = app.get(&format!("/accounts/{}", people.account(above))).by(token).await.ok();
                assert_eq!(own["disabled_at"], Value::Null);
            }
        }
        // Nor a peer: two managers of one county.
        let peer = app.member("peer", Role::AuthorityManager, At::Unit("520526")).await;
        let answer = app.post(&format!("/accounts/{peer}/disable"), json!({})).by(&weining).await;
        answer.refused(403, "account_beyond_reach");
        let held = People::of(app).await.membership("peer");
        let end = json!({"to_on": "2026-03-05"});
        app.post(&format!("/memberships/{held}/end"), end).by(&weining).await.refused(403, "role_not_grantable");
        assert_eq!(app.number(DEEDS).await, before);
    }

    async fn roles_hold_from_a_day_to_a_day(app: &App) {
        let principal = app.login("yunong-principal").await;
        let mut role = app.role(Role::Inspector, At::School("demo-yunong")).await;
        role["from_on"] = json!("2026-03-03");
        role["to_on"] = json!("2026-03-04");
        let body = json!({"username": "temp", "display_name": "临时", "membership": role});
        let made = app.post("/accounts", body).by(&principal).await.ok();
        app.execute("update account set must_change_password = false where username = 'temp'").await;
        let password = made["one_time_password"].as_str().expect("a password").to_owned();
        for (day, status) in [(2, 403), (3, 200), (4, 200), (5, 403)] {
            let token = app.login_with("temp", &password).await;
            assert_eq!(app.get("/orders").by(&token).await.status, status, "on the {day}th");
            app.wait_millis(DAY_MILLIS);
        }
        // Today is the 6th. A second span may follow, but two may not meet.
        let principal = app.login("yunong-principal").await;
        let path = format!("/accounts/{}/memberships", id(&made["account"]));
        role["from_on"] = json!("2026-03-08");
        role["to_on"] = json!("2026-03-20");
        let given = app.post(&path, role.clone()).by(&principal).header("if-match", "\"1\"").await.ok();
        assert_eq!((given["version"].as_i64(), given["memberships"].as_array().map(Vec::len)), (Some(2), Some(2)));
        role["from_on"] = json!("2026-03-20");
        role["to_on"] = Value::Null;
        app.post(&path, role.clone()).by(&principal).await.refused(409, "membership_held");
        app.post(&path, role).by(&principal).header("if-match", "\"1\"").await.refused(412, "stale_version");
        let second = given["memberships"].as_array().expect("roles").iter().find(|held| held["from_on"] == "2026-03-08");
        let path = format!("/memberships/{}/end", id(second.expect("the second")));
        for (to_on, code) in [("2026-03-04", "to_on_past"), ("2026-03-21", "to_on_later"), ("1999-01-01", "date_out_of_range")] {
            app.post(&path, json!({"to_on": to_on})).by(&principal).await.points_at("/to_on", code);
        }
        let stale = app.post(&path, json!({"to_on": "2026-03-05"})).by(&principal).header("if-match", "\"1\"").await;
        stale.refused(412, "stale_version");
        let ended = app.post(&path, json!({"to_on": "2026-03-05"})).by(&principal).header("if-match", "\"2\"").await;
        assert_eq!(ended.ok()["version"], 3);
        app.wait_millis(3 * DAY_MILLIS);
        let token = app.login_with("temp", &password).await;
        app.get("/orders").by(&token).await.refused(403, "forbidden");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'membership.end'").await, 1);
    }

    async fn a_role_ended_now_is_gone_at_once(app: &App) {
        let principal = app.login("yunong-principal").await;
        let inspector = app.login("yunong-3").await;
        app.get("/orders").by(&inspector).await.ok();
        let path = format!("/memberships/{}/end", People::of(app).await.membership("yunong-3"));
        app.post(&path, json!({"to_on": "2026-03-01"})).by(&principal).await.ok();
        app.get("/orders").by(&inspector).await.refused(403, "forbidden");
        let people = app.get(&format!("/schools/{}/inspectors", app.school("demo-yunong").await.id));
        let people = people.by(&principal).await.ok();
        assert!(!people.to_string().contains("yunong-3"), "{people}");
    }

    async fn a_closed_account_is_out_at_once_and_back_when_opened(app: &App) {
        let principal = app.login("yunong-principal").await;
        let inspector = app.login("yunong-3").await;
        let path = format!("/accounts/{}", app.account_id("yunong-3").await);
        let stale = app.post(&format!("{path}/disable"), json!({})).by(&principal).header("if-match", "\"9\"").await;
        stale.refused(412, "stale_version");
        app.get("/orders").by(&inspector).await.ok();
        let closed = app.post(&format!("{path}/disable"), json!({})).by(&principal).key("off").await.ok();
        assert!(closed["disabled_at"].is_string(), "{closed}");
        app.get("/orders").by(&inspector).await.refused(401, "token_invalid");
        let login = json!({"username": "yunong-3", "password": PASSWORD});
        app.post("/auth/login", login).await.refused(401, "login_failed");
        assert_eq!(app.post(&format!("{path}/disable"), json!({})).by(&principal).key("off").await.ok(), closed);
        app.post(&format!("{path}/disable"), json!({})).by(&principal).await.refused(409, "account_disabled");
        let open = app.post(&format!("{path}/enable"), json!({})).by(&principal).await.ok();
        assert_eq!((&open["disabled_at"], &open["version"]), (&Value::Null, &json!(3)));
        app.post(&format!("{path}/enable"), json!({})).by(&principal).await.refused(409, "account_enabled");
        // The sessions of before stay ended.
        app.get("/orders").by(&inspector).await.refused(401, "token_invalid");
        app.get("/orders").by(&app.login("yunong-3").await).await.ok();
        let told = app.texts("select action from audit_entry where action like 'account.%' and request_id <> 'bootstrap' order by at, id").await;
        assert_eq!(told.len(), 2, "{told:?}");
    }

    async fn a_reset_password_is_shown_once_and_ends_the_sessions(app: &App) {
        let principal = app.login("yunong-principal").await;
        let inspector = app.login("yunong-3").await;
        let path = format!("/accounts/{}/reset-password", app.account_id("yunong-3").await);
        let reset = app.post(&path, json!({})).by(&principal).key("reset").await.ok();
        let password = reset["one_time_password"].as_str().expect("a password").to_owned();
        assert_eq!(reset["account"]["must_change_password"], true);
        app.get("/me").by(&inspector).await.refused(401, "token_invalid");
        let login = json!({"username": "yunong-3", "password": PASSWORD});
        app.post("/auth/login", login).await.refused(401, "login_failed");
        let again = app.post(&path, json!({})).by(&principal).key("reset").await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.ok()["one_time_password"], Value::Null);
        let token = app.login_with("yunong-3", &password).await;
        app.get("/orders").by(&token).await.refused(403, "password_change_required");
        let kept = app.texts("select response from idempotency").await.join("\n");
        assert!(!kept.contains(&password));
    }

    async fn a_principal_oversees_and_may_stop_an_order(app: &App) {
        let trade = crate::support::trade::Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let principal = app.login("yunong-principal").await;
        let path = format!("/orders/{}", id(&order));
        app.get(&path).by(&principal).await.ok();
        app.get(&format!("/shares/schools/{}", trade.school_id)).by(&principal).await.ok();
        let basket = trade.basket(&[("potato", "20", "jin")]).await;
        app.post("/orders", basket).by(&principal).key("k").await.refused(403, "forbidden");
        let sibling = app.member("sibling", Role::SchoolPrincipal, At::School("gz-520526-001")).await;
        assert_ne!(sibling.to_string(), trade.school_id);
        let stop = json!({"reason": "改期"});
        let token = app.login("sibling").await;
        app.post(&format!("{path}/cancel"), stop.clone()).by(&token).await.refused(404, "not_found");
        assert_eq!(app.post(&format!("{path}/cancel"), stop).by(&principal).await.ok()["status"], "cancelled");
    }

    async fn an_auditor_sees_a_whole_subtree_and_changes_nothing(app: &App) {
        let trade = crate::support::trade::Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let auditor = app.login("demo-auditor").await;
        let before = app.number(DEEDS).await;
        for path in [
            format!("/orders/{}", id(&order)),
            format!("/ledger?school_id={}&from=2026-01-01&to=2026-12-31", trade.school_id),
            "/shares/reporting-units/520526".to_owned(),
            "/consents".to_owned(),
            format!("/accounts/{}", app.account_id("yunong").await),
        ] {
            app.get(&path).by(&auditor).await.ok();
        }
        for (path, body) in [
            (format!("/orders/{}/cancel", id(&order)), json!({"reason": "查"})),
            (format!("/accounts/{}/disable", app.account_id("yunong").await), json!({})),
        ] {
            app.post(&path, body).by(&auditor).await.refused(403, "forbidden");
        }
        // One of a county sees that county and no other.
        app.member("county-auditor", Role::Auditor, At::Unit("520525")).await;
        let county = app.login("county-auditor").await;
        app.get(&format!("/orders/{}", id(&order))).by(&county).await.refused(404, "not_found");
        app.get(&format!("/accounts/{}", app.account_id("yunong").await)).by(&county).await.refused(404, "not_found");
        app.get(&format!("/accounts/{}", app.account_id("gz-520525-001").await)).by(&county).await.ok();
        assert_eq!(app.number(DEEDS).await, before);
    }
}
