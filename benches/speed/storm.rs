//! Reads while a hundred people log in at once, every other one with a wrong password.
//!
//! The server is the release binary with its own settings for passwords. Every log-in comes over a connection and from a
//! loopback address of its own, as from many people; whoever is told to try again (503, the queue is full) does so after
//! the second he is told to wait. Reads run flat out, which leaves no processor idle, and at a steady pace, as a
//! province's would; with and without log-ins in turn.

use crate::{
    access::median,
    calls::token,
    client::{self, Connection, Load},
    seed::{BUYERS, Kind, OFFICER, PASSWORD, SUPPLIERS, id, manager, text},
    server::Server,
};
use std::{
    cell::Cell,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{net::TcpSocket, task::LocalSet};
use uuid::Uuid;

/// Connections that read.
const CONNECTIONS: usize = 8;
/// People who log in at once.
const PEOPLE: u64 = 100;
/// Until the queue of log-ins is as long as it gets.
const BUILDING_UP: Duration = Duration::from_millis(1_500);

/// Reads of one kind, alone and in the storm.
pub struct Reads {
    /// How they are made.
    pub name: &'static str,
    alone: Load,
    stormy: Load,
    /// 99th percentiles of the rounds, in milliseconds.
    p99: [Vec<f64>; 2],
    counts: Counts,
    time: Duration,
    /// Part of one processor that those who logged in took themselves.
    people: Vec<f64>,
}

impl Reads {
    /// The p99 in the storm in that alone: of the medians of the rounds.
    pub fn ratio(&self) -> f64 {
        median(self.p99[1].clone()) / median(self.p99[0].clone())
    }
}

/// What became of log-ins.
#[derive(Default)]
struct Counts {
    right: AtomicU64,
    wrong: AtomicU64,
    later: AtomicU64,
    /// Of those answered, the times they took, in milliseconds.
    waited: AtomicU64,
}

/// A storm of log-ins, which ends when told to.
struct Storm {
    over: Arc<AtomicBool>,
    counts: Arc<Counts>,
    thread: JoinHandle<Result<Duration, String>>,
    started: Instant,
}

impl Storm {
    fn start(address: SocketAddr, first: u64) -> Self {
        let (over, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let (told, counted) = (Arc::clone(&over), Arc::clone(&counts));
        let started = Instant::now();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
            let number = Rc::new(Cell::new(first));
            LocalSet::new().block_on(&runtime, async {
                let people: Vec<_> = (0..PEOPLE)
                    .map(|_| {
                        let (number, told, counted) = (Rc::clone(&number), Arc::clone(&told), Arc::clone(&counted));
                        tokio::task::spawn_local(async move {
                            while !told.load(Ordering::Acquire) {
                                log_in(address, number.replace(number.get() + 1), &counted).await?;
                            }
                            Ok::<(), String>(())
                        })
                    })
                    .collect();
                for person in people {
                    person.await.map_err(text)??;
                }
                own_processor_time()
            })
        });
        Self { over, counts, thread, started }
    }

    /// Returns when the last log-in under way has ended: the part of one processor that the people themselves took.
    fn end(self) -> Result<f64, String> {
        self.over.store(true, Ordering::Release);
        let taken = self.thread.join().map_err(|_| "the storm broke off")??;
        Ok(taken.as_secs_f64() / self.started.elapsed().as_secs_f64())
    }
}

/// Processor time of the present thread so far.
fn own_processor_time() -> Result<Duration, String> {
    let figures = fs::read_to_string("/proc/thread-self/schedstat").map_err(text)?;
    let nanos = figures.split(' ').next().and_then(|first| first.parse().ok()).ok_or("no processor time")?;
    Ok(Duration::from_nanos(nanos))
}

async fn log_in(server: SocketAddr, number: u64, counts: &Counts) -> Result<(), String> {
    let [a, b, c] = [1 + number / 40_000 % 200, number / 200 % 200, 1 + number % 200];
    let octet = |part: u64| u8::try_from(part).unwrap_or_default();
    let socket = TcpSocket::new_v4().map_err(text)?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, octet(a), octet(b), octet(c)), 0))).map_err(text)?;
    let stream = socket.connect(server).await.map_err(text)?;
    let known = number / 2 % (BUYERS + SUPPLIERS);
    let name = if known < BUYERS { manager(known) } else { format!("seller-{}", known - BUYERS) };
    let is_right = number.is_multiple_of(2);
    let password = if is_right { PASSWORD } else { "wrong-horse-battery" };
    let body = serde_json::json!({ "username": name, "password": password }).to_string();
    let started = Instant::now();
    let mut connection = Connection::over(stream)?;
    let status = connection.call(&client::request("POST", "/api/v1/auth/login", "", None, &body)).await?.status;
    let count = match (status, is_right) {
        (200, true) => &counts.right,
        (401, false) => &counts.wrong,
        (503, _) => {
            counts.later.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            return Ok(());
        }
        _ => return Err(format!("log-in {number} of {name} was answered {status}")),
    };
    count.fetch_add(1, Ordering::Relaxed);
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    counts.waited.fetch_add(took, Ordering::Relaxed);
    Ok(())
}

/// Takes turns of `time` with and without log-ins, `rounds` of them for each kind of load.
pub fn measure(database_url: &str, folder: &Path, time: Duration, rounds: u32) -> Result<Vec<Reads>, String> {
    let server = Server::start(database_url, folder)?;
    let school: Uuid = id(Kind::School, 7);
    let token = token(server.address, OFFICER)?;
    let request = client::request("GET", &format!("/api/v1/shares/schools/{school}"), &token, None, "");
    let mut all = Vec::new();
    for (name, pause) in [("flat out", Duration::ZERO), ("at a steady pace", Duration::from_millis(4))] {
        eprintln!("  reads {name}, alone and while {PEOPLE} people log in");
        let read = || {
            let request = request.clone();
            client::paced(server.address, CONNECTIONS, time, pause, move || Some(request.clone()))
        };
        read()?;
        let mut reads = Reads {
            name,
            alone: Load::default(),
            stormy: Load::default(),
            p99: [Vec::new(), Vec::new()],
            counts: Counts::default(),
            time: Duration::ZERO,
            people: Vec::new(),
        };
        for round in 0..rounds {
            let alone = read()?;
            reads.p99[0].push(alone.percentile(99));
            reads.alone.add(alone);
            let storm = Storm::start(server.address, u64::from(round) * 1_000_000);
            std::thread::sleep(BUILDING_UP);
            let before = storm.counts.now();
            let stormy = read()?;
            reads.counts.add(storm.counts.now(), before);
            reads.time += stormy.time;
            reads.people.push(storm.end()?);
            reads.p99[1].push(stormy.percentile(99));
            reads.stormy.add(stormy);
        }
        all.push(reads);
    }
    Ok(all)
}

impl Counts {
    fn now(&self) -> [u64; 4] {
        [&self.right, &self.wrong, &self.later, &self.waited].map(|count| count.load(Ordering::Relaxed))
    }

    fn add(&self, now: [u64; 4], before: [u64; 4]) {
        for (at, count) in [&self.right, &self.wrong, &self.later, &self.waited].into_iter().enumerate() {
            count.fetch_add(now[at] - before[at], Ordering::Relaxed);
        }
    }
}

/// The table.
pub fn print(all: &[Reads]) {
    println!("\nwarm reads while {PEOPLE} people log in at once, SQLite, {CONNECTIONS} connections");
    println!(
        "{:<18} {:>9} {:>7} {:>7} {:>10} {:>7} {:>7} {:>6} {:>9} {:>8} {:>6} {:>8} {:>8}",
        "GET",
        "alone/s",
        "p50 ms",
        "p99 ms",
        "in storm/s",
        "p50 ms",
        "p99 ms",
        "ratio",
        "log-ins/s",
        "took ms",
        "right",
        "503s",
        "clients"
    );
    for reads in all {
        let [right, wrong, later, waited] = reads.counts.now();
        let answered = right + wrong;
        println!(
            "{:<18} {:>9.0} {:>7.2} {:>7.2} {:>10.0} {:>7.2} {:>7.2} {:>6.2} {:>9.1} {:>8} {:>6} {:>8} {:>7.1}%",
            reads.name,
            reads.alone.rate(),
            reads.alone.percentile(50),
            median(reads.p99[0].clone()),
            reads.stormy.rate(),
            reads.stormy.percentile(50),
            median(reads.p99[1].clone()),
            reads.ratio(),
            f64::from(u32::try_from(answered).unwrap_or(u32::MAX)) / reads.time.as_secs_f64(),
            waited / answered.max(1),
            right,
            later,
            median(reads.people.clone()) * 100.0,
        );
    }
}
