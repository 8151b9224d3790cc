//! A checked GET beside its twin: the same handler, given a caller that is already known.
//!
//! All stand in this process over one context, behind the service's own listener, and take turns. The twin goes
//! through every layer of the service, and reads neither token nor memory of callers: the checks are not in it, and so
//! no limit by account, which asks who calls. A second twin goes without the limit by address too. All still turn the
//! caller's grants into a scope, for without one no query can be asked. What is compared is the processor time of all
//! threads but the client's, kernel included, for one request: it is the cost itself and moves little when the machine
//! has other things to do. Limits are set far off but counted, for a client behind a named proxy.

use crate::{
    access::median,
    calls,
    client::{self, Load},
    history::buyer_of,
    seed::{Kind, OFFICER, id, manager, manager_account, text},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn},
    response::IntoResponse,
    routing::get,
};
use entity::id::{AccountId, OrderId, SchoolId};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path as Folder,
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;
use xiaonong::{
    access::{Actor, Caller, Rates, Watch, grants, throttle},
    app::{self, guarded},
    audit::{Recorder, refusals},
    clock::{Ids, SystemClock, SystemEntropy},
    config::{Settings, Source},
    context::Ctx,
    exports::{Lists, exports},
    http::{self, ApiError, ForwardHeader, Path, Proxies, Query, conditional, envelope},
    ordering::show_order,
    share::{SchoolShareQuery, school_share},
};

/// Connections of the load.
const CONNECTIONS: usize = 8;
/// Requests a minute; far more than are made.
const FAR_OFF: u64 = 1_000_000_000;

/// One request, checked and not.
pub struct Read {
    /// What was asked for.
    pub name: &'static str,
    /// Checked, unchecked, and without any limit either.
    sides: [Side; 3],
    /// Processor time of a checked request in that of an unchecked one: the median of the rounds.
    pub ratio: f64,
    /// The same in that of one without any limit.
    pub without_limits: f64,
}

#[derive(Default)]
struct Side {
    load: Load,
    /// Of the server, in microseconds a request.
    processor: Vec<f64>,
}

#[derive(Clone)]
struct Known {
    ctx: Ctx,
    officer: Arc<Actor>,
    buyer: Arc<Actor>,
}

fn caller(actor: &Arc<Actor>) -> Caller {
    Caller { actor: Arc::clone(actor), request_id: String::new(), address: None }
}

async fn share(
    State(known): State<Known>,
    path: Path<SchoolId>,
    query: Query<SchoolShareQuery>,
) -> Result<impl IntoResponse, ApiError> {
    school_share(State(known.ctx), caller(&known.officer), path, query).await
}

async fn order(State(known): State<Known>, path: Path<OrderId>) -> Result<impl IntoResponse, ApiError> {
    show_order(State(known.ctx), caller(&known.buyer), path).await
}

/// As the service, with the same layers in the same order; nobody is asked who he is.
fn unchecked(known: Known, limited: bool) -> Router {
    let around = Arc::new((
        known.ctx.clone(),
        Recorder::start(known.ctx.clone()),
        Lists::of(include_str!("../../openapi/openapi.json")),
    ));
    Router::new()
        .route("/api/v1/shares/schools/{id}", get(share))
        .route("/api/v1/orders/{id}", get(order))
        .with_state(known)
        .layer(from_fn(move |request, next: Next| {
            let around = Arc::clone(&around);
            async move {
                let (ctx, recorder, lists) = &*around;
                let inner = |mut request: Request| {
                    DefaultBodyLimit::max(1024 * 1024).apply(&mut request);
                    conditional(request, |request| exports(ctx, lists, request, next))
                };
                let counted = |request: Request| {
                    guarded(
                        async move { if limited { throttle(ctx, request, inner).await } else { inner(request).await } },
                    )
                };
                envelope(ctx, request, |request| refusals(recorder, request, counted)).await
            }
        }))
}

async fn context(database_url: &str, folder: &Folder) -> Result<Ctx, String> {
    let source = Source {
        database_url: Some(database_url.to_owned()),
        data_dir: Some(folder.display().to_string()),
        ..Source::default()
    };
    let mut settings = Settings::from_source(source).map_err(text)?;
    settings.rates = Rates { account: FAR_OFF, writes: FAR_OFF, address: FAR_OFF };
    settings.proxies = Proxies::parse("127.0.0.1", ForwardHeader::XForwardedFor).ok_or("no proxies")?;
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    app::context(settings, clock, ids).await.map_err(text)
}

async fn actor(ctx: &Ctx, account: u64) -> Result<Arc<Actor>, String> {
    let account: AccountId = id(Kind::Account, account);
    let held = grants(ctx.store.primary(), account, ctx.clock.now()).await.map_err(text)?;
    Ok(Arc::new(Actor::in_process(account, held)))
}

async fn listen(router: Router) -> Result<SocketAddr, String> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(text)?;
    let address = listener.local_addr().map_err(text)?;
    tokio::spawn(http::serve(listener, router, std::future::pending()));
    Ok(address)
}

/// Takes turns of `turn`, `rounds` of them for each side of each request.
pub fn measure(database_url: &str, folder: &Folder, turn: Duration, rounds: u32) -> Result<Vec<Read>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(text)?;
    let (ctx, watch, servers) = runtime.block_on(async {
        let ctx = context(database_url, folder).await?;
        let watch = Watch::start(ctx.clone());
        let known = Known {
            ctx: ctx.clone(),
            officer: actor(&ctx, 0).await?,
            buyer: actor(&ctx, manager_account(buyer_of(0))).await?,
        };
        let twins = [listen(unchecked(known.clone(), true)).await?, listen(unchecked(known, false)).await?];
        let servers = [listen(app::router(ctx.clone())).await?, twins[0], twins[1]];
        Ok::<_, String>((ctx, watch, servers))
    })?;
    let school: Uuid = id(Kind::School, 7);
    let order: Uuid = id(Kind::Order, 0);
    let mut reads = Vec::new();
    for (name, who, target) in [
        ("a school's share from memory", OFFICER.to_owned(), format!("/api/v1/shares/schools/{school}")),
        ("an order from the database", manager(buyer_of(0)), format!("/api/v1/orders/{order}")),
    ] {
        eprintln!("  {name}, checked and not");
        let token = calls::token(servers[0], &who)?;
        let requests = [request(&target, &token), request(&target, ""), request(&target, "")];
        compare(servers, &requests)?;
        let mut sides: [Side; 3] = Default::default();
        let mut ratios = [Vec::new(), Vec::new()];
        for (server, request) in servers.iter().zip(&requests) {
            turn_of(*server, request, turn)?;
        }
        for round in 0..rounds as usize {
            let mut costs = [0.0; 3];
            // Which goes first takes turns too.
            for side in (round..round + 3).map(|turn| turn % 3) {
                let (load, processor) = turn_of(servers[side], &requests[side], turn)?;
                costs[side] = processor;
                sides[side].load.add(load);
                sides[side].processor.push(processor);
            }
            ratios[0].push(costs[0] / costs[1]);
            ratios[1].push(costs[0] / costs[2]);
        }
        let [ratio, without_limits] = ratios.map(median);
        let read = Read { name, sides, ratio, without_limits };
        reads.push(read);
    }
    drop(watch);
    runtime.block_on(ctx.store.close());
    runtime.shutdown_background();
    Ok(reads)
}

/// A request as a reverse proxy passes it on.
fn request(target: &str, token: &str) -> Vec<u8> {
    let plain = String::from_utf8_lossy(&client::request("GET", target, token, None, "")).into_owned();
    plain.replacen("host: bench\r\n", "host: bench\r\nx-forwarded-for: 203.0.113.7\r\n", 1).into_bytes()
}

/// All sides must say the same, and only the checked one may ask for a token.
fn compare(servers: [SocketAddr; 3], requests: &[Vec<u8>; 3]) -> Result<(), String> {
    let answer = |side: usize| client::once(servers[side], &requests[side]);
    let (with, without, bare) = (answer(0)?, answer(1)?, answer(2)?);
    let (refused, _) = client::once(servers[0], &requests[1])?;
    if with == without && with == bare && with.0 == 200 && refused == 401 {
        Ok(())
    } else {
        Err(format!("not the same read: {with:?}, {without:?}, {bare:?}, without a token {refused}"))
    }
}

fn turn_of(address: SocketAddr, request: &[u8], turn: Duration) -> Result<(Load, f64), String> {
    let request = request.to_vec();
    let before = processor_of_server()?;
    let load = client::load(address, CONNECTIONS, turn, move || Some(request.clone()))?;
    let spent = processor_of_server()?.saturating_sub(before);
    let requests = f64::from(u32::try_from(load.answered.max(1)).unwrap_or(u32::MAX));
    Ok((load, spent.as_secs_f64() * 1_000_000.0 / requests))
}

/// Processor time so far of all threads but the first, in which the client runs.
fn processor_of_server() -> Result<Duration, String> {
    let client = std::process::id().to_string();
    let mut nanos = 0_u64;
    for thread in fs::read_dir("/proc/self/task").map_err(text)? {
        let thread = thread.map_err(text)?;
        if thread.file_name().to_str() == Some(client.as_str()) {
            continue;
        }
        // A thread may end between being listed and being read.
        let Ok(figures) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
        nanos += figures.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanos))
}

/// The table.
pub fn print(reads: &[Read]) {
    println!("\naccess checks, SQLite, {CONNECTIONS} connections; µs is the server's processor time for a request");
    println!("{:<30} {:<22} {:>9} {:>8} {:>7} {:>6} {:>7}", "GET", "", "per s", "p50 ms", "µs", "ratio", "by rate");
    for read in reads {
        let checked = &read.sides[0];
        let ratios = [1.0, read.ratio, read.without_limits];
        let names = ["checked", "unchecked", "and without limits"];
        for ((side, name), ratio) in read.sides.iter().zip(names).zip(ratios) {
            println!(
                "{:<30} {:<22} {:>9.0} {:>8.3} {:>7.1} {:>6.2} {:>7.2}",
                read.name,
                name,
                side.load.rate(),
                side.load.percentile(50),
                median(side.processor.clone()),
                ratio,
                side.load.rate() / checked.load.rate(),
            );
        }
    }
}
