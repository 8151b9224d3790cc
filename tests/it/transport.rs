//! What stands around every request: headers, languages, preconditions, bodies and heads that are too much, and the end.

use crate::support::{
    app::{App, PASSWORD, VAULT_KEY, on_both},
    process,
    server::{Server, run},
    trade::{Trade, fresh_key, id},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};
use xiaonong::vault::Secret;

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already, where all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

on_both! {
    async fn every_answer_tells_browsers_to_keep_to_themselves(app: &App) {
        let token = app.login("yunong").await;
        for (answer, content) in [
            (app.get("/me").by(&token).await, "default-src 'none'"),
            (app.get("/me").await, "default-src 'none'"),
            (app.call("GET", "/nowhere").await, "default-src 'none'"),
            (app.call("GET", "/docs/").await, "default-src 'self'"),
        ] {
            assert!(answer.header("content-security-policy").starts_with(content));
            assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("x-frame-options"), "DENY");
            assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
            for policy in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
                assert_eq!(answer.header(policy), "same-origin");
            }
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
        }
        assert_eq!(app.get("/me").by(&token).await.header("cache-control"), "private, no-cache");
        let tokens = app.post("/auth/login", json!({"username": "yunong", "password": PASSWORD})).await;
        assert_eq!((tokens.status, tokens.header("cache-control")), (200, "no-store"));
        // The documentation runs under its policy: no script stands in the page itself.
        let page = app.call("GET", "/docs/").await;
        for script in page.text().split("<script").skip(1) {
            assert!(script.trim_start().starts_with("src=\"./"), "{script}");
        }
    }

    async fn other_origins_are_let_in_by_name_only(app: &App) {
        let ask = |app: &App, origin: &str| {
            app.call("OPTIONS", "/api/v1/me").header("origin", origin).header("access-control-request-method", "GET")
        };
        let closed = ask(app, "https://shop.example").await;
        assert_eq!((closed.status, closed.header("access-control-allow-origin")), (405, ""));
        let open = app.replica(|settings| settings.cors_origins = vec!["https://shop.example".to_owned()]).await;
        assert_eq!(ask(&open, "https://shop.example").await.header("access-control-allow-origin"), "https://shop.example");
        assert_eq!(ask(&open, "https://other.example").await.header("access-control-allow-origin"), "");
        let told = open.get("/me").header("origin", "https://shop.example").await;
        assert_eq!(told.header("access-control-allow-origin"), "https://shop.example");
        assert_eq!(told.header("access-control-allow-credentials"), "", "there are no cookies");
    }

    async fn figures_are_for_the_machine_or_the_bearer_of_a_token(app: &App) {
        let metrics = |app: &App| app.call("GET", "/metrics");
        metrics(app).from("127.0.0.1").await.ok();
        metrics(app).from("::1").await.ok();
        metrics(app).from("203.0.113.7").await.refused(401, "metrics_token");
        // Through a proxy on this machine the peer is this machine.
        metrics(app).from("127.0.0.1").header("x-forwarded-for", "203.0.113.7").await.refused(401, "metrics_token");
        let guarded = app.replica(|settings| settings.metrics_token = Some(Secret::new("figures".to_owned()))).await;
        metrics(&guarded).from("203.0.113.7").by("figures").await.ok();
        for wrong in ["", "figure", "figures2"] {
            metrics(&guarded).from("127.0.0.1").by(wrong).await.refused(401, "metrics_token");
        }
        metrics(&guarded).from("127.0.0.1").await.refused(401, "metrics_token");
    }

    async fn the_language_with_the_highest_weight_is_spoken(app: &App) {
        for (accept, language) in [
            ("zh;q=0.3, en;q=0.8", "en"),
            ("en;q=0, *", "zh-CN"),
            ("fr, de;q=0.5", "zh-CN"),
            ("en\u{9}; q=1", "en"),
        ] {
            assert_eq!(app.get("/me").header("accept-language", accept).await.header("content-language"), language, "{accept}");
        }
    }

    async fn a_method_that_is_not_there_names_those_that_are(app: &App) {
        let answer = app.call("DELETE", "/api/v1/units").await;
        answer.refused(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET,HEAD");
    }

    async fn a_parameter_given_twice_is_named(app: &App) {
        let token = app.login("yunong").await;
        for (chinese, call) in [(true, app.get("/units?limit=1&limit=2")), (false, app.get("/units?limit=1&limit=2").english())] {
            let answer = call.by(&token).await;
            answer.refused(400, "parameter_repeated");
            assert_eq!(answer.points_at("?limit", "parameter_repeated").is_ascii(), !chinese);
        }
    }

    async fn preconditions_are_read_as_the_standard_says(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let path = format!("/orders/{}/confirm", id(&order));
        let confirm = |tag: &str| app.post(&path, json!({})).by(&trade.seller).key(&fresh_key()).header("if-match", tag);
        for stale in ["\"7\"", "W/\"1\"", "\"7\", \"8\"", "\"another-kind\""] {
            confirm(stale).await.refused(412, "stale_version");
        }
        for odd in ["odd", "\"1", "1, odd", "W/1"] {
            confirm(odd).await.refused(400, "if_match_malformed");
        }
        confirm("\"7\", \"1\"").await.ok();
        let order = trade.order(&[("potato", "20", "jin")]).await;
        app.post(&format!("/orders/{}/confirm", id(&order)), json!({})).by(&trade.seller).header("if-match", "*").await.ok();
    }

    async fn characters_that_do_not_show_stay_out(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let order = trade.order(&[("potato", "20", "jin")]).await;
        let before = app.snapshot().await;
        for hidden in ['\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{2028}', '\u{e0041}'] {
            let body = json!({"reason": format!("今日{hidden}无货")});
            let answer = app.post(&format!("/orders/{}/decline", id(&order)), body).by(&trade.seller).await;
            answer.refused(422, "invalid");
            answer.points_at("/reason", "hidden_character");
        }
        assert_eq!(app.snapshot().await, before);
        let fine = json!({"reason": "今日无货 · Kein Vorrat für diese Woche — 𠮷田 🥔"});
        app.post(&format!("/orders/{}/decline", id(&order)), fine).by(&trade.seller).await.ok();
    }

    async fn a_deep_body_is_refused_and_breaks_nothing(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        for depth in [200, 20_000, 200_000] {
            let lists = format!("{{\"lines\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
            let objects = format!("{}1{}", "{\"lines\":".repeat(depth.min(90_000)), "}".repeat(depth.min(90_000)));
            for body in [lists, objects] {
                let call = app.call("POST", "/api/v1/orders").text("application/json", &body);
                let answer = call.by(&trade.buyer).key(&fresh_key()).await;
                assert!([400, 422].contains(&answer.status), "{depth}: {}", answer.text());
            }
        }
        app.get("/me").by(&trade.buyer).await.ok();
    }

    async fn heads_that_are_too_much_are_cut_off(app: &App) {
        let server = Server::start(app.database_url(), "");
        let status = |request: &str| server.send(request.as_bytes()).split(' ').nth(1).unwrap_or_default().to_owned();
        let head = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
        assert_eq!(status(&format!("{head}\r\n")), "200");
        assert_eq!(status(&format!("{head}x-long: {}\r\n\r\n", "a".repeat(200_000))), "431");
        assert_eq!(status(&format!("{head}{}\r\n", "x-many: a\r\n".repeat(100))), "431");
        assert!(["414", "431"].contains(&status(&format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000))).as_str()));
        for smuggled in [
            "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
            "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b\0c\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nhost: x\r\nx a: b\r\n\r\n",
            "GET /health\x7fz\x01 HTTP/1.1\r\nhost: x\r\n\r\n",
        ] {
            assert_eq!(status(smuggled), "400", "{smuggled:?}");
        }
        // What a caller writes into a header or a path does not begin a line of the log, nor an answer's header.
        for number in ["harmless-1.a_B", "two words", "\u{1b}[31mFORGED", &"x".repeat(65), "a%0d%0aset-cookie: b"] {
            let answer = server.send(format!("{head}x-request-id: {number}\r\n\r\n").as_bytes());
            assert!(!answer.contains(number), "{answer}");
        }
        server.send(b"GET /api/v1/units/%0d%0aFORGED%1b[31m HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let log = server.log();
        assert!(log.contains("harmless-1.a_B"), "{log}");
        assert!(!log.contains("two words") && !log.contains("FORGED"), "{log}");
        assert!(!log.contains("xxxxxxxx") && !log.contains("set-cookie"), "{log}");
    }

    async fn requests_under_way_are_answered_before_the_end(app: &App) {
        let child = Command::new(env!("CARGO_BIN_EXE_xiaonong"))
            .arg("serve")
            .env_clear()
            .envs([("DATABASE_URL", app.database_url()), ("VAULT_KEY", VAULT_KEY), ("LISTEN_ADDR", "127.0.0.1:0")])
            .current_dir(process::scratch_dir())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = Running(child.expect("the server starts"));
        let mut lines = BufReader::new(server.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let serving = lines.find(|line| line.starts_with("serving: ")).expect("it serves");
        let address = serving.trim_start_matches("serving: http://").split(' ').next().expect("an address").to_owned();
        let connect = || {
            let stream = TcpStream::connect(&address).expect("connects");
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
            stream
        };
        let (mut idle, mut busy) = (connect(), connect());
        // One connection that has been answered and stands idle, one in the middle of its body.
        idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").expect("writes");
        let mut first = [0; 15];
        idle.read_exact(&mut first).expect("is answered");
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        busy.write_all(b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 36\r\nexpect: 100-continue\r\n\r\n").expect("writes");
        // It is under way as soon as the server asks for the body.
        let mut line = [0; 25];
        busy.read_exact(&mut line).expect("goes on");
        assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
        let told = Command::new("kill").args(["-s", "TERM", &server.0.id().to_string()]).status().expect("kill runs");
        assert!(told.success());
        assert!(lines.any(|line| line.starts_with("stopping")), "it says so");
        busy.write_all(b"{\"username\":\"nobody\",\"password\":\"x\"}").expect("writes");
        let mut answer = String::new();
        busy.read_to_string(&mut answer).expect("is answered");
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert_eq!(server.0.wait().expect("ends").code(), Some(0));
        TcpStream::connect(&address).expect_err("nobody listens");
    }

    async fn what_is_published_is_served_on_this_machine_only(app: &App) {
        for arguments in [["serve", "--listen", "0.0.0.0:0"], ["demo", "--listen", "0.0.0.0:0"], ["demo", "--listen", "[::]:0"]] {
            let (served, told) = run(app.database_url(), &arguments, &[]);
            assert!(!served && told.contains("published") && !told.contains("serving:"), "{told}");
        }
    }

    async fn a_page_has_an_end(app: &App) {
        let token = app.login("demo-province").await;
        for path in ["/households", "/suppliers", "/schools", "/orders"] {
            app.get(&format!("{path}?limit=201")).by(&token).await.refused(400, "limit_out_of_range");
            let page: Value = app.get(path).by(&token).await.ok();
            assert!(page["items"].as_array().is_some_and(|items| items.len() <= 20), "{path}");
        }
    }
}
