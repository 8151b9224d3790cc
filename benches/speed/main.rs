//! How fast the service is, beside what the same machine can do in the same minutes.
//!
//! `cargo bench` starts the release binary over a prepared database, loads it over HTTP at 1, 8 and 32 connections and
//! prints for each call throughput, times and memory beside a ceiling: an axum server that answers "hello" for reads,
//! the same transaction by pgbench or by a raw SQLite loop for writes, as durable as ours. Ours and the ceiling take
//! turns, because machines drift. `cargo bench -- --quick` runs it all in short; `--only sqlite` or `--only postgres`
//! one half of it; `--seconds N` sets how long each cell is loaded; `--calls place,receive` measures these alone.
//! `--only login` compares instead the times of log-ins refused for an unknown name and for a wrong password,
//! `--samples N` of each. `--only access` measures what access checks cost a read, and reads while a hundred people log
//! in; the full run does so too. `--only households` compares the import of a county's list of 100,000 households with the
//! database's own bulk load, on one of them with `--database sqlite` or `--database postgres`.
//! `--only province` simulates a province's school year (`--schools N`, `--days N`) on PostgreSQL, or takes the database of
//! `--database-url` with the keys in `--data-dir`, and measures roll-ups over it; `--only finding` looks for suppliers among a hundred thousand, on the database of
//! `--database sqlite` or `--database postgres`, or on both.

#![expect(clippy::float_arithmetic, reason = "rates and ratios are what this program prints")]

mod access;
mod calls;
mod client;
mod cluster;
mod finding;
mod history;
mod households;
mod login;
mod pgbench;
#[path = "../../tests/it/support/process.rs"]
#[expect(dead_code, clippy::disallowed_methods, reason = "shared with the tests, which use more of it")]
mod process;
mod province;
mod raw;
mod report;
mod seed;
mod server;
mod storm;
mod suite;
mod transactions;
mod twin;
mod volume;

use std::{process::ExitCode, time::Duration};

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Seconds of load on ours in a cell, over all rounds.
    pub cell: Duration,
    /// Turns that ours and the ceiling take in a cell.
    pub rounds: u32,
    /// Consignments made ready to be received: as many for ours as for the ceiling.
    pub consignments: u64,
    /// Whether each call of [`calls::CALLS`] is measured.
    pub calls: [bool; calls::CALLS.len()],
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    if let Some(port) = value("--hello") {
        return server::hello(port);
    }
    if !has("--bench") {
        println!("the figures are measured by `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let wanted: Option<Vec<&str>> = value("--calls").map(|text| text.split(',').collect());
    if let Some(name) = wanted.iter().flatten().find(|name| calls::CALLS.iter().all(|call| call.short() != **name)) {
        let known = calls::CALLS.map(calls::Call::short).join(", ");
        eprintln!("bench: --calls knows {known}; not {name}");
        return ExitCode::FAILURE;
    }
    let calls = calls::CALLS.map(|call| wanted.as_ref().is_none_or(|names| names.contains(&call.short())));
    let effort = if has("--quick") {
        Effort { cell: Duration::from_millis(600), rounds: 1, consignments: 300, calls }
    } else {
        let seconds = value("--seconds").and_then(|text| text.parse().ok()).unwrap_or(3.0);
        Effort { cell: Duration::from_secs_f64(seconds), rounds: 2, consignments: 6_000, calls }
    };
    if value("--only") == Some("login") {
        let samples = value("--samples").and_then(|text| text.parse().ok()).unwrap_or(200);
        return match login::measure(&process::scratch_dir().join("login"), samples) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bench: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let outcome = report::Machine::look().and_then(|machine| {
        machine.print();
        let only = value("--only");
        if only == Some("access") {
            return access::measure(effort);
        }
        if only == Some("households") {
            return households::measure(effort, value("--database"));
        }
        if only == Some("province") {
            let number = |name, otherwise| value(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
            let size = province::Size { schools: number("--schools", 17_400), days: number("--days", 80) };
            return province::measure(effort, size, value("--database-url").zip(value("--data-dir")));
        }
        if only == Some("volume") {
            let number = |name, otherwise| value(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
            return volume::measure(province::Size { schools: number("--schools", 350), days: number("--days", 200) });
        }
        if only == Some("finding") {
            return finding::measure(effort, value("--database"));
        }
        let mut runs = Vec::new();
        if only != Some("postgres") {
            runs.push(suite::on_sqlite(effort)?);
        }
        if only != Some("sqlite") {
            runs.extend(suite::on_postgres(effort)?);
        }
        report::print(&runs);
        if only.is_none() && wanted.is_none() { access::measure(effort) } else { Ok(()) }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
