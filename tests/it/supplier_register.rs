//! The register of suppliers: entered by their county with a code of their kind, changed under versions, numbers sealed.

use crate::support::{
    app::{App, on_both},
    people::At,
    trade::{fresh_key, id},
};
use entity::membership::Role;
use serde_json::{Value, json};
use xiaonong::suppliers::{reseal_suppliers, suppliers_to_reseal};

/// Synthetic, as all numbers here.
const FARMER: &str = "520000190001019996";
const CARD: &str = "6219990000000000010";
const COOPERATIVE: &str = "93520526MA6WNNG01E";
const COMPANY: &str = "91520526MA6WNNG03T";
const VECTORS: &str = include_str!("../data/validation_vectors.csv");

async fn manager(app: &App) -> String {
    app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-keeper").await
}

fn coop() -> Value {
    json!({
        "code": "S-520526-099", "name": "威宁县草海种植农民专业合作社", "kind": "cooperative", "division_code": "520526109",
        "village": "草海村一组", "social_credit_code": COOPERATIVE, "phone": "19900000099",
    })
}

fn farm() -> Value {
    json!({
        "code": "S-520526-100", "name": "草海家庭农场", "kind": "family_farm", "division_code": "520526109",
        "id_number": FARMER, "phone": "19900000088",
    })
}

fn with(base: &Value, change: &Value) -> Value {
    let mut body = base.clone();
    for (field, value) in change.as_object().expect("fields") {
        body[field] = value.clone();
    }
    body
}

/// A household of Weining that sells nothing yet.
async fn household(app: &App, officer: &str, code: &str, id_number: Option<&str>) -> String {
    let body = json!({"code": code, "name": "张某", "division_code": "520526109", "id_number": id_number, "phone": "19900000077"});
    id(&app.post("/households", body).by(officer).await.ok()).to_owned()
}

on_both! {
    async fn each_kind_is_entered_with_what_it_needs(app: &App) {
        let officer = app.login("demo-weining").await;
        let key = fresh_key();
        let made = app.post("/suppliers", coop()).by(&officer).key(&key).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.ok();
        assert_eq!((&made["status"], &made["version"]), (&json!("pending"), &json!(1)));
        assert_eq!((&made["social_credit_code"], &made["village"]), (&json!(COOPERATIVE), &json!("草海村一组")));
        assert_eq!((&made["phone"], &made["id_number"], &made["linked_households"]), (&json!("199****0099"), &Value::Null, &json!(0)));
        let again = app.post("/suppliers", coop()).by(&officer).key(&key).await;
        assert_eq!((again.ok(), again.header("idempotency-replayed")), (made.clone(), "true"));

        let processor = json!({
            "code": "S-520526-101", "name": "草海食品有限公司", "kind": "processor", "division_code": "520526",
            "social_credit_code": " 91520526-ma6wnng03t ",
        });
        let processor = app.post("/suppliers", processor).by(&officer).await.ok();
        assert_eq!(processor["social_credit_code"], COMPANY, "in normal form");
        let of_a_farm = app.post("/suppliers", farm()).by(&officer).await.ok();
        assert_eq!((&of_a_farm["id_number"], &of_a_farm["social_credit_code"]), (&json!("520000********9996"), &Value::Null));
        let home = household(app, &officer, "h-520526-97", Some("520000190001019793")).await;
        let seller = json!({
            "code": "S-520526-102", "name": "张某", "kind": "household", "division_code": "520526105", "household_id": home,
            "village": "草海村二组",
        });
        let seller = app.post("/suppliers", seller).by(&officer).await.ok();
        assert_eq!((&seller["id_number"], &seller["phone"]), (&json!("520000********9793"), &json!("199****0077")), "the household's");

        // Others see an organisation's code and no number; of a household neither name nor village.
        let school = app.login("yunong").await;
        let seen = app.get(&format!("/suppliers/{}", id(&made))).by(&school).await.ok();
        assert_eq!((&seen["social_credit_code"], &seen["phone"]), (&json!(COOPERATIVE), &Value::Null));
        let seen = app.get(&format!("/suppliers/{}", id(&seller))).by(&school).await.ok();
        assert_eq!((&seen["name"], &seen["village"], &seen["phone"]), (&json!("张*"), &Value::Null, &Value::Null));
        let found = app.get("/suppliers?q=caohai&status=pending&division=520526").by(&officer).await.ok();
        assert_eq!(found["items"].as_array().map(Vec::len), Some(3), "{found}");

        // Nobody sells before being approved.
        app.member("caohai", Role::Supplier, At::Supplier("S-520526-099")).await;
        let owner = app.login("caohai").await;
        let offer = json!({
            "supplier_id": id(&made), "product_code": "potato", "origin_division_code": "520526", "price": "1.00", "unit": "jin",
            "stock": {"quantity": "10", "unit": "jin"}, "deliver_from_on": "2026-03-02", "deliver_to_on": "2026-03-31",
        });
        app.post("/listings", offer).by(&owner).await.refused(409, "supplier_not_approved");
        let dump = app.dump().await;
        for number in [FARMER, "19900000099", "19900000088"] {
            assert!(!dump.contains(number), "{number} is sealed at rest");
        }
        let told = app.texts("select detail from audit_entry where action = 'supplier.create' order by at, id").await;
        assert_eq!(told.len(), 4);
        let told = told.join(" ");
        assert!(told.contains(COOPERATIVE) && !told.contains("张某"), "{told}");
    }

    async fn what_is_wrong_is_refused_and_changes_nothing(app: &App) {
        let officer = app.login("demo-weining").await;
        let entered = app.post("/suppliers", coop()).by(&officer).await.ok();
        app.post("/suppliers", farm()).by(&officer).await.ok();
        let without_id = household(app, &officer, "h-520526-98", None).await;
        let with_id = household(app, &officer, "h-520526-97", Some("520000190001019793")).await;
        let elsewhere = app.login("demo-admin").await;
        let elsewhere = app.get("/households?code=h-520525-01").by(&elsewhere).await.ok()["items"][0]["id"].clone();
        let sells_already = app.supplier("hh-weining-01").await.household_id;
        let before = app.snapshot().await;
        let code = "/social_credit_code";
        for line in VECTORS.lines().filter(|line| line.starts_with("uscc_18,") && line.contains(",false,")) {
            let body = with(&coop(), &json!({"kind": "processor", "code": "new", "social_credit_code": line.split(',').nth(1)}));
            app.post("/suppliers", body).by(&officer).await.refused(422, "invalid");
        }
        for line in VECTORS.lines().filter(|line| line.starts_with("id_card_18,") && line.contains(",false,")) {
            let body = with(&farm(), &json!({"code": "new", "id_number": line.split(',').nth(1)}));
            app.post("/suppliers", body).by(&officer).await.refused(422, "invalid");
        }
        let seller = json!({"kind": "household", "social_credit_code": null, "phone": null, "household_id": with_id});
        for (base, change, pointer, expected) in [
            (coop(), json!({"social_credit_code": "91520526MA6WNNG03T"}), code, "credit_code_kind"),
            (coop(), json!({"kind": "processor"}), code, "credit_code_kind"),
            (coop(), json!({"kind": "distributor", "social_credit_code": "12520000MB0X12345D"}), code, "credit_code_kind"),
            (coop(), json!({"social_credit_code": "93520526MA6WNNG01F"}), code, "credit_code_checksum"),
            (coop(), json!({"social_credit_code": "93520526MA6WNNG01"}), code, "credit_code_malformed"),
            (coop(), json!({"social_credit_code": null}), code, "required"),
            (coop(), json!({"id_number": FARMER}), "/id_number", "not_of_this_kind"),
            (coop(), json!({"household_id": with_id}), "/household_id", "not_of_this_kind"),
            (coop(), json!({"division_code": "520525"}), "/division_code", "division_unknown"),
            (coop(), json!({"division_code": "520500"}), "/division_code", "division_unknown"),
            (coop(), json!({"code": "S 1"}), "/code", "code_malformed"),
            (coop(), json!({"name": ""}), "/name", "required"),
            (coop(), json!({"village": "一组19912345678"}), "/village", "number_in_text"),
            (coop(), json!({"phone": "12900000000"}), "/phone", "phone_malformed"),
            (coop(), json!({"kind": "trader"}), "/kind", "unknown_value"),
            (coop(), json!({"id": "01990000-0000-4000-8000-000000000001"}), "/id", "id_not_uuid_v7"),
            (farm(), json!({"id_number": null}), "/id_number", "required"),
            (farm(), json!({"id_number": "520000201501010016"}), "/id_number", "id_number_child"),
            (farm(), json!({"social_credit_code": COOPERATIVE}), code, "credit_code_kind"),
            (with(&coop(), &seller), json!({"household_id": null}), "/household_id", "required"),
            (with(&coop(), &seller), json!({"household_id": without_id}), "/household_id", "household_without_id"),
            (with(&coop(), &seller), json!({"household_id": elsewhere}), "/household_id", "household_unknown"),
            (with(&coop(), &seller), json!({"social_credit_code": COOPERATIVE}), code, "not_of_this_kind"),
            (with(&coop(), &seller), json!({"phone": "19900000099"}), "/phone", "with_the_household"),
        ] {
            let body = with(&with(&base, &json!({"code": "new"})), &change);
            let answer = app.post("/suppliers", body.clone()).by(&officer).key(&fresh_key()).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.text());
            let chinese = answer.points_at(pointer, expected);
            let english = app.post("/suppliers", body).by(&officer).english().await.points_at(pointer, expected);
            assert!(!chinese.is_ascii() && english.is_ascii(), "{chinese} {english}");
        }
        for (body, expected) in [
            (with(&coop(), &json!({"social_credit_code": "93520526MA6WNNG02H"})), "supplier_code_taken"),
            (with(&coop(), &json!({"code": "new"})), "credit_code_taken"),
            (with(&with(&coop(), &seller), &json!({"code": "new", "household_id": sells_already})), "household_taken"),
            (with(&farm(), &json!({"code": "new"})), "id_number_taken"),
        ] {
            let answer = app.post("/suppliers", body).by(&officer).await;
            answer.refused(409, expected);
            assert!(!answer.text().contains(FARMER), "{}", answer.text());
        }
        for who in ["demo-auditor", "demo-admin", "yunong", "weining-potato-coop"] {
            let token = app.login(who).await;
            app.post("/suppliers", with(&coop(), &json!({"code": "new"}))).by(&token).await.refused(403, "forbidden");
        }
        let path = format!("/suppliers/{}", id(&entered));
        let strict = app.replica(|settings| settings.taken_numbers_per_day = 1).await;
        for change in [json!({}), json!({"name": coop()["name"]})] {
            app.patch(&path, change).by(&officer).await.points_at("", "nothing_to_change");
        }
        app.patch(&path, json!({"kind": "family_farm"})).by(&officer).await.points_at("/kind", "kind_of_another_person");
        app.patch(&path, json!({"kind": "processor"})).by(&officer).await.points_at(code, "credit_code_kind");
        app.patch(&path, json!({"name": "新名"})).by(&officer).header("if-match", "\"9\"").await.refused(412, "stale_version");
        let bijie = app.login("demo-bijie-manager").await;
        app.patch(&path, json!({"name": "新名"})).by(&bijie).await.refused(404, "not_found");
        app.patch(&format!("{path}/personal-data"), json!({"phone": "19900000066"})).by(&bijie).await.refused(404, "not_found");
        app.patch(&format!("{path}/personal-data"), json!({"bank_account": CARD})).by(&officer).await.refused(403, "forbidden");
        assert_eq!(app.snapshot().await, before);
        let body = with(&farm(), &json!({"code": "new"}));
        strict.post("/suppliers", body.clone()).by(&officer).await.refused(409, "id_number_taken");
        strict.post("/suppliers", body).by(&officer).await.refused(429, "too_many_requests");
        strict.ctx.store.close().await;
    }

    async fn a_supplier_is_changed_under_its_version_and_stays_who_was_approved(app: &App) {
        let officer = app.login("demo-weining").await;
        let entered = app.post("/suppliers", coop()).by(&officer).await.ok();
        let path = format!("/suppliers/{}", id(&entered));
        let change = json!({"kind": "processor", "social_credit_code": COMPANY, "name": "草海食品有限公司", "village": ""});
        let changed = app.patch(&path, change).by(&officer).header("if-match", "\"1\"").await.ok();
        assert_eq!((&changed["kind"], &changed["village"], &changed["version"]), (&json!("processor"), &Value::Null, &json!(2)));
        let found = app.get("/suppliers?q=caohaishipin").by(&officer).await.ok();
        assert_eq!(id(&found["items"][0]), id(&entered), "found under its new name");

        // One that came in by import has no code yet: it is entered once.
        let approved = app.supplier("weining-potato-coop").await;
        let path = format!("/suppliers/{}", approved.id);
        let changed = app.patch(&path, json!({"social_credit_code": COOPERATIVE})).by(&officer).await.ok();
        assert_eq!((&changed["social_credit_code"], &changed["status"]), (&json!(COOPERATIVE), &json!("approved")));
        let another = json!({"social_credit_code": "93520526MA6WNNG02H"});
        app.patch(&path, another).by(&officer).await.refused(409, "supplier_verified");
        let another = json!({"kind": "processor", "social_credit_code": "91520526MA6WNNG051"});
        app.patch(&path, another).by(&officer).await.refused(409, "supplier_verified");
        // Its market name follows at once.
        let school = app.login("yunong").await;
        let sold = app.get(&format!("/listings?q={}", "土豆")).by(&school).await.ok();
        app.patch(&path, json!({"name": "云上薯业合作社", "division_code": "520526105"})).by(&officer).await.ok();
        let now = app.get(&format!("/listings?q={}", "土豆")).by(&school).await.ok();
        assert!(now.to_string().contains("云上薯业合作社") && !sold.to_string().contains("云上薯业合作社"));
        let told = app.texts("select detail from audit_entry where action = 'supplier.update' order by at, id").await;
        assert!(told.iter().any(|one| one.contains(COMPANY)), "{told:?}");
    }

    async fn numbers_are_kept_by_the_owner_and_the_manager_and_shown_to_few(app: &App) {
        let manager = manager(app).await;
        let entered = app.post("/suppliers", coop()).by(&manager).await.ok();
        let of_a_farm = app.post("/suppliers", farm()).by(&manager).await.ok();
        app.member("caohai", Role::Supplier, At::Supplier("S-520526-099")).await;
        app.member("caohai-farm", Role::Supplier, At::Supplier("S-520526-100")).await;
        app.member("caohai-clerk", Role::SupplierClerk, At::Supplier("S-520526-099")).await;
        let (owner, clerk, farmer) = (app.login("caohai").await, app.login("caohai-clerk").await, app.login("caohai-farm").await);
        let path = format!("/suppliers/{}", id(&entered));
        let numbers = format!("{path}/personal-data");
        let kept = app.patch(&numbers, json!({"bank_account": CARD, "phone": "19900000066"})).by(&owner).header("if-match", "\"1\"").await.ok();
        assert_eq!((&kept["bank_account"], &kept["phone"], &kept["version"]), (&json!("****0010"), &json!("199****0066"), &json!(2)));
        app.patch(&numbers, json!({"phone": null})).by(&owner).header("if-match", "\"1\"").await.refused(412, "stale_version");
        app.patch(&numbers, json!({"phone": "19900000066"})).by(&clerk).await.refused(403, "forbidden");
        app.patch(&numbers, json!({"bank_account": "6219990000000000011"})).by(&owner).await.points_at("/bank_account", "bank_account_checksum");
        app.patch(&numbers, json!({"id_number": FARMER})).by(&manager).await.points_at("/id_number", "not_of_this_kind");
        let of_farm = format!("/suppliers/{}/personal-data", id(&of_a_farm));
        app.patch(&of_farm, json!({"id_number": FARMER})).by(&farmer).await.points_at("/id_number", "authority_only");
        app.patch(&of_farm, json!({"id_number": null})).by(&manager).await.points_at("/id_number", "required");
        let home = format!("/suppliers/{}/personal-data", app.supplier("hh-weining-01").await.id);
        app.patch(&home, json!({"phone": "19900000066"})).by(&manager).await.refused(409, "with_the_household");

        let why = json!({"fields": ["phone", "bank_account"], "reason": "核对货款打款账户"});
        let shown = app.post(&format!("{path}/reveal"), why.clone()).by(&manager).await;
        assert_eq!(shown.header("cache-control"), "no-store");
        assert_eq!(shown.ok(), json!({"id": entered["id"], "phone": "19900000066", "bank_account": CARD}));
        for token in [&owner, &app.login("demo-weining").await] {
            app.post(&format!("{path}/reveal"), why.clone()).by(token).await.refused(403, "forbidden");
        }
        let bijie = app.login("demo-bijie-manager").await;
        app.post(&format!("{path}/reveal"), why).by(&bijie).await.refused(404, "not_found");
        let dump = app.dump().await;
        assert!(!dump.contains(CARD) && !dump.contains("19900000066"), "sealed at rest, and not in the trail");
        let told = app.texts("select detail from audit_entry where action in ('supplier.update_numbers', 'supplier.reveal') order by at, id").await;
        let seen = told.join(" ");
        assert!(told.len() == 2 && seen.contains("supplier.bank_account") && seen.contains("核对货款打款账户"), "{seen}");

        // New keys, the same numbers.
        let txn = app.ctx.store.begin().await.expect("begins");
        app.ctx.vault.rotate(&txn, &app.ctx.ids, app.ctx.clock.now()).await.expect("rotates");
        txn.commit().await.expect("commits");
        assert_eq!(suppliers_to_reseal(&app.ctx).await.expect("counts"), 2);
        assert_eq!(reseal_suppliers(&app.ctx).await.expect("seals"), 2);
        assert_eq!(suppliers_to_reseal(&app.ctx).await.expect("counts"), 0);
        assert!(app.texts("select phone_sealed from supplier_contact").await.iter().all(|one| one.starts_with("v2.")));
        assert_eq!(app.get(&path).by(&owner).await.ok(), kept);
        app.post("/suppliers", with(&farm(), &json!({"code": "new"}))).by(&manager).await.refused(409, "id_number_taken");
    }
}
