//! What the tests ran on, said aloud: a test that quietly did not run looks like one that passed.

use std::io::Write;
use std::sync::Once;

use super::{browser, postgres, process, redis};

/// Prints once per test process which databases the tests use and which were not found; starts them
/// if need be.
pub fn announce() {
    static ANNOUNCED: Once = Once::new();
    // Forced: when a server did not start, every test says so, instead of that this lock is
    // poisoned.
    ANNOUNCED.call_once_force(|_| {
        let mut used = vec!["SQLite"];
        let mut lines = String::new();
        match postgres::cluster() {
            Some(cluster) => used.push(&cluster.origin),
            None => {
                lines += "NOT RUN: PostgreSQL (no server binaries found; set TEST_DATABASE_URL)\n";
            }
        }
        match redis::server() {
            Some(server) => used.push(&server.origin),
            None => lines += "NOT RUN: Redis (no redis-server found; set TEST_REDIS_URL)\n",
        }
        if !browser::is_there() {
            lines += "NOT RUN: the monitor in a browser (no chromium and chromedriver found)\n";
        }
        let lines = format!("databases under test: {}\n{lines}", used.join(", "));
        // The test harness captures what `eprintln!` prints, not what is written to the handle. One
        // write, so that the harness's own lines do not fall between; a closed standard error is no
        // reason to fail a test.
        let _ = std::io::stderr().write_all(lines.as_bytes());
    });
}

/// Passes `found` on; a test returns early when it is false.
///
/// # Panics
/// When `what` is missing under `CI=true`, where every test has to run.
pub fn require(what: &str, found: bool) -> bool {
    let ci = process::variable("CI").as_deref() == Some("true");
    assert!(found || !ci, "CI=true: {what} tests may not be skipped");
    found
}
