//! ID numbers, phones and accounts of households: sealed, found by hash, masked, revealed for a reason, and nowhere else.

use crate::support::{
    app::{App, PASSWORD, on_both},
    people::At,
    server::{Server, run},
    trade::{Trade, fresh_key, id},
};
use data_encoding::BASE32_NOPAD;
use entity::{household, membership::Role};
use ring::digest;
use sea_orm::{DbBackend, EntityTrait};
use serde_json::{Value, json};
use std::fs;
use xiaonong::{
    access::totp,
    clock::{Clock, SystemClock},
    demo,
    http::{Language, hex},
    registry::ImportError,
    suppliers::{households_to_reseal, import_households, reseal_households},
    vault::{MasterSource, VaultError},
};

/// Planted: all of them synthetic.
const ID_NUMBER: &str = "522427198002290016";
const PHONE: &str = "19912345678";
const ACCOUNT: &str = "6219990000987654326";
/// One that is refused, and is no less somebody's for that.
const WRONG_ID: &str = "522427198002290017";

/// Logs in who keeps the households of Weining, made at the first call.
async fn keeper(app: &App) -> String {
    app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-keeper").await
}

async fn household(app: &App, officer: &str, code: &str) -> Value {
    let page = app.get(&format!("/households?code={code}")).by(officer).await.ok();
    page["items"][0].clone()
}

fn numbers() -> Value {
    json!({"id_number": ID_NUMBER, "phone": PHONE, "bank_account": ACCOUNT})
}

fn reveal_all() -> Value {
    json!({"fields": ["name", "id_number", "phone", "bank_account"], "reason": "核对货款打款账户"})
}

on_both! {
    async fn numbers_are_masked_found_and_revealed_for_a_reason(app: &App) {
        let officer = keeper(app).await;
        let shown = household(app, &officer, "h-520526-01").await;
        assert_eq!(shown["name"], "王*");
        assert_eq!(shown["id_number"], "520000********0019");
        assert_eq!(shown["phone"], "199****0001");
        assert_eq!(shown["bank_account"], "****0010");
        assert_eq!(shown["statuses"], json!(["lifted"]));

        let path = format!("/households/{}", id(&shown));
        let key = fresh_key();
        let typed = json!({"id_number": "522427 19800229 0016", "phone": "+86 199-1234-5678", "bank_account": ACCOUNT});
        let change = || app.patch(&format!("{path}/personal-data"), typed.clone()).by(&officer).key(&key);
        let changed = change().header("if-match", "\"1\"").await.ok();
        assert_eq!(changed["id_number"], "522427********0016");
        assert_eq!((&changed["phone"], &changed["bank_account"]), (&json!("199****5678"), &json!("****4326")));
        assert_eq!(changed["version"], 2);
        let again = change().header("if-match", "\"1\"").await;
        assert_eq!((again.ok(), again.header("idempotency-replayed")), (changed.clone(), "true"));
        change().key(&fresh_key()).header("if-match", "\"1\"").await.refused(412, "stale_version");
        let found = app.get(&path).by(&officer).await;
        assert_eq!((found.ok(), found.header("etag")), (changed.clone(), "\"2\""));

        for number in [json!({"id_number": ID_NUMBER}), json!({"phone": "199 1234 5678"}), json!({"bank_account": ACCOUNT})] {
            let found = app.post("/households/search", number.clone()).by(&officer).await;
            assert_eq!(found.ok()["items"], json!([changed]), "{number}");
            assert_eq!(found.header("cache-control"), "no-store");
        }
        // The number before is nobody's now, and another county's officer finds nothing.
        for (who, number) in [("weining-keeper", "520000190001010019"), ("demo-bijie", ID_NUMBER)] {
            let token = app.login(who).await;
            let found = app.post("/households/search", json!({"id_number": number})).by(&token).await;
            assert_eq!(found.ok()["items"], json!([]), "{who}");
        }

        let keys = app.number("select count(*) from idempotency").await;
        let seen = app.post(&format!("{path}/reveal"), reveal_all()).by(&officer).key(&fresh_key()).await;
        let mut all = numbers();
        (all["id"], all["name"]) = (shown["id"].clone(), json!("王某"));
        assert_eq!((seen.ok(), seen.header("cache-control")), (all, "no-store"));
        assert_eq!(app.number("select count(*) from idempotency").await, keys, "the answer is kept nowhere");
        let some = json!({"fields": ["phone"], "reason": "通知验收时间"});
        let seen = app.post(&format!("{path}/reveal"), some).by(&officer).await.ok();
        assert_eq!(seen, json!({"id": shown["id"], "phone": PHONE}));
        let details = app.texts("select detail from audit_entry where action = 'household.reveal' order by at, id").await;
        let expected = json!({"fields": ["name", "id_number", "phone", "bank_account"], "reason": "核对货款打款账户"});
        let details: Vec<Value> = details.iter().map(|one| serde_json::from_str(one).expect("JSON")).collect();
        assert!(details.contains(&expected), "{details:?}");
        assert_eq!(details.len(), 2);
        let who = "select a.username from audit_entry e join account a on a.id = e.account_id where e.resource = 'household'";
        assert!(app.texts(who).await.iter().all(|name| name == "weining-keeper"));

        let cleared = app.patch(&format!("{path}/personal-data"), json!({"phone": null})).by(&officer).await.ok();
        assert_eq!((&cleared["phone"], &cleared["id_number"]), (&Value::Null, &changed["id_number"]));
        let seen = app.post(&format!("{path}/reveal"), json!({"fields": ["phone"], "reason": "通知验收时间"})).by(&officer).await;
        assert_eq!(seen.ok(), json!({"id": shown["id"], "phone": null}));
    }

    async fn others_see_no_household(app: &App) {
        let officer = keeper(app).await;
        let shown = household(app, &officer, "h-520526-01").await;
        let path = format!("/households/{}", id(&shown));
        for (who, list, find, reveal) in [
            ("demo-province", 200, 200, 403),
            ("demo-bijie", 200, 404, 403),
            ("demo-bijie-manager", 200, 404, 404),
            ("demo-auditor", 200, 200, 403),
            ("demo-admin", 200, 200, 403),
            ("yunong", 403, 403, 403),
            ("yunong-2", 403, 403, 403),
            ("weining-potato-coop", 403, 403, 403),
            ("hh-weining-01", 403, 403, 403),
        ] {
            let token = app.login(who).await;
            assert_eq!(app.get("/households").by(&token).await.status, list, "{who}");
            assert_eq!(app.get(&path).by(&token).await.status, find, "{who}");
            assert_eq!(app.post(&format!("{path}/reveal"), reveal_all()).by(&token).await.status, reveal, "{who}");
        }
        let bijie = app.login("demo-bijie").await;
        let page = app.get("/households?limit=200").by(&bijie).await.ok();
        let items = page["items"].as_array().expect("items");
        let of_bijie = |item: &Value| item["county_code"].as_str().is_some_and(|code| code.starts_with("5205"));
        assert!(!items.is_empty() && items.iter().all(of_bijie), "{page}");
        assert!(items.iter().all(|item| item["county_code"] != "520526"), "Weining reports to the province (S10)");
        // Pages follow one another.
        let first = app.get("/households?limit=2&county=520526").by(&officer).await.ok();
        let cursor = first["next_cursor"].as_str().expect("more");
        let second = app.get(&format!("/households?limit=2&county=520526&cursor={cursor}")).by(&officer).await.ok();
        assert!(second["items"][0]["id"].as_str() > first["items"][1]["id"].as_str());
    }

    async fn what_is_wrong_is_told_without_the_number(app: &App) {
        let officer = keeper(app).await;
        let shown = household(app, &officer, "h-520526-01").await;
        let path = format!("/households/{}", id(&shown));
        let before = app.snapshot().await;
        for (body, pointer, code) in [
            (json!({"id_number": WRONG_ID}), "/id_number", "id_number_checksum"),
            (json!({"id_number": "522427198102290013"}), "/id_number", "id_number_date"),
            (json!({"id_number": "52242719800229"}), "/id_number", "id_number_malformed"),
            (json!({"phone": "12912345678"}), "/phone", "phone_malformed"),
            (json!({"bank_account": "6219990000987654327"}), "/bank_account", "bank_account_checksum"),
            (json!({"bank_account": "62-x"}), "/bank_account", "bank_account_malformed"),
            (json!({"id_number": 522_427_198_002_290_016_i64}), "/id_number", "wrong_type"),
            (json!({"name": PHONE}), "/name", "unknown_field"),
            (json!({}), "", "nothing_to_change"),
        ] {
            let call = || app.patch(&format!("{path}/personal-data"), body.clone()).by(&officer).key(&fresh_key());
            for (answer, chinese) in [(call().await, true), (call().english().await, false)] {
                answer.refused(422, "invalid");
                let told = answer.points_at(pointer, code);
                assert_eq!(told.is_ascii(), !chinese, "{told}");
                let typed = body.as_object().and_then(|body| body.values().next()).map(Value::to_string).unwrap_or_default();
                assert!(typed.len() < 8 || !answer.text().contains(typed.trim_matches('"')), "{}", answer.text());
            }
        }
        for (body, pointer, code) in [
            (json!({}), "", "one_number"),
            (json!({"id_number": ID_NUMBER, "phone": PHONE}), "", "one_number"),
            (json!({"id_number": WRONG_ID}), "/id_number", "id_number_checksum"),
        ] {
            let answer = app.post("/households/search", body).by(&officer).await;
            answer.refused(422, "invalid");
            answer.points_at(pointer, code);
        }
        for (body, pointer, code) in [
            (json!({"fields": [], "reason": "核对货款"}), "/fields", "field_count"),
            (json!({"fields": ["phone", "phone"], "reason": "核对货款账户"}), "/fields", "field_count"),
            (json!({"fields": ["colour"], "reason": "核对货款账户"}), "/fields/0", "unknown_value"),
            (json!({"fields": ["phone"], "reason": "好"}), "/reason", "too_short"),
            (json!({"fields": ["phone"], "reason": "   "}), "/reason", "required"),
            (json!({"fields": ["phone"], "reason": "核对 5224 2719 8002 2900 16"}), "/reason", "number_in_reason"),
        ] {
            let answer = app.post(&format!("{path}/reveal"), body).by(&officer).await;
            answer.refused(422, "invalid");
            answer.points_at(pointer, code);
        }
        // An ID number is one household's; whose, is not said.
        let taken = app.patch(&format!("{path}/personal-data"), json!({"id_number": "520000190001010027"})).by(&officer).await;
        taken.refused(409, "id_number_taken");
        assert!(!taken.text().contains("h-520526") && !taken.text().contains("520000190001010027"), "{}", taken.text());
        assert_eq!(app.snapshot().await, before);
    }

    async fn reveals_are_limited_by_account_and_day(app: &App) {
        let strict = app.replica(|settings| settings.reveals_per_day = 2).await;
        let officer = keeper(&strict).await;
        let shown = household(&strict, &officer, "h-520526-01").await;
        let reveal = async || strict.post(&format!("/households/{}/reveal", id(&shown)), reveal_all()).by(&officer).await;
        assert_eq!([reveal().await.status, reveal().await.status], [200, 200]);
        let answer = reveal().await;
        answer.refused(429, "too_many_requests");
        assert_eq!(answer.header("retry-after"), "86400");
        assert_eq!(app.number("select count(*) from audit_entry where action = 'household.reveal'").await, 2);
        strict.wait_millis(24 * 3600 * 1000);
        let officer = keeper(&strict).await;
        assert_eq!(strict.post(&format!("/households/{}/reveal", id(&shown)), reveal_all()).by(&officer).await.status, 200);
    }

    async fn a_sealed_number_moved_to_another_row_is_not_shown(app: &App) {
        let officer = keeper(app).await;
        let shown = household(app, &officer, "h-520526-01").await;
        app.execute(
            "update household set phone_sealed = (select h.phone_sealed from household h where h.code = 'h-520526-02') \
             where code = 'h-520526-01'",
        )
        .await;
        let answer = app.get(&format!("/households/{}", id(&shown))).by(&officer).await;
        answer.refused(500, "internal");
    }

    async fn keys_are_rotated_while_the_service_runs(app: &App) {
        let other = app.second_replica().await;
        let officer = keeper(app).await;
        let shown = household(app, &officer, "h-520526-01").await;
        let path = format!("/households/{}", id(&shown));
        let all = household::Entity::find().all(app.ctx.store.primary()).await.expect("reads").len() as u64;
        assert_eq!(households_to_reseal(&app.ctx).await.expect("counts"), 0);

        let txn = app.ctx.store.begin().await.expect("begins");
        let version = app.ctx.vault.rotate(&txn, &app.ctx.ids, app.ctx.clock.now()).await.expect("rotates");
        txn.commit().await.expect("commits");
        assert_eq!((version, households_to_reseal(&app.ctx).await.expect("counts")), (2, all));
        // Between: the other replica reads what is sealed under the old key and seals under the new one.
        let token = keeper(&other).await;
        other.patch(&format!("{path}/personal-data"), json!({"phone": PHONE})).by(&token).await.ok();
        let row = "select phone_sealed from household where code = 'h-520526-01'";
        assert!(other.texts(row).await[0].starts_with("v2."));
        let seen = other.post(&format!("{path}/reveal"), reveal_all()).by(&token).await.ok();
        assert_eq!((&seen["phone"], &seen["id_number"]), (&json!(PHONE), &json!("520000190001010019")));

        let mut heard = 0;
        assert_eq!(reseal_households(&app.ctx, |done| heard = done).await.expect("seals"), all);
        assert_eq!((heard, households_to_reseal(&app.ctx).await.expect("counts")), (all, 0));
        assert_eq!(reseal_households(&app.ctx, |_| {}).await.expect("nothing is left"), 0);
        let old = "select count(*) from household where id_number_sealed like 'v1.%' or phone_sealed like 'v1.%'";
        assert_eq!(app.number(old).await, 0);
        let after = other.post(&format!("{path}/reveal"), reveal_all()).by(&token).await.ok();
        assert_eq!(after, seen, "the service reads on");
        let found = other.post("/households/search", json!({"phone": PHONE})).by(&token).await.ok();
        assert_eq!(found["items"][0]["id"], shown["id"], "hashes do not change");
    }

    async fn the_master_key_is_changed_while_the_service_runs(app: &App) {
        // From a key in the environment to one in a file, and on to another file.
        let file = crate::support::process::scratch_dir().join(format!("{:?}.key", app.ctx.store.backend()));
        let over = |current, next| move |settings: &mut xiaonong::config::Settings| {
            settings.master_keys = MasterSource::Given { current, next };
        };
        let MasterSource::Given { current, .. } = app.ctx.settings.master_keys.clone() else { panic!("given") };
        let other_key = xiaonong::vault::MasterKey::parse(&xiaonong::vault::Secret::new("ab".repeat(32))).expect("a key");
        let changing = app.replica(over(current.clone(), Some(other_key.clone()))).await;
        let change = async |app: &App| {
            let txn = app.ctx.store.begin().await.expect("begins");
            let keys = app.ctx.vault.rewrap(&txn, &app.ctx.ids).await?;
            txn.commit().await.expect("commits");
            app.ctx.vault.settle()?;
            Ok::<_, VaultError>(keys)
        };
        assert!(matches!(change(app).await, Err(VaultError::Master(_))), "there is no next key");
        assert_eq!(change(&changing).await.expect("changes"), 2);
        let officer = keeper(&changing).await;
        assert_eq!(household(&changing, &officer, "h-520526-01").await["phone"], "199****0001");
        let wrong = app.replica(over(current, None)).await;
        assert!(matches!(wrong.ctx.vault.prepare(&wrong.ctx.store, &wrong.ctx.ids, wrong.ctx.clock.now()).await, Err(VaultError::WrongMaster)));
        wrong.get("/households").by(&officer).await.refused(500, "internal");

        fs::write(&file, "ab".repeat(32)).expect("writes");
        let here = app.replica(|settings| settings.master_keys = MasterSource::File(file.clone())).await;
        let there = app.replica(|settings| settings.master_keys = MasterSource::File(file.clone())).await;
        assert_eq!(household(&there, &officer, "h-520526-01").await["phone"], "199****0001");
        assert_eq!(change(&here).await.expect("changes"), 2);
        assert_ne!(fs::read_to_string(&file).expect("reads").trim(), "ab".repeat(32));
        for replica in [&here, &there] {
            assert_eq!(household(replica, &officer, "h-520526-01").await["phone"], "199****0001");
        }
        fs::remove_file(&file).expect("removes");
        let lost = app.replica(|settings| settings.master_keys = MasterSource::File(file.clone())).await;
        let told = lost.ctx.vault.prepare(&lost.ctx.store, &lost.ctx.ids, lost.ctx.clock.now()).await.expect_err("lost");
        assert!(told.to_string().contains("put it back") && !file.exists(), "{told}");
    }

    async fn the_command_rotates_keys(app: &App) {
        let next = "cd".repeat(32);
        let command = |arguments: &[&str], settings: &[(&str, &str)]| run(app.database_url(), arguments, settings);
        let (done, told) = command(&["rotate-keys"], &[]);
        assert!(done && told.contains("version 2 seals") && told.contains("sealed: 60 households"), "{told}");
        // Cut short in the middle: the next run takes it up and makes no further key.
        let txn = app.ctx.store.begin().await.expect("begins");
        app.ctx.vault.rotate(&txn, &app.ctx.ids, app.ctx.clock.now()).await.expect("rotates");
        txn.commit().await.expect("commits");
        let (done, told) = command(&["rotate-keys"], &[]);
        assert!(done && told.contains("resuming: 60 households"), "{told}");
        assert_eq!(app.number("select max(version) from data_key").await, 3);
        let (done, told) = command(&["rotate-keys", "--master"], &[]);
        assert!(!done && told.contains("VAULT_KEY_NEXT"), "{told}");
        let (done, told) = command(&["rotate-keys", "--master"], &[("VAULT_KEY_NEXT", &next)]);
        assert!(done && told.contains("4 data keys"), "{told}");
        let (done, told) = command(&["rotate-keys"], &[]);
        assert!(!done && told.contains("does not open the data keys"), "the old master key is of no use: {told}");
        let (done, told) = command(&["rotate-keys"], &[("VAULT_KEY", &next)]);
        assert!(done && told.contains("version 4"), "{told}");
        let lines = "select action from audit_entry where resource = 'data_key' and account_id is null";
        assert_eq!(app.texts(lines).await.len(), 6);
    }

    async fn a_first_key_file_is_made_for_its_owner_only(app: &App) {
        use std::os::unix::fs::PermissionsExt;
        let file = crate::support::process::scratch_dir().join(format!("first-{:?}/vault.key", app.ctx.store.backend()));
        app.execute("delete from data_key").await;
        let fresh = app.replica(|settings| settings.master_keys = MasterSource::File(file.clone())).await;
        fresh.ctx.vault.prepare(&fresh.ctx.store, &fresh.ctx.ids, fresh.ctx.clock.now()).await.expect("makes the keys");
        assert_eq!(fs::metadata(&file).expect("is there").permissions().mode() & 0o777, 0o600);
        let folder = fs::read_dir(file.parent().expect("a folder")).expect("reads");
        assert_eq!(folder.count(), 1, "no draft is left");
        fresh.ctx.vault.prepare(&fresh.ctx.store, &fresh.ctx.ids, fresh.ctx.clock.now()).await.expect("and reads them");
    }

    async fn households_come_in_with_their_numbers(app: &App) {
        let header = "code,name,division_code,history,status,from_on,to_on,proof_number,id_number,phone,bank_account\n";
        let row = |code: &str, numbers: &str| format!("{code},陈某,520526109,registration,lifted,2021-01-01,,F-1,{numbers}\n");
        let import = async |rows: &str| import_households(&app.ctx, &format!("{header}{rows}"), false).await;
        let before = app.snapshot().await;
        let bad = [
            row("n-1", &format!("{WRONG_ID},{PHONE},{ACCOUNT}")),
            row("n-2", &format!("520000190001010019,12,{ACCOUNT}")),
            format!("n-3,陈某,520526109,registration,{ID_NUMBER},2021-01-01,,F-1,,,\n"),
        ];
        let Err(ImportError::Refused(refused)) = import(&bad.concat()).await else { panic!("refused") };
        let places: Vec<_> = refused.iter().map(|it| (it.line, it.column)).collect();
        assert_eq!(places, [(2, "id_number"), (3, "phone"), (3, "id_number"), (4, "status")]);
        let told = format!("{refused:?}");
        assert!([WRONG_ID, ID_NUMBER, "520000190001010019"].iter().all(|number| !told.contains(number)), "{told}");
        assert!(refused[2].reason.in_language(Language::Chinese).contains("另一农户"));
        assert_eq!(app.snapshot().await, before);
        import(&row("n-1", &format!("{ID_NUMBER},{PHONE},{ACCOUNT}"))).await.expect("comes in");
        let officer = keeper(app).await;
        let found = app.post("/households/search", json!({"id_number": ID_NUMBER})).by(&officer).await.ok();
        assert_eq!(found["items"][0]["code"], "n-1");
        assert!(!app.dump().await.contains(ID_NUMBER));
    }

    // The real binary, logging all it can, with numbers put in every way there is: none of them is anywhere afterwards.
    async fn planted_numbers_are_nowhere(app: &App) {
        let seal = format!("SEAL_KEY_FILE={}", app.ctx.settings.seal_key_file.display());
        let server = Server::start(app.database_url(), &seal);
        let login = |name: &str, code: Option<String>| {
            let body = json!({"username": name, "password": PASSWORD, "code": code}).to_string();
            let answer = server.call("POST", "/api/v1/auth/login", "", &body);
            let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
            let session: Value = serde_json::from_str(body).expect("JSON");
            session["access_token"].as_str().expect("a token").to_owned()
        };
        let token = keeper(app).await;
        // The binary asks whoever manages for a second factor.
        let begun = app.post("/me/totp", json!({"current": PASSWORD})).by(&token).await.ok();
        let secret = BASE32_NOPAD.decode(begun["secret"].as_str().expect("a secret").as_bytes()).expect("base32");
        let code_at = |now| totp::code_at(&secret, totp::step_at(now));
        let code = json!({"code": code_at(app.clock.now())});
        app.post("/me/totp/confirm", code).by(&token).await.ok();
        let officer = login("weining-keeper", Some(code_at(SystemClock.now())));
        let shown = household(app, &token, "h-520526-01").await;
        let path = format!("/api/v1/households/{}", id(&shown));
        let bearer = format!("authorization: Bearer {officer}\r\n");
        let key = format!("{bearer}idempotency-key: k-1\r\n");
        let mut answers = String::new();
        let mut status = |answer: String| {
            let status = answer.split(' ').nth(1).expect("a status").to_owned();
            answers.push_str(&answer);
            status
        };
        let change = numbers().to_string();
        let target = format!("{path}/personal-data");
        assert_eq!(status(server.call("PATCH", &target, &key, &change)), "200");
        assert_eq!(status(server.call("PATCH", &target, &key, &change)), "200");
        assert_eq!(status(server.call("PATCH", &target, &key, &numbers().to_string().replace("199", "198"))), "422");
        assert_eq!(status(server.call("PATCH", &target, &format!("{bearer}if-match: \"1\"\r\n"), &change)), "412");
        let second = household(app, &token, "h-520526-02").await;
        let theirs = format!("/api/v1/households/{}/personal-data", id(&second));
        assert_eq!(status(server.call("PATCH", &theirs, &key.replace("k-1", "k-2"), &change)), "409");
        for body in [
            json!({"id_number": WRONG_ID}).to_string(),
            json!({"phone": ID_NUMBER, "bank_account": format!("{ACCOUNT}9")}).to_string(),
            json!({"id_number": [ID_NUMBER]}).to_string(),
            format!("{{\"phone\": {PHONE}, \"id_number\": 5.{ID_NUMBER}}}"),
            format!("{{\"colour\": \"{ID_NUMBER}\"}}"),
        ] {
            assert_eq!(status(server.call("PATCH", &target, &bearer, &body)), "422", "{body}");
        }
        for body in [format!("{{\"id_number\": \"{ID_NUMBER}\""), format!("{{\"id_number\": {ID_NUMBER}x}}"), PHONE.to_owned()] {
            let told = status(server.call("PATCH", &target, &bearer, &body));
            assert!(["400", "422"].contains(&told.as_str()), "{told}: {body}");
        }
        assert_eq!(status(server.call("PATCH", &target, "", &change)), "401");
        let stranger = login("yunong", None);
        assert_eq!(status(server.call("PATCH", &target, &format!("authorization: Bearer {stranger}\r\n"), &change)), "403");
        for body in [json!({"id_number": ID_NUMBER}), json!({"phone": PHONE}), json!({"bank_account": ACCOUNT}), json!({"id_number": WRONG_ID})] {
            status(server.call("POST", "/api/v1/households/search", &bearer, &body.to_string()));
        }
        for wanted in [path.as_str(), "/api/v1/households?limit=200", "/api/v1/suppliers?limit=200", "/metrics", "/openapi.json"] {
            assert_eq!(status(server.call("GET", wanted, &bearer, "")), "200", "{wanted}");
        }
        // The reveal alone shows them; its answer is not among those searched.
        let seen = server.call("POST", &format!("{path}/reveal"), &bearer, &reveal_all().to_string());
        assert!(seen.contains(ID_NUMBER) && seen.contains(PHONE) && seen.contains(ACCOUNT), "{seen}");
        assert!(seen.to_lowercase().contains("cache-control: no-store"), "{seen}");
        assert_eq!(status(server.call("POST", &format!("{path}/reveal"), &bearer, &format!("{{\"fields\": [\"{ID_NUMBER}\"]}}"))), "422");
        // And when the database fails in the middle.
        app.execute("alter table household rename to hidden_name").await;
        assert_eq!(status(server.call("PATCH", &target, &bearer, &change)), "500");
        assert_eq!(status(server.call("POST", "/api/v1/households/search", &bearer, &change.replace(PHONE, ""))), "422");
        app.execute("alter table hidden_name rename to household").await;

        let log = server.log();
        assert!(log.contains("DEBUG") && log.contains("request failed"), "all is logged:\n{log}");
        let mut places = vec![("the log", log.into_bytes()), ("the answers", answers.into_bytes()), ("the tables", app.dump().await.into_bytes())];
        if app.ctx.store.backend() == DbBackend::Sqlite {
            let file = app.database_url().trim_start_matches("sqlite:").to_owned();
            places.push(("the file", fs::read(&file).expect("the file")));
            places.push(("its log", fs::read(format!("{file}-wal")).expect("the write-ahead log")));
        }
        let hash = |text: &str| hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        let plain_hash = hash(&format!("PATCH\n{target}\n{change}\n"));
        let mut planted: Vec<String> = [ID_NUMBER, PHONE, ACCOUNT, WRONG_ID].map(str::to_owned).to_vec();
        planted.extend([ID_NUMBER, PHONE, ACCOUNT].map(hash));
        planted.extend(["19800229", "520000190001010019"].map(str::to_owned));
        planted.push(plain_hash);
        for (place, bytes) in places {
            assert!(bytes.len() > 1_000, "{place} holds something");
            for number in &planted {
                // The document's own examples are invented and public.
                let known = place == "the answers" && number == "520000190001010019";
                let found = bytes.windows(number.len()).any(|window| window == number.as_bytes());
                assert!(known || !found, "{number} stands in {place}");
            }
        }
    }

    async fn the_demonstration_s_households_have_sealed_numbers(app: &App) {
        demo::load_province(&app.ctx).await.expect("loads");
        let rows = household::Entity::find().all(app.ctx.store.primary()).await.expect("reads");
        assert_eq!(rows.len(), 60);
        for row in rows {
            for sealed in [row.id_number_sealed, row.phone_sealed, row.bank_account_sealed] {
                assert!(sealed.expect("is there").starts_with("v1."));
            }
        }
        // A household that sells is a supplier like others: nothing of its numbers comes with it.
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let suppliers = app.get("/suppliers?kind=household&limit=200").by(&trade.buyer).await;
        assert!(suppliers.ok()["items"].as_array().is_some_and(|items| !items.is_empty()));
        assert!(!suppliers.text().contains("1990000") && !suppliers.text().contains("household_id"), "{}", suppliers.text());
    }
}
