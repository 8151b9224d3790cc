//! A county's list of 100,000 households: compared and applied over HTTP, beside the database's own bulk load of as many
//! households and statuses in the same run: COPY on PostgreSQL, a loop over prepared statements on SQLite.
//!
//! The load goes first, into tables that are empty; ours finds them filled.

use crate::{
    Effort,
    calls::token,
    client,
    cluster::{Cluster, NAME},
    process,
    report::line,
    seed::{self, OFFICER, text},
    server::Server,
};
use rusqlite::Connection;
use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Part of the bulk load's speed that each step keeps at least.
const PART_AT_LEAST: f64 = 0.2;
/// Memory the server stays below, in MB.
const MEMORY_BELOW: f64 = 200.0;
const COUNTY: &str = "520526";
/// The bulk load's rows live elsewhere.
const OTHER_COUNTY: &str = "520525";
const HEADER: &str = "code,name,id_number,division_code,status,from_on,proof_number\n";

/// What was measured on one database.
struct Figures {
    name: String,
    rows: u32,
    load: Duration,
    compare: Duration,
    apply: Duration,
    again: Duration,
    memory: f64,
}

/// Measures and prints on both databases.
pub fn measure(effort: Effort, only: Option<&str>) -> Result<(), String> {
    let rows = if effort.rounds > 1 { 100_000 } else { 10_000 };
    let mut all = Vec::new();
    if only != Some("postgres") {
        all.push(on_sqlite(rows)?);
    }
    if only != Some("sqlite") {
        match Cluster::start()? {
            Some(cluster) => all.push(on_postgres(&cluster, rows)?),
            None => println!("PostgreSQL: NOT RUN, its server's programs (initdb, postgres, pgbench) were not found"),
        }
    }
    println!("\nlists of households");
    for figures in &all {
        let rate = |time: Duration| f64::from(figures.rows) / time.as_secs_f64();
        println!(
            "{}: {} rows; bulk load {:.0}, compare {:.0}, apply {:.0}, compare again {:.0} households a second; \
             {:.0} MB at most",
            figures.name,
            figures.rows,
            rate(figures.load),
            rate(figures.compare),
            rate(figures.apply),
            rate(figures.again),
            figures.memory,
        );
        for (what, time) in [("comparing", figures.compare), ("applying", figures.apply)] {
            let part = figures.load.as_secs_f64() / time.as_secs_f64();
            let told = format!("{:.0} % (wanted at least {:.0} %)", part * 100.0, PART_AT_LEAST * 100.0);
            line(&figures.name, &format!("{what} a list beside the bulk load"), part >= PART_AT_LEAST, &told);
        }
        let told = format!("{:.0} MB (wanted below {MEMORY_BELOW:.0} MB)", figures.memory);
        line(&figures.name, "memory of the server at most", figures.memory < MEMORY_BELOW, &told);
    }
    Ok(())
}

fn on_sqlite(rows: u32) -> Result<Figures, String> {
    eprintln!("households on SQLite");
    let folder = process::scratch_dir().join("households-sqlite");
    fs::create_dir_all(&folder).map_err(text)?;
    let file = folder.join("bench.db");
    let url = format!("sqlite:{}", file.display());
    prepare(&url, &folder)?;
    let load = load_sqlite(&file, rows)?;
    ours(format!("SQLite {}", rusqlite::version()), &url, &folder, rows, load)
}

fn on_postgres(cluster: &Cluster, rows: u32) -> Result<Figures, String> {
    eprintln!("households on PostgreSQL");
    let folder = process::scratch_dir().join("households-postgres");
    fs::create_dir_all(&folder).map_err(text)?;
    let url = cluster.url();
    prepare(&url, &folder)?;
    let load = load_postgres(cluster, &folder, rows)?;
    ours(format!("PostgreSQL {}", cluster.version), &url, &folder, rows, load)
}

fn prepare(url: &str, folder: &Path) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    runtime.block_on(async {
        let ctx = seed::connect(url, folder).await?;
        seed::fill(&ctx).await?;
        ctx.store.close().await;
        Ok(())
    })
}

/// What the bulk load writes of a household and of its status: as long as what ours writes.
fn loaded(n: u32) -> ([String; 5], [Uuid; 2]) {
    let hash = format!("{n:064x}");
    let sealed = format!("v1.{}", "A".repeat(64));
    let id = |kind: u128| Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | kind << 40 | u128::from(n));
    ([format!("load-{n:06}"), "张某".to_owned(), sealed, hash, format!("FPSC-{n:06}")], [id(1), id(2)])
}

fn load_sqlite(file: &Path, rows: u32) -> Result<Duration, String> {
    let mut db = Connection::open(file).map_err(text)?;
    db.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
         pragma wal_autocheckpoint = 4000; pragma temp_store = memory; pragma cache_size = -8000",
    )
    .map_err(text)?;
    let started = Instant::now();
    let load = db.transaction().map_err(text)?;
    {
        let mut household = load
            .prepare(
                "insert into household (id, code, name, division_code, county_code, id_number_sealed, id_number_hash, \
                 version) values (?1, ?2, ?3, ?4, ?4, ?5, ?6, 1)",
            )
            .map_err(text)?;
        let mut status = load
            .prepare(
                "insert into household_status (id, household_id, history, status, from_on, proof_number, recorded_at) \
                 values (?1, ?2, 'registration', 'lifted', '2021-01-01', ?3, 1)",
            )
            .map_err(text)?;
        for n in 0..rows {
            let ([code, name, sealed, hash, proof], [id, status_id]) = loaded(n);
            let (id, status_id) = (id.as_bytes().as_slice(), status_id.as_bytes().as_slice());
            household.execute((id, code, name, OTHER_COUNTY, sealed, hash)).map_err(text)?;
            status.execute((status_id, id, proof)).map_err(text)?;
        }
    }
    load.commit().map_err(text)?;
    Ok(started.elapsed())
}

fn load_postgres(cluster: &Cluster, folder: &Path, rows: u32) -> Result<Duration, String> {
    let (mut households, mut statuses) = (String::new(), String::new());
    for n in 0..rows {
        let ([code, name, sealed, hash, proof], [id, status_id]) = loaded(n);
        let _ = writeln!(households, "{id},{code},{name},{OTHER_COUNTY},{OTHER_COUNTY},{sealed},{hash},1");
        let _ = writeln!(statuses, "{status_id},{id},registration,lifted,2021-01-01,{proof},1");
    }
    let (household_file, status_file) = (folder.join("household.csv"), folder.join("status.csv"));
    fs::write(&household_file, households).map_err(text)?;
    fs::write(&status_file, statuses).map_err(text)?;
    let copy = |columns: &str, file: &Path| format!("\\copy {columns} from '{}' csv", file.display());
    let started = Instant::now();
    let done = Command::new(cluster.pgbench.with_file_name("psql"))
        .args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &cluster.port.to_string()])
        .args(["-U", NAME, "-d", NAME])
        .args([
            "-c",
            &copy(
                "household (id, code, name, division_code, county_code, id_number_sealed, id_number_hash, version)",
                &household_file,
            ),
        ])
        .args([
            "-c",
            &copy(
                "household_status (id, household_id, history, status, from_on, proof_number, recorded_at)",
                &status_file,
            ),
        ])
        .output()
        .map_err(text)?;
    let time = started.elapsed();
    if done.status.success() { Ok(time) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

/// The `n`th row: a person of his own, with a check digit that fits.
fn row(n: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let (month, day, one) = (n / 28_000 + 1, n / 1_000 % 28 + 1, n % 1_000);
    let body = format!("5200001960{month:02}{day:02}{one:03}");
    let sum: u32 = body.chars().zip(WEIGHTS).filter_map(|(digit, weight)| Some(digit.to_digit(10)? * weight)).sum();
    let check = "10X98765432".chars().nth(usize::try_from(sum % 11).unwrap_or_default()).unwrap_or('0');
    format!("h-{n:06},张某,{body}{check},{COUNTY},lifted,2021-01-01,FPSC-{n:06}\n")
}

fn ours(name: String, url: &str, folder: &Path, rows: u32, load: Duration) -> Result<Figures, String> {
    let server = Server::start(url, folder)?;
    let token = token(server.address, OFFICER)?;
    let list: String = HEADER.chars().chain((0..rows).flat_map(|n| row(n).chars().collect::<Vec<_>>())).collect();
    let target = format!("/api/v1/household-lists?kind=registration&county={COUNTY}&listed_on=2026-03-01");
    let send = || {
        let mut request = format!(
            "POST {target} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: text/csv\r\n\
             content-length: {}\r\n\r\n",
            list.len()
        );
        request.push_str(&list);
        let started = Instant::now();
        let (status, answer) = client::once(server.address, request.as_bytes())?;
        let time = started.elapsed();
        let answer: serde_json::Value = serde_json::from_str(&answer).map_err(text)?;
        if status == 201 { Ok((answer, time)) } else { Err(format!("{status} {answer}")) }
    };
    let (compared, compare) = send()?;
    if compared["difference"]["new"] != rows {
        return Err(format!("not every row is new: {compared}"));
    }
    let id = compared["id"].as_str().unwrap_or_default();
    let request = client::request("POST", &format!("/api/v1/household-lists/{id}/apply"), &token, None, "{}");
    let started = Instant::now();
    let (status, answer) = client::once(server.address, &request)?;
    let apply = started.elapsed();
    if status != 200 {
        return Err(format!("{status} {answer}"));
    }
    let (compared, again) = send()?;
    if compared["difference"]["same"] != rows {
        return Err(format!("the list brings something a second time: {compared}"));
    }
    Ok(Figures { name, rows, load, compare, apply, again, memory: server.memory().1 })
}
