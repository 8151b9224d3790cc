//! `xiaonong serve`: the API, until SIGTERM or Ctrl-C.

use super::{fail, fail_inside};
use crate::{
    access::{Watch, first_administrator},
    app, catalogue,
    clock::{Ids, SystemClock, SystemEntropy},
    config::{Settings, hide_password},
    context::Ctx,
    demo, finding,
    http::{self, Lines},
    jobs::Runner,
    registry, share,
};
use entity::{account, bundle};
use sea_orm::EntityTrait;
use std::{net::SocketAddr, process::ExitCode, sync::Arc};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

/// Serves an up-to-date database.
pub async fn run(settings: Settings) -> ExitCode {
    start_log(&settings.log);
    // Before a one-time password is printed that the next start will not print again.
    if let Err(code) = may_listen(settings.listen_addr).await {
        return code;
    }
    let ctx = match prepare(settings).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(error.as_ref()),
    };
    match first_administrator(&ctx).await {
        Ok(Some(password)) => {
            println!("first start: administrator \"admin\" made, one-time password: {password}");
            println!("             log in, replace it with POST /api/v1/me/password, then enrol a second factor with");
            println!("             POST /api/v1/me/totp and /api/v1/me/totp/confirm");
        }
        Ok(None) => {}
        Err(error) => return fail_inside("making the first administrator", &error),
    }
    match is_demonstration(&ctx).await {
        Ok(true) if !ctx.settings.listen_addr.ip().is_loopback() => fail(&std::io::Error::other(format!(
            "this database holds the demonstration's accounts, whose passwords are published: it is served on this \
             machine only, not on {}; use another DATABASE_URL",
            ctx.settings.listen_addr
        ))),
        Ok(true) => {
            println!("WARNING: this database holds the demonstration's accounts, whose passwords are published;");
            println!("         for real work use another DATABASE_URL");
            listen(ctx).await
        }
        Ok(false) => listen(ctx).await,
        Err(error) => fail(&error),
    }
}

/// Whether the demonstration was loaded here.
pub async fn is_demonstration(ctx: &Ctx) -> Result<bool, sea_orm::DbErr> {
    Ok(bundle::Entity::find_by_id(demo::PROVINCE).one(ctx.store.primary()).await?.is_some())
}

/// Connects and migrates, saying so.
pub async fn prepare(settings: Settings) -> Result<Ctx, Box<dyn std::error::Error>> {
    println!("database: {}", hide_password(&settings.database_url));
    // All files before any is loaded.
    registry::bundle::check(&settings.province)?;
    catalogue::bundle::check(&settings.province)?;
    share::check_indicators(&settings.province)?;
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    // Made anew where they are missing; whether they should have been there only the database knows.
    let (had_seal, had_tokens) = (settings.seal_key_file.exists(), settings.token_keys.are_there());
    let ctx = app::context(settings, clock, ids).await?;
    let pending = ctx.store.pending_migrations().await?.len();
    if pending > 0 {
        println!("schema: running {pending} migrations");
        ctx.store.migrate_up().await?;
    }
    if !(had_seal && had_tokens) && account::Entity::find().one(ctx.store.primary()).await?.is_some() {
        warn_of_new_keys(had_seal, had_tokens);
    }
    ctx.vault.prepare(&ctx.store, &ctx.ids, ctx.clock.now()).await?;
    if registry::bundle::load(&ctx).await? {
        println!(
            "registry: divisions, county lists and reporting units of {} loaded",
            ctx.settings.province.manifest.name_en
        );
    }
    if catalogue::bundle::load(&ctx).await? {
        println!("catalogue: products and units loaded");
    }
    if share::load_indicators(&ctx).await.map_err(|error| std::io::Error::other(format!("{error:?}")))? {
        println!("indicators: the built-in ones loaded");
    }
    let indexed = finding::prepare(&ctx).await?;
    if indexed > 0 {
        println!("search: the names of {indexed} schools and suppliers indexed");
    }
    println!("counters: {}", if ctx.counters.is_shared() { "Redis" } else { "in this process (no REDIS_URL)" });
    Ok(ctx)
}

/// The database is older than these keys: somebody forgot to bring the folder along.
fn warn_of_new_keys(had_seal: bool, had_tokens: bool) {
    println!("WARNING: this database has accounts, and keys that belong to it were not there and have been made anew;");
    if !had_seal {
        println!("         without the earlier SEAL_KEY_FILE nobody's second factor is known any more");
    }
    if !had_tokens {
        println!(
            "         without the earlier TOKEN_KEY_FILE the signatures of audit days and statements prove nothing"
        );
    }
    println!("         stop, put the files back from the backup of DATA_DIR, and start again");
}

/// Serves until told to stop, then answers what is under way.
pub async fn listen(ctx: Ctx) -> ExitCode {
    let address = ctx.settings.listen_addr;
    let listener = match bind(address).await {
        Ok(listener) => listener,
        Err(code) => return code,
    };
    let address = listener.local_addr().unwrap_or(address);
    println!("serving: http://{address}  API documentation: http://{address}/docs");
    let store = ctx.store.clone();
    let jobs = Runner::start(ctx.clone());
    let watch = Watch::start(ctx.clone());
    let told_to_stop = async {
        stopped().await;
        println!("stopping: requests under way are answered");
    };
    http::serve(listener, app::router(ctx), told_to_stop).await;
    drop(watch);
    jobs.stop().await;
    store.close().await;
    ExitCode::SUCCESS
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ExitCode> {
    TcpListener::bind(address).await.map_err(|error| {
        fail(&std::io::Error::other(format!(
            "cannot listen on {address}: {error}; choose another with --listen or LISTEN_ADDR"
        )))
    })
}

/// Whether the address is free: nobody is let in yet.
pub async fn may_listen(address: SocketAddr) -> Result<(), ExitCode> {
    bind(address).await.map(drop)
}

async fn stopped() {
    let mut terminate = signal(SignalKind::terminate()).ok();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        Some(()) = async { match &mut terminate { Some(signal) => signal.recv().await, None => None } } => {}
    }
}

/// Starts the log on stderr.
pub fn start_log(filter: &str) {
    let filter = EnvFilter::new(filter);
    // A second start in one process keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_ansi(false)
        .event_format(Lines)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
