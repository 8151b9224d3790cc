//! `xiaonong admin`: accounts kept from the machine, without SQL and without a log-in.

use crate::support::{
    app::{App, VAULT_KEY, on_both},
    process::scratch_dir,
};
use serde_json::json;
use std::process::{Command, Output};
use xiaonong::clock::{Clock, SystemClock};

async fn admin(app: &App, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiaonong"));
    command
        .args(["--database-url", &app.ctx.settings.database_url, "admin"])
        .args(arguments)
        .arg("--data-dir")
        .arg(scratch_dir().join("admin"))
        .env("VAULT_KEY", VAULT_KEY);
    tokio::task::spawn_blocking(move || command.output()).await.expect("runs").expect("the program starts")
}

fn printed(output: &Output) -> (bool, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

fn password(text: &str) -> String {
    let (_, rest) = text.split_once("one-time password: ").expect("a password");
    rest.split_whitespace().next().expect("a password").to_owned()
}

on_both! {
    async fn accounts_are_kept_from_the_machine(app: &App) {
        // The program goes by the machine's clock.
        app.clock.set(SystemClock.now());
        let create = ["create", "--username", "Li.Na", "--name", "李娜", "--role", "authority_manager", "--unit", "520526"];
        let (done, text) = printed(&admin(app, &create).await);
        assert!(done, "{text}");
        let token = app.login_with("li.na", &password(&text)).await;
        assert_eq!(app.get("/me").by(&token).await.ok()["memberships"][0]["role"], "authority_manager");
        let (done, text) = printed(&admin(app, &create).await);
        assert!(!done && text.contains("--username") && text.contains("taken"), "{text}");

        let (done, text) = printed(&admin(app, &["reset-password", "--username", "li.na"]).await);
        assert!(done, "{text}");
        app.wait_millis(1_000);
        app.get("/me").by(&token).await.refused(401, "token_invalid");
        let fresh = password(&text);
        app.login_with("li.na", &fresh).await;
        let (done, text) = printed(&admin(app, &["disable", "--username", "li.na"]).await);
        assert!(done, "{text}");
        let login = json!({"username": "li.na", "password": fresh});
        app.post("/auth/login", login).await.refused(401, "login_failed");
        let (done, text) = printed(&admin(app, &["list", "--q", "李娜"]).await);
        assert!(done && text.contains("li.na") && text.contains("authority_manager") && text.contains("yes"), "{text}");
        let (done, text) = printed(&admin(app, &["enable", "--username", "li.na"]).await);
        assert!(done, "{text}");
        app.login_with("li.na", &fresh).await;
        let told = app.texts("select action from audit_entry where request_id = 'admin' order by at, id").await;
        assert_eq!(told, ["account.create", "account.reset_password", "account.disable", "account.enable"]);

        // Every right, but the same checks.
        for (arguments, named) in [
            (&["create", "--username", "x-1", "--name", "x", "--role", "inspector", "--school", "nowhere"][..], "--school"),
            (&["create", "--username", "x-1", "--name", "x", "--role", "inspector"][..], "--school"),
            (&["create", "--username", "x-1", "--name", "x", "--role", "king"][..], "school_principal"),
            (&["disable", "--username", "nobody"][..], "reach"),
        ] {
            let (done, text) = printed(&admin(app, arguments).await);
            assert!(!done && text.contains(named), "{arguments:?}: {text}");
        }
        assert_eq!(app.number("select count(*) from account where username = 'x-1'").await, 0);
    }
}
