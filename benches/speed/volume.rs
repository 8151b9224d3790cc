//! Work over a whole ledger on PostgreSQL, each beside the database's own way to do it in the same run: filling it, adding
//! it up again, reading all of it out.

use crate::{
    calls::token,
    client,
    cluster::{Cluster, NAME},
    process,
    province::{AUDITOR, Size, prepare, simulate},
    report::line,
    seed::text,
    server::Server,
};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Part of the ceiling's speed that filling and adding up keep at least.
const PART_AT_LEAST: f64 = 0.5;
/// Memory an export may take above the server at rest, in MB.
const EXPORT_BELOW: f64 = 50.0;
/// A second database of the same cluster.
const COPY: &str = "volume_copy";
/// The totals that `verify` makes again, as a person would ask for them.
const GROUP_BY: &str = "select county_code, school_id, extract(year from purchased_on), extract(month from purchased_on), \
    reporting_unit_code, category_code, channel, class, sum(amount_fen), sum(weight_gram), count(*) \
    from purchase_line group by 1, 2, 3, 4, 5, 6, 7, 8";

/// Measures and prints.
pub fn measure(size: Size) -> Result<(), String> {
    let Some(cluster) = Cluster::start()? else {
        println!("PostgreSQL: NOT RUN, its server's programs were not found");
        return Ok(());
    };
    let folder = process::scratch_dir().join("volume");
    fs::create_dir_all(&folder).map_err(text)?;
    let url = cluster.url();
    let filled = timed(|| simulate(&url, &folder, size.schools, size.days))?;
    prepare(&url, &folder)?;
    let lines = lines(&cluster)?;
    println!("\n{lines} ledger lines of {} schools, PostgreSQL {}", size.schools, cluster.version);

    let copied = copy(&cluster, &folder)?;
    told("filling beside COPY of the same rows, foreign keys unchecked", filled, copied);

    // Once before, so that both find the same in the system's memory.
    psql(&cluster, NAME, GROUP_BY)?;
    let grouped = timed(|| psql(&cluster, NAME, GROUP_BY))?;
    let verified = timed(|| ours(&url, &folder, &["verify"]))?;
    told("verify beside one GROUP BY of the ledger", verified, grouped);
    export(&url, &folder, lines)
}

fn told(what: &str, ours: Duration, ceiling: Duration) {
    let part = ceiling.as_secs_f64() / ours.as_secs_f64();
    let figures = format!(
        "{part:.2} ({:.1} s beside {:.1} s; wanted at least {PART_AT_LEAST:.2})",
        ours.as_secs_f64(),
        ceiling.as_secs_f64()
    );
    line("PostgreSQL", what, part >= PART_AT_LEAST, &figures);
}

fn timed(work: impl FnOnce() -> Result<(), String>) -> Result<Duration, String> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}

fn ended(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}

fn ours(url: &str, folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xiaonong"));
    command.args(arguments).env("DATABASE_URL", url).env("DATA_DIR", folder).env("LOG", "warn");
    ended(command.stdout(Stdio::null()))
}

/// A program of PostgreSQL's beside pgbench.
fn tool(cluster: &Cluster, name: &str) -> Command {
    let beside = cluster.pgbench.with_file_name(name);
    let mut command = Command::new(if beside.is_file() { beside } else { PathBuf::from(name) });
    command.args(["-h", "127.0.0.1", "-p", &cluster.port.to_string(), "-U", NAME]);
    command
}

fn psql(cluster: &Cluster, database: &str, sql: &str) -> Result<(), String> {
    let mut command = tool(cluster, "psql");
    ended(command.args(["-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]).stdout(Stdio::null()))
}

fn lines(cluster: &Cluster) -> Result<i64, String> {
    let mut command = tool(cluster, "psql");
    let answer =
        command.args(["-At", "-d", NAME, "-c", "select count(*) from purchase_line"]).output().map_err(text)?;
    String::from_utf8_lossy(&answer.stdout).trim().parse().map_err(text)
}

/// How long the database takes to COPY all rows into an empty database with the same tables and indices, in one transaction.
/// The dump's rows hold together, so foreign keys are not looked at again: what filling spends on looking at its own counts
/// against it, and so does that it makes the rows, verifies them and measures its projection.
fn copy(cluster: &Cluster, folder: &Path) -> Result<Duration, String> {
    let dump = folder.join("rows.sql");
    let mut dumping = tool(cluster, "pg_dump");
    dumping.args(["--data-only", "--disable-triggers", "--exclude-table=seaql_migrations", "-f"]).arg(&dump).arg(NAME);
    ended(&mut dumping)?;
    psql(cluster, NAME, &format!("create database {COPY}"))?;
    let own = cluster.url();
    let url = own.strip_suffix(NAME).map_or_else(|| own.clone(), |server| format!("{server}{COPY}"));
    ours(&url, folder, &["migrate", "up"])?;
    let mut loading = tool(cluster, "psql");
    loading.args(["-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", COPY, "-f"]).arg(&dump).stdout(Stdio::null());
    let took = timed(|| ended(&mut loading))?;
    psql(cluster, NAME, &format!("drop database {COPY}"))?;
    fs::remove_file(&dump).map_err(text)?;
    Ok(took)
}

/// Reads the whole ledger out as CSV and looks at the server's memory meanwhile.
fn export(url: &str, folder: &Path, lines: i64) -> Result<(), String> {
    let server = Server::start(url, folder)?;
    let token = token(server.address, AUDITOR)?;
    // What the log-in took is given back.
    thread::sleep(Duration::from_secs(2));
    let rest = server.memory().0;
    let address = server.address;
    let reading = thread::spawn(move || read_all(address, &token));
    let started = Instant::now();
    let mut most = rest;
    while !reading.is_finished() {
        most = most.max(server.memory().0);
        thread::sleep(Duration::from_millis(20));
    }
    let rows = reading.join().map_err(|_| "the export broke off")??;
    let took = started.elapsed();
    let above = most - rest;
    let figures = format!(
        "{above:.1} MB above {rest:.1} MB at rest, {rows} lines in {:.1} s (wanted below {EXPORT_BELOW:.0} MB)",
        took.as_secs_f64()
    );
    // The header is a line, too.
    line("PostgreSQL", "memory of an export of the ledger", above < EXPORT_BELOW && rows == lines + 1, &figures);
    Ok(())
}

/// Lines of the body. HTTP/1.0 has a body end with its connection, in one piece.
fn read_all(address: std::net::SocketAddr, token: &str) -> Result<i64, String> {
    let mut stream = TcpStream::connect(address).map_err(text)?;
    let target = "/api/v1/ledger?format=csv&division=520000&from=2025-09-01&to=2026-08-31";
    let request = client::request("GET", target, token, None, "");
    let request = String::from_utf8(request).map_err(text)?.replacen("HTTP/1.1", "HTTP/1.0", 1);
    stream.write_all(request.as_bytes()).map_err(text)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut head = Vec::new();
    let body = loop {
        let read = stream.read(&mut buffer).map_err(text)?;
        head.extend_from_slice(&buffer[..read]);
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if read == 0 {
            return Err("no answer".to_owned());
        }
    };
    if !head.starts_with(b"HTTP/1.0 200") {
        return Err(String::from_utf8_lossy(&head).into_owned());
    }
    let count = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count() - 1;
    let mut lines = count(&head[body..]);
    loop {
        match stream.read(&mut buffer).map_err(text)? {
            0 => return i64::try_from(lines).map_err(text),
            read => lines += count(&buffer[..read]),
        }
    }
}
