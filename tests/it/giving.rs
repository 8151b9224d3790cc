//! Who gives which role where, over HTTP: nobody more than they hold, above themselves, beside, or to themselves.

use crate::support::{
    app::{App, on_both},
    people::{At, People},
};
use entity::membership::Role;
use serde_json::{Value, json};

async fn ask(app: &App, token: &str, username: &str, membership: Value) -> crate::support::call::Answer {
    let body = json!({"username": username, "display_name": "新账号", "membership": membership});
    app.post("/accounts", body).by(token).await
}

on_both! {
    async fn nobody_gives_more_than_they_hold(app: &App) {
        app.member("weining-manager", Role::AuthorityManager, At::Unit("520526")).await;
        let (higher, unit, school, supplier) =
            ("role_not_grantable", "reporting_unit_unknown", "school_unknown", "supplier_unknown");
        let refused = [
            ("weining-manager", Role::Administrator, At::Everywhere, "/role", higher),
            ("weining-manager", Role::AuthorityManager, At::Unit("520526"), "/role", higher),
            ("weining-manager", Role::Auditor, At::Unit("520526"), "/role", higher),
            ("weining-manager", Role::AuthorityOfficer, At::Unit("520000"), "/reporting_unit_code", unit),
            ("weining-manager", Role::AuthorityManager, At::Unit("520525"), "/reporting_unit_code", unit),
            ("weining-manager", Role::AuthorityOfficer, At::Unit("no-unit"), "/reporting_unit_code", unit),
            ("weining-manager", Role::Inspector, At::School("gz-520525-001"), "/school_id", school),
            ("weining-manager", Role::Supplier, At::Supplier("nayong-poultry-coop"), "/supplier_id", supplier),
            // Weining lies in Bijie and reports past it (S10).
            ("demo-bijie-manager", Role::Inspector, At::School("demo-yunong"), "/school_id", school),
            ("demo-bijie-manager", Role::Supplier, At::Supplier("weining-potato-coop"), "/supplier_id", supplier),
            ("yunong-principal", Role::SchoolPrincipal, At::School("demo-yunong"), "/role", higher),
            ("yunong-principal", Role::Inspector, At::School("gz-520526-001"), "/school_id", school),
            ("yunong-principal", Role::Supplier, At::Supplier("weining-potato-coop"), "/supplier_id", supplier),
            ("yunong-principal", Role::AuthorityOfficer, At::Unit("520526"), "/reporting_unit_code", unit),
            ("yunong-principal", Role::Administrator, At::Everywhere, "/role", higher),
            ("weining-potato-coop", Role::Supplier, At::Supplier("weining-potato-coop"), "/role", higher),
            ("weining-potato-coop", Role::SupplierClerk, At::Supplier("weining-orchard-coop"), "/supplier_id", supplier),
        ];
        let mut tokens = std::collections::HashMap::new();
        for name in ["weining-manager", "demo-bijie-manager", "yunong-principal", "weining-potato-coop"] {
            tokens.insert(name, app.login(name).await);
        }
        let before = app.snapshot().await;
        for (giver, role, at, field, code) in refused {
            let answer = ask(app, &tokens[giver], "newcomer", app.role(role, at).await).await;
            answer.refused(422, "invalid");
            answer.points_at(&format!("/membership{field}"), code);
        }
        for giver in ["demo-province", "demo-auditor", "yunong", "yunong-2", "weining-potato-coop-2", "demo-agent"] {
            let token = app.login(giver).await;
            let inspector = app.role(Role::Inspector, At::School("demo-yunong")).await;
            ask(app, &token, "newcomer", inspector).await.refused(403, "forbidden");
        }
        // A place that is there but out of reach is answered like one that is nowhere.
        let nowhere = json!({"role": "inspector", "school_id": "01990000-0000-7000-8000-0000000000ab"});
        let beside = app.role(Role::Inspector, At::School("gz-520525-001")).await;
        let [nowhere, beside] = [nowhere, beside].map(|role| ask(app, &tokens["weining-manager"], "newcomer", role));
        let (nowhere, beside) = (nowhere.await.json(), beside.await.json());
        assert_eq!(nowhere["errors"], beside["errors"]);
        assert_eq!(app.snapshot().await, before);

        let given = [
            ("weining-manager", Role::AuthorityOfficer, At::Unit("520526")),
            ("weining-manager", Role::SchoolPrincipal, At::School("gz-520526-001")),
            ("weining-manager", Role::Supplier, At::Supplier("hh-weining-01")),
            ("weining-manager", Role::Agent, At::Unit("520526")),
            ("demo-bijie-manager", Role::AuthorityManager, At::Unit("520525")),
            ("demo-bijie-manager", Role::Auditor, At::Unit("520525")),
            ("demo-bijie-manager", Role::SupplierClerk, At::Supplier("nayong-poultry-coop")),
            ("yunong-principal", Role::CanteenManager, At::School("demo-yunong")),
            ("yunong-principal", Role::Inspector, At::School("demo-yunong")),
            ("weining-potato-coop", Role::SupplierClerk, At::Supplier("weining-potato-coop")),
            ("demo-admin", Role::Administrator, At::Everywhere),
        ];
        tokens.insert("demo-admin", app.login("demo-admin").await);
        for (number, (giver, role, at)) in given.into_iter().enumerate() {
            let username = format!("newcomer-{number}");
            let answer = ask(app, &tokens[giver], &username, app.role(role, at).await).await;
            assert_eq!(answer.status, 201, "{giver} gives {role:?}: {}", answer.text());
            assert_eq!(answer.json()["account"]["memberships"][0]["role"], json!(role));
        }
        let told = "select count(*) from audit_entry where action = 'account.create' and request_id <> 'bootstrap'";
        assert_eq!(app.number(told).await, 11);
    }

    async fn a_role_takes_its_own_kind_of_place(app: &App) {
        let admin = app.login("demo-admin").await;
        let before = app.snapshot().await;
        let school = json!(app.school("demo-yunong").await.id);
        for (membership, pointer, code) in [
            (json!({"role": "inspector"}), "/membership/school_id", "required"),
            (json!({"role": "supplier", "school_id": school}), "/membership/school_id", "place_not_for_role"),
            (json!({"role": "agent", "school_id": school}), "/membership/reporting_unit_code", "required"),
            (json!({"role": "administrator", "school_id": school}), "/membership/school_id", "place_not_for_role"),
            (
                json!({"role": "inspector", "school_id": school, "from_on": "2026-03-01"}),
                "/membership/from_on",
                "from_on_past",
            ),
            (
                json!({"role": "inspector", "school_id": school, "from_on": "2026-03-05", "to_on": "2026-03-04"}),
                "/membership/to_on",
                "dates_reversed",
            ),
            (json!({"role": "king"}), "/membership/role", "unknown_value"),
        ] {
            let answer = ask(app, &admin, "newcomer", membership).await;
            answer.refused(422, "invalid");
            answer.points_at(pointer, code);
        }
        let good = json!({"role": "inspector", "school_id": school});
        for (username, code) in
            [("a", "username_malformed"), ("王老师", "username_malformed"), ("Yunong", "username_taken")]
        {
            ask(app, &admin, username, good.clone()).await.points_at("/username", code);
        }
        assert_eq!(app.snapshot().await, before);
    }

    async fn nobody_changes_their_own_account(app: &App) {
        let people = People::of(app).await;
        for name in ["demo-admin", "demo-bijie-manager", "yunong-principal", "weining-potato-coop"] {
            let token = app.login(name).await;
            let before = app.snapshot().await;
            let (account, held) = (people.account(name), people.membership(name));
            let role = app.role(Role::SupplierClerk, At::Supplier("weining-potato-coop")).await;
            for (path, body) in [
                (format!("/accounts/{account}/memberships"), role),
                (format!("/accounts/{account}/disable"), json!({})),
                (format!("/accounts/{account}/enable"), json!({})),
                (format!("/accounts/{account}/reset-password"), json!({})),
                (format!("/memberships/{held}/end"), json!({"to_on": "2026-03-05"})),
            ] {
                app.post(&path, body).by(&token).await.refused(403, "own_account");
            }
            assert_eq!(app.snapshot().await, before, "{name}");
        }
    }

    async fn fields_that_are_none_of_the_request_are_refused(app: &App) {
        let admin = app.login("demo-admin").await;
        let principal = app.login("yunong-principal").await;
        let school = json!(app.school("demo-yunong").await.id);
        let other = app.account_id("yunong-2").await;
        let before = app.snapshot().await;
        let inspector = json!({"role": "inspector", "school_id": school});
        let new = json!({"username": "newcomer", "display_name": "新", "membership": inspector});
        for (field, value) in [
            ("role", json!("administrator")),
            ("school_id", school.clone()),
            ("memberships", json!([{"role": "administrator"}])),
            ("must_change_password", json!(false)),
            ("password_hash", json!("x")),
            ("password", json!("long-enough-password")),
            ("version", json!(7)),
        ] {
            let mut body = new.clone();
            body[field] = value;
            let answer = app.post("/accounts", body).by(&principal).await;
            answer.refused(422, "invalid");
            answer.points_at(&format!("/{field}"), "unknown_field");
        }
        let mut nested = inspector.clone();
        nested["account_id"] = json!(app.account_id("yunong-principal").await);
        let answer = app.post(&format!("/accounts/{other}/memberships"), nested).by(&principal).await;
        answer.points_at("/account_id", "unknown_field");
        for (path, token) in [(format!("/accounts/{other}/disable"), &admin), ("/me/password".to_owned(), &principal)] {
            let mut body = json!({"current": "x", "new": "y", "role": "administrator"});
            if path != "/me/password" {
                body = json!({"role": "administrator"});
            }
            app.post(&path, body).by(token).await.points_at("/role", "unknown_field");
        }
        // Two roles in one: the field is there twice.
        let twice = format!(
            "{{\"username\":\"newcomer\",\"display_name\":\"新\",\"membership\":{{\"role\":\"inspector\",\
             \"role\":\"school_principal\",\"school_id\":{school}}}}}"
        );
        let answer = app.call("POST", "/api/v1/accounts").text("application/json", &twice).by(&principal).await;
        answer.refused(422, "invalid");
        assert_eq!(app.snapshot().await, before);
    }
}
