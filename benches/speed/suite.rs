//! One database from preparation to the last figure.

use crate::{
    Effort,
    calls::{CALLS, Call, Requests, Tokens},
    client::{self, Load},
    cluster::Cluster,
    history,
    pgbench::{self, Length},
    process,
    raw::Raw,
    report::{CONNECTIONS, Row, Run},
    seed::{self, BUYERS, Market, SUPPLIERS, text},
    server::Server,
    transactions,
};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use xiaonong::{
    context::Ctx,
    store::{Store, connect},
};

/// What writes are held against.
trait Ceiling {
    fn write(&mut self, call: Call, connections: usize, time: Duration) -> Result<Load, String>;
}

/// Loads the calls in turn with their ceilings.
struct Suite<'a> {
    runtime: &'a Runtime,
    store: &'a Store,
    server: &'a Server,
    hello: &'a Server,
    requests: &'a Requests,
    effort: Effort,
}

impl Suite<'_> {
    fn rows(&self, ceiling: &mut dyn Ceiling) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        for (call, _) in CALLS.into_iter().zip(self.effort.calls).filter(|(_, measured)| *measured) {
            if call != Call::Receive {
                self.ours(call, 8, Duration::from_millis(300))?;
            }
            for connections in CONNECTIONS {
                eprintln!("  {} over {connections}", call.name());
                let mut row = Row { call, connections, ours: Load::default(), ceiling: Load::default(), memory: 0.0 };
                let time = self.effort.cell / self.effort.rounds;
                for _ in 0..self.effort.rounds {
                    self.wait_for_relay()?;
                    row.ceiling.add(match call {
                        Call::Place | Call::Receive => ceiling.write(call, connections, time)?,
                        _ => client::load(self.hello.address, connections, time, || {
                            Some(client::request("GET", "/", "", None, ""))
                        })?,
                    });
                    row.ours.add(self.ours(call, connections, time)?);
                }
                row.memory = self.server.memory().0;
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn ours(&self, call: Call, connections: usize, time: Duration) -> Result<Load, String> {
        let next = self.requests.of(call, most(self.effort));
        client::load(self.server.address, connections, time, next)
    }

    /// Events of the last cell are passed on first: the relay is our server's work, not the next cell's.
    fn wait_for_relay(&self) -> Result<(), String> {
        let sql = "select count(*) from outbox where delivered_at is null";
        let started = Instant::now();
        loop {
            let statement = Statement::from_string(self.store.backend(), sql);
            let row = self.runtime.block_on(self.store.read.query_one_raw(statement)).map_err(text)?;
            let waiting: i64 = row.ok_or("no count")?.try_get_by_index(0).map_err(text)?;
            if waiting == 0 {
                return Ok(());
            }
            if started.elapsed() > Duration::from_secs(60) {
                return Err(format!("{waiting} events are still waiting after a minute"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Receipts a round may use up.
fn most(effort: Effort) -> u64 {
    effort.consignments / u64::from(effort.rounds) / u64::try_from(CONNECTIONS.len()).unwrap_or(1)
}

struct RawLoop {
    raw: Raw,
    order: Vec<String>,
    receipt: Vec<String>,
    placed: Cell<u64>,
    received: Cell<u64>,
    most: u64,
}

impl Ceiling for RawLoop {
    fn write(&mut self, call: Call, _: usize, time: Duration) -> Result<Load, String> {
        if call == Call::Place {
            self.raw.run(&self.order, time, u64::MAX, || {
                let n = self.placed.replace(self.placed.get() + 1);
                (n, n * 31 % SUPPLIERS, n % BUYERS)
            })
        } else {
            self.raw.run(&self.receipt, time, self.most, || {
                let n = self.received.replace(self.received.get() + 1);
                (n, history::supplier_of(n), history::buyer_of(n))
            })
        }
    }
}

struct Pgbench<'a> {
    cluster: &'a Cluster,
    order: PathBuf,
    receipt: PathBuf,
    runs: u64,
    received: u64,
    most: u64,
}

impl Ceiling for Pgbench<'_> {
    fn write(&mut self, call: Call, connections: usize, time: Duration) -> Result<Load, String> {
        self.runs += 1;
        if call == Call::Place {
            let base = self.runs * 1_000_000_000;
            return pgbench::run(self.cluster, &self.order, connections, base, &Length::Time(time));
        }
        let clients = u64::try_from(connections).unwrap_or(1);
        let each = (self.most / clients).max(1);
        let base = self.received;
        self.received += each * clients;
        pgbench::run(self.cluster, &self.receipt, connections, base, &Length::Each(each))
    }
}

/// Prepares a database; returns what the load needs to know of it.
async fn prepare(url: &str, folder: &Path, consignments: u64) -> Result<(Ctx, Market), String> {
    let started = Instant::now();
    let ctx = seed::connect(url, folder).await?;
    let market = seed::fill(&ctx).await?;
    let lines = history::ledger(&ctx, &market).await?;
    history::consignments(&ctx, &market, consignments).await?;
    eprintln!(
        "  prepared in {:.0} s: {} schools, {} offers, {lines} ledger lines, {consignments} consignments",
        started.elapsed().as_secs_f64(),
        market.schools.len(),
        market.listings.len(),
    );
    Ok((ctx, market))
}

/// Starts the server several times over what is there; the last one stays.
fn start(url: &str, folder: &Path) -> Result<(Server, Vec<Duration>), String> {
    let mut ready = Vec::new();
    for _ in 0..4 {
        ready.push(Server::start(url, folder)?.ready_in);
    }
    let server = Server::start(url, folder)?;
    ready.push(server.ready_in);
    Ok((server, ready))
}

/// Our own answers to one order and one receipt, for the ceilings to store.
fn samples(server: &Server, requests: &Requests) -> Result<[String; 2], String> {
    let ask = |call: Call| {
        let request = requests.of(call, 1)().ok_or("nothing to send")?;
        let (status, body) = client::once(server.address, &request)?;
        if status == 201 { Ok(body) } else { Err(format!("{}: {status} {body}", call.name())) }
    };
    Ok([ask(Call::Place)?, ask(Call::Receive)?])
}

/// Everything over SQLite.
pub fn on_sqlite(effort: Effort) -> Result<Run, String> {
    eprintln!("SQLite");
    let folder = process::scratch_dir().join("sqlite");
    fs::create_dir_all(&folder).map_err(text)?;
    let (file, copy) = (folder.join("bench.db"), folder.join("copy.db"));
    let url = format!("sqlite:{}", file.display());
    let runtime = runtime()?;
    let market = runtime.block_on(async {
        let (ctx, market) = prepare(&url, &folder, effort.consignments + 10).await?;
        // Closing folds the log into the file.
        ctx.store.close().await;
        Ok::<_, String>(market)
    })?;
    fs::copy(&file, &copy).map_err(text)?;
    let raw = Raw::open(&copy)?;
    let version = format!("SQLite {} (WAL, synchronous=FULL)", rusqlite::version());
    measure(
        &runtime,
        version,
        "a raw loop of prepared statements",
        &url,
        &folder,
        &market,
        effort,
        |[order, receipt]| {
            let (order, receipt) = (transactions::order(&market, order, ""), transactions::receipt(&market, receipt));
            Ok(Box::new(RawLoop {
                raw,
                order,
                receipt,
                placed: Cell::new(0),
                received: Cell::new(0),
                most: most(effort),
            }))
        },
    )
}

/// Everything over PostgreSQL, where its programs are installed.
pub fn on_postgres(effort: Effort) -> Result<Option<Run>, String> {
    let Some(cluster) = Cluster::start()? else {
        println!("PostgreSQL: NOT RUN, its server's programs (initdb, postgres, pgbench) were not found");
        return Ok(None);
    };
    eprintln!("PostgreSQL {}", cluster.version);
    let folder = process::scratch_dir().join("postgres");
    fs::create_dir_all(&folder).map_err(text)?;
    let url = cluster.url();
    let runtime = runtime()?;
    let market = runtime.block_on(async {
        let (ctx, market) = prepare(&url, &folder, 2 * effort.consignments + 100).await?;
        vacuum(&ctx.store).await.map_err(text)?;
        ctx.store.read.execute_unprepared("checkpoint").await.map_err(text)?;
        ctx.store.close().await;
        Ok::<_, String>(market)
    })?;
    let version = format!("PostgreSQL {} (fsync and synchronous_commit on)", cluster.version);
    let run = measure(&runtime, version, "pgbench -M prepared", &url, &folder, &market, effort, |[order, receipt]| {
        let order = transactions::order(&market, order, " for no key update of l");
        let receipt = transactions::receipt(&market, receipt);
        Ok(Box::new(Pgbench {
            cluster: &cluster,
            order: pgbench::order_script(&folder, &order)?,
            receipt: pgbench::receipt_script(&folder, &receipt)?,
            runs: 0,
            received: effort.consignments + 10,
            most: most(effort),
        }))
    });
    run.map(Some)
}

/// As the server's own housekeeping would have by then. It leaves empty tables alone, and so does this: PostgreSQL plans
/// the checks of foreign keys on a table known to be empty as a scan of all of it, and keeps that plan while it fills.
pub async fn vacuum(store: &Store) -> Result<(), DbErr> {
    let filled = "select relname from pg_stat_user_tables where n_live_tup > 0 order by relname";
    for row in store.read.query_all_raw(Statement::from_string(store.backend(), filled)).await? {
        let table: String = row.try_get_by_index(0)?;
        store.read.execute_unprepared(&format!("vacuum analyze {table}")).await?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "what the two databases differ in")]
fn measure<'a>(
    runtime: &Runtime,
    name: String,
    ceiling: &'static str,
    url: &str,
    folder: &Path,
    market: &Market,
    effort: Effort,
    against: impl FnOnce([&str; 2]) -> Result<Box<dyn Ceiling + 'a>, String>,
) -> Result<Run, String> {
    let (server, ready) = start(url, folder)?;
    let hello = Server::start_hello()?;
    let before = server.memory().0;
    let requests = Requests::new(Tokens::log_in(server.address)?, market);
    let [order, receipt] = samples(&server, &requests)?;
    let mut against = against([&order, &receipt])?;
    let store = runtime.block_on(connect(url, None)).map_err(text)?;
    let suite = Suite { runtime, store: &store, server: &server, hello: &hello, requests: &requests, effort };
    let rows = suite.rows(&mut *against)?;
    runtime.block_on(store.close());
    Ok(Run { name, ceiling, rows, ready, memory: (before, server.memory().1) })
}

fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(text)
}
