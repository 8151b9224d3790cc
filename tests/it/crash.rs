//! The server is killed in the middle of its work, again and again: nothing is lost, nothing doubled, every figure is what its
//! lines add up to.

use crate::support::{
    app::{PASSWORD, on_both},
    server::Server,
    trade::{Trade, accepted, id},
};
use serde_json::{Value, json};
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
use xiaonong::{ledger, share};

/// Purchases declared, and consignments received.
const DECLARED: usize = 60;
const RECEIVED: usize = 12;
/// Clients that send at once.
const CLIENTS: usize = 6;
/// Answers after which the server is killed, each time; then it may end the work.
const KILLED_AFTER: [usize; 4] = [3, 7, 10, 13];

/// A request with its key.
struct Wanted {
    path: String,
    key: String,
    body: String,
}

fn json_of(answer: &str) -> Value {
    answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default()
}

fn logged_in(server: &Server) -> String {
    let body = json!({ "username": "yunong", "password": PASSWORD }).to_string();
    let session = json_of(&server.call("POST", "/api/v1/auth/login", "", &body));
    session["access_token"].as_str().unwrap_or_else(|| panic!("no log-in: {session}")).to_owned()
}

/// What is not answered yet is sent until `most` answers are in; whoever is in the middle of a request then loses it.
fn send(server: &Server, token: &str, waiting: &Mutex<Vec<Wanted>>, most: usize) -> usize {
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while answered.load(Ordering::SeqCst) < most {
                    let Some(wanted) = waiting.lock().expect("no panic").pop() else { return };
                    let headers = format!("authorization: Bearer {token}\r\nidempotency-key: {}\r\n", wanted.key);
                    match server.try_call("POST", &wanted.path, &headers, &wanted.body) {
                        Ok(answer) if answer.starts_with("HTTP/1.1 201") => {
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        Ok(answer) if answer.starts_with("HTTP/1.1 4") => panic!("{}: {answer}", wanted.path),
                        // Answered by nobody: it may be in the ledger, and is sent again with its key.
                        _ => waiting.lock().expect("no panic").insert(0, wanted),
                    }
                }
            });
        }
    });
    answered.into_inner()
}

/// Requests that are on their way when the server is killed; nobody hears their answers.
fn leave_in_the_middle(server: Server, token: &str, waiting: &Mutex<Vec<Wanted>>) {
    let doomed: Vec<(String, String, String)> = waiting
        .lock()
        .expect("no panic")
        .iter()
        .rev()
        .take(CLIENTS)
        .map(|wanted| (wanted.path.clone(), wanted.key.clone(), wanted.body.clone()))
        .collect();
    let address = server.address();
    let mut streams = Vec::new();
    for (path, key, body) in &doomed {
        let headers = format!("authorization: Bearer {token}\r\nidempotency-key: {key}\r\n");
        let request = crate::support::server::request("POST", path, &headers, body);
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("it is sent");
        streams.push(stream);
    }
    drop(server);
}

on_both! {
    async fn a_server_that_is_killed_loses_and_doubles_nothing(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let mut wanted = Vec::new();
        for n in 0..RECEIVED {
            let consignment = trade.under_way(&[("potato", "20", "jin")]).await;
            let lines: Vec<Value> = consignment["lines"].as_array().expect("lines").iter().map(accepted).collect();
            wanted.push(Wanted {
                path: format!("/api/v1/consignments/{}/receipt", id(&consignment)),
                key: format!("receive-{n}"),
                body: json!({ "inspectors": ["yunong", "yunong-2"], "lines": lines }).to_string(),
            });
        }
        for n in 0..DECLARED {
            let line = json!({ "category_code": "VEGETABLE", "amount": format!("{}.07", n + 1), "weight": "3.000" });
            let body = json!({
                "canteen_id": trade.canteen_id, "seller_name": "集市", "purchased_on": "2026-03-02",
                "external_id": format!("crash-{n}"), "lines": [line],
            });
            let at = (n * 7) % (wanted.len() + 1);
            let key = format!("declare-{n}");
            wanted.insert(at, Wanted { path: "/api/v1/declared-purchases".into(), key, body: body.to_string() });
        }
        let waiting = Mutex::new(wanted);
        let mut answered = 0;
        for most in KILLED_AFTER {
            let server = Server::start_to_kill(app.database_url());
            let token = logged_in(&server);
            answered += send(&server, &token, &waiting, most);
            leave_in_the_middle(server, &token, &waiting);
        }
        assert!(answered < DECLARED + RECEIVED, "some were left for the last");
        let server = Server::start(app.database_url(), "");
        answered += send(&server, &logged_in(&server), &waiting, usize::MAX);
        assert_eq!(answered, DECLARED + RECEIVED, "each was answered once");

        let count = async |table: &str| app.number(&format!("select count(*) from {table}")).await;
        assert_eq!(count("declared_purchase").await, i64::try_from(DECLARED).expect("small"));
        assert_eq!(count("receipt").await, i64::try_from(RECEIVED).expect("small"));
        assert_eq!(count("purchase_line").await, i64::try_from(DECLARED + RECEIVED).expect("small"));
        let declared = app.number("select cast(sum(amount_fen) as bigint) from declared_purchase").await;
        let each: i64 = (1..=DECLARED).map(|n| i64::try_from(n).expect("small") * 100 + 7).sum();
        assert_eq!(declared, each);
        let verified = async || share::verify(&app.ctx).await.expect("verifies").differences;
        assert!(verified().await.is_empty(), "{:?}", verified().await);
        while ledger::fold(&app.ctx).await.expect("folds") > 0 {}
        assert!(verified().await.is_empty(), "{:?}", verified().await);
    }
}
