//! The second factor: enrolled, asked for, spent once, compulsory where a role says so.

use crate::support::{
    app::{App, PASSWORD, on_both},
    call::Answer,
};
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use xiaonong::{
    access::{SecondFactor, totp},
    clock::Clock,
};

fn token(session: &Value) -> &str {
    session["access_token"].as_str().expect("a token")
}

async fn login(app: &App, username: &str, code: Option<&str>) -> Answer {
    let mut body = json!({"username": username, "password": PASSWORD});
    if let Some(code) = code {
        body["code"] = code.into();
    }
    app.post("/auth/login", body).await
}

/// What an authenticator with this secret shows now.
fn shown(app: &App, secret: &[u8]) -> String {
    totp::code_at(secret, totp::step_at(app.clock.now()))
}

async fn begin(app: &App, token: &str) -> Vec<u8> {
    let begun = app.post("/me/totp", json!({"current": PASSWORD})).by(token).await.ok();
    let secret = begun["secret"].as_str().expect("a secret");
    assert!(begun["uri"].as_str().is_some_and(|uri| uri.contains(&format!("secret={secret}"))));
    BASE32_NOPAD.decode(secret.as_bytes()).expect("base32")
}

/// Enrols; answers the secret and the recovery codes.
async fn enrol(app: &App, token: &str) -> (Vec<u8>, Vec<String>) {
    let secret = begin(app, token).await;
    let confirmed = app.post("/me/totp/confirm", json!({"code": shown(app, &secret)})).by(token).await.ok();
    let codes = confirmed["recovery_codes"].as_array().expect("codes").iter();
    (secret, codes.map(|code| code.as_str().expect("a code").to_owned()).collect())
}

on_both! {
    async fn an_administrator_enrols_before_anything_else(app: &App) {
        app.account("li.lan").await;
        let app = &app.replica(|settings| settings.second_factor = SecondFactor::Compulsory).await;
        let session = login(app, "li.lan", None).await.ok();
        assert_eq!(session["account"]["must_enrol_second_factor"], true);
        let other = login(app, "li.lan", None).await.ok();
        let me = token(&session);
        let before = app.snapshot().await;
        let answer = app.get("/divisions").by(me).english().await;
        assert!(answer.refused(403, "second_factor_needed")["detail"].as_str().is_some_and(|text| text.contains("/me/totp")));
        app.get("/me").by(me).await.ok();
        app.post("/me/totp", json!({"current": "wrong"})).by(me).await.points_at("/current", "password_wrong");
        app.post("/me/totp/confirm", json!({"code": "123456"})).by(me).await.refused(409, "second_factor_not_begun");
        assert_eq!(app.snapshot().await, before);

        let secret = begin(app, me).await;
        // Until it is confirmed a log-in asks for nothing, and nothing else is open.
        login(app, "li.lan", None).await.ok();
        app.get("/divisions").by(me).await.refused(403, "second_factor_needed");
        app.post("/me/totp/confirm", json!({"code": "000000"})).by(me).await.points_at("/code", "code_wrong");
        let code = shown(app, &secret);
        let confirmed = app.post("/me/totp/confirm", json!({"code": code})).by(me).await.ok();
        assert_eq!(confirmed["recovery_codes"].as_array().map(Vec::len), Some(10));
        app.get("/divisions").by(me).await.ok();
        assert_eq!(app.get("/me").by(me).await.ok()["second_factor"], true);
        app.get("/me").by(token(&other)).await.refused(401, "token_invalid");
        app.post("/me/totp", json!({"current": PASSWORD})).by(me).await.refused(409, "second_factor_on");
        app.post("/me/totp/disable", json!({"current": PASSWORD, "code": code})).by(me).await
            .refused(409, "second_factor_compulsory");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'account.confirm_second_factor'").await, 1);
    }

    async fn a_log_in_needs_the_code_and_takes_it_once(app: &App) {
        app.account("li.lan").await;
        let (secret, _) = enrol(app, &app.login("li.lan").await).await;
        // The code that confirmed is spent.
        let spent = shown(app, &secret);
        login(app, "li.lan", Some(&spent)).await.refused(401, "second_factor_wrong");
        login(app, "li.lan", None).await.refused(401, "second_factor_required");
        // Only who has the password learns that there is a second factor.
        let body = json!({"username": "li.lan", "password": "wrong", "code": spent});
        app.post("/auth/login", body).await.refused(401, "login_failed");
        app.wait_millis(30_000);
        let code = shown(app, &secret);
        let elsewhere = app.second_replica().await;
        let (here, there) = tokio::join!(login(app, "li.lan", Some(&code)), login(&elsewhere, "li.lan", Some(&code)));
        let mut both = [here.status, there.status];
        both.sort_unstable();
        assert_eq!(both, [200, 401], "one code, one log-in");
        // A code that was passed over does not come back: steps only go on.
        login(app, "li.lan", Some(&spent)).await.refused(401, "second_factor_wrong");
        app.wait_millis(30_000);
        let spaced = format!(" {} {} ", &shown(app, &secret)[..3], &shown(app, &secret)[3..]);
        login(app, "li.lan", Some(&spaced)).await.ok();
        // Accounts without one take a code as no harm.
        app.account("wu.mei").await;
        login(app, "wu.mei", Some("123456")).await.ok();
    }

    async fn a_recovery_code_stands_in_once(app: &App) {
        app.account("li.lan").await;
        let me = app.login("li.lan").await;
        let (secret, codes) = enrol(app, &me).await;
        login(app, "li.lan", Some(&codes[0])).await.ok();
        login(app, "li.lan", Some(&codes[0])).await.refused(401, "second_factor_wrong");
        login(app, "li.lan", Some(&codes[1].to_uppercase().replace('-', ""))).await.ok();
        // Another's codes are worth nothing here.
        app.account("wu.mei").await;
        let (_, others) = enrol(app, &app.login("wu.mei").await).await;
        login(app, "li.lan", Some(&others[0])).await.refused(401, "second_factor_wrong");
        // Neither secret nor codes lie open in the database.
        let stored = app.texts("select sealed_secret from totp").await.join(" ") + &app.texts("select code_hash from recovery_code").await.join(" ");
        for open in [xiaonong::http::hex(&secret), BASE32_NOPAD.encode(&secret), codes[2].clone(), codes[2].replace('-', "")] {
            assert!(!stored.contains(&open));
        }
        // New codes void the old.
        app.wait_millis(30_000);
        let prove = json!({"current": PASSWORD, "code": shown(app, &secret)});
        let renewed = app.post("/me/totp/recovery-codes", prove).by(&me).await.ok();
        login(app, "li.lan", Some(&codes[2])).await.refused(401, "second_factor_wrong");
        login(app, "li.lan", renewed["recovery_codes"][0].as_str()).await.ok();
    }

    async fn who_need_not_have_one_may_take_it_off(app: &App) {
        let app = &app.replica(|settings| settings.second_factor = SecondFactor::Compulsory).await;
        let me = app.login("yunong").await;
        app.get("/divisions").by(&me).await.ok();
        let off = |code: &str| app.post("/me/totp/disable", json!({"current": PASSWORD, "code": code})).by(&me);
        off("123456").await.refused(409, "second_factor_off");
        let (secret, codes) = enrol(app, &me).await;
        off("000000").await.points_at("/code", "code_wrong");
        app.post("/me/totp/disable", json!({"current": "wrong", "code": codes[0]})).by(&me).await
            .points_at("/current", "password_wrong");
        app.wait_millis(30_000);
        assert_eq!(off(&shown(app, &secret)).await.status, 204);
        login(app, "yunong", None).await.ok();
        assert_eq!(app.number("select count(*) from recovery_code").await, 0);
        // It can be begun anew, with another secret.
        let again = begin(app, &me).await;
        assert_ne!(again, secret);
    }

    async fn codes_cannot_be_guessed(app: &App) {
        app.account("li.lan").await;
        let me = app.login("li.lan").await;
        let secret = begin(app, &me).await;
        let right = shown(app, &secret);
        let wrong = if right == "000000" { "000001" } else { "000000" };
        for _ in 0..10 {
            app.post("/me/totp/confirm", json!({"code": wrong})).by(&me).await.refused(422, "invalid");
        }
        app.post("/me/totp/confirm", json!({"code": right})).by(&me).await.refused(429, "too_many_requests");
        app.wait_millis(900_000);
        let fresh = app.login("li.lan").await;
        let code = shown(app, &secret);
        app.post("/me/totp/confirm", json!({"code": code})).by(&fresh).await.ok();
        // At log-in too, from however many addresses.
        for number in 0..10 {
            let body = json!({"username": "li.lan", "password": PASSWORD, "code": wrong});
            let answer = app.post("/auth/login", body).from(&format!("198.51.100.{number}")).await;
            answer.refused(401, "second_factor_wrong");
        }
        app.wait_millis(30_000);
        let body = json!({"username": "li.lan", "password": PASSWORD, "code": shown(app, &secret)});
        app.post("/auth/login", body).from("203.0.113.9").await.refused(429, "too_many_requests");
    }

    async fn a_newcomer_replaces_the_password_first(app: &App) {
        app.account_with("li.lan", true).await;
        let app = &app.replica(|settings| settings.second_factor = SecondFactor::Compulsory).await;
        let me = app.login("li.lan").await;
        app.post("/me/totp", json!({"current": PASSWORD})).by(&me).await.refused(403, "password_change_required");
        let change = json!({"current": PASSWORD, "new": "苗岭梯田里的稻花香二十里"});
        assert_eq!(app.post("/me/password", change).by(&me).await.status, 204);
        app.get("/divisions").by(&me).await.refused(403, "second_factor_needed");
    }

    async fn it_can_be_asked_of_everybody(app: &App) {
        let app = &app.replica(|settings| settings.second_factor = SecondFactor::Everybody).await;
        let buyer = app.session("yunong").await;
        assert_eq!(buyer["account"]["must_enrol_second_factor"], true);
        let me = buyer["access_token"].as_str().expect("a token");
        app.get("/listings").by(me).await.refused(403, "second_factor_needed");
    }
}
