//! Accounts from a file: all or none, each refused cell named, the passwords shown once.

use crate::support::{
    app::{App, on_both},
    call::Call,
    people::At,
};
use entity::membership::Role;
use serde_json::Value;

const HEADER: &str = "username,display_name,role,school_code,supplier_code,reporting_unit_code,from_on,to_on\n";

fn import(app: &App, token: &str, rows: &str) -> Call {
    app.call("POST", "/api/v1/accounts/import").text("text/csv", &format!("{HEADER}{rows}")).by(token).key("import")
}

async fn manager(app: &App) -> String {
    app.member("weining-manager", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-manager").await
}

on_both! {
    async fn a_file_of_accounts_comes_in_with_its_passwords(app: &App) {
        let token = manager(app).await;
        let rows = "wn-1,赵一,inspector,demo-yunong,,,,\n\
                    WN-2,钱二,supplier_clerk,,weining-potato-coop,,2026-03-03,2026-12-31\n\
                    wn-3,孙三,agent,,,520526,,\n";
        let made = import(app, &token, rows).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        let accounts = made["accounts"].as_array().expect("accounts");
        let names: Vec<&str> = accounts.iter().filter_map(|one| one["username"].as_str()).collect();
        assert_eq!(names, ["wn-1", "wn-2", "wn-3"]);
        let passwords: Vec<&str> = accounts.iter().filter_map(|one| one["one_time_password"].as_str()).collect();
        assert_eq!(passwords.len(), 3);
        assert!(passwords[0] != passwords[1] && passwords[1] != passwords[2]);
        app.login_with("wn-2", passwords[1]).await;
        assert_eq!(app.number("select count(*) from audit_entry where action = 'account.create' and request_id <> 'bootstrap'").await, 3);
        let kept = app.texts("select response from idempotency").await.join("\n");
        assert!(passwords.iter().all(|password| !kept.contains(password)));

        let again = import(app, &token, rows).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        let again = again.ok();
        assert!(again["accounts"].as_array().expect("accounts").iter().all(|one| one["one_time_password"] == Value::Null));
        assert_eq!(again["accounts"][2]["id"], made["accounts"][2]["id"]);
    }

    async fn every_wrong_cell_is_named_and_nothing_comes_in(app: &App) {
        let token = manager(app).await;
        let before = app.snapshot().await;
        let rows = "good-1,好,inspector,demo-yunong,,,,\n\
                    yunong,占用,inspector,demo-yunong,,,,\n\
                    good-1,重复,inspector,demo-yunong,,,,\n\
                    wn-4,,inspector,demo-yunong,,,,\n\
                    wn-5,外县,inspector,gz-520525-001,,,,\n\
                    wn-6,没有,inspector,no-such-school,,,,\n\
                    wn-7,越级,authority_manager,,,520526,,\n\
                    wn-8,外县供货,supplier,,nayong-poultry-coop,,,\n\
                    wn-9,上级,authority_officer,,,520000,,\n\
                    wn-10,缺位,inspector,,,,,\n\
                    wn-11,过去,inspector,demo-yunong,,,2026-03-01,\n\
                    ?,坏名,inspector,demo-yunong,,,,\n";
        let answer = import(app, &token, rows).await;
        let problem = answer.refused(422, "invalid");
        assert_eq!(problem["errors"].as_array().map(Vec::len), Some(11), "{problem}");
        for (pointer, code) in [
            ("/rows/3/username", "username_taken"),
            ("/rows/4/username", "username_taken"),
            ("/rows/5/display_name", "required"),
            ("/rows/6/school_code", "school_unknown"),
            ("/rows/7/school_code", "school_unknown"),
            ("/rows/8/role", "role_not_grantable"),
            ("/rows/9/supplier_code", "supplier_unknown"),
            ("/rows/10/reporting_unit_code", "reporting_unit_unknown"),
            ("/rows/11/school_code", "required"),
            ("/rows/12/from_on", "from_on_past"),
            ("/rows/13/username", "username_malformed"),
        ] {
            answer.points_at(pointer, code);
        }
        let detail = |pointer| answer.points_at(pointer, "school_unknown");
        assert_eq!(detail("/rows/6/school_code"), detail("/rows/7/school_code"), "far and nowhere look alike");
        let answer = import(app, &token, "a-1,甲,king,demo-yunong,,,,\nb-1,乙,inspector,demo-yunong,,,2026-3-4,\n").await;
        answer.points_at("/rows/2/role", "unknown_value");
        answer.points_at("/rows/3/from_on", "date_malformed");
        import(app, &token, "a-1,甲,inspector\n").await.points_at("/rows/2", "row_unreadable");
        import(app, &token, "").await.points_at("/rows", "no_rows");
        let many = "a-1,甲,inspector,demo-yunong,,,,\n".repeat(201);
        import(app, &token, &many).await.points_at("/rows/202", "too_many_rows");
        let path = "/api/v1/accounts/import";
        let other = app.call("POST", path).text("text/csv", "username,role\n").by(&token).key("k").await;
        other.points_at("/rows/1", "header_wrong");
        let mass = HEADER.replace("to_on", "to_on,must_change_password");
        app.call("POST", path).text("text/csv", &mass).by(&token).key("k").await.points_at("/rows/1", "header_wrong");
        app.call("POST", path).text("text/plain", HEADER).by(&token).key("k").await.refused(415, "unsupported_media_type");
        app.call("POST", path).text("text/csv", HEADER).by(&token).await.refused(400, "idempotency_key_required");
        let inspector = app.login("yunong-2").await;
        import(app, &inspector, "a-1,甲,inspector,demo-yunong,,,,\n").await.refused(403, "forbidden");
        assert_eq!(app.snapshot().await, before);
    }
}
