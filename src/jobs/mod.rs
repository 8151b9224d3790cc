//! Work that no request waits for: passing events on as notifications, sealing the audit trail, clearing what has served
//! its time, indexing names that were written by other means, letting approvals run out and correcting what revoked
//! suppliers sold.
//!
//! Owns the outbox's way out. Refuses to lose an event: it is marked in the transaction that writes its notifications,
//! and an event passed on twice writes them once.

mod notifications;
mod purge;
mod relay;

pub use notifications::NotificationView;
pub use purge::purge;
pub use relay::run_once;

use crate::{
    audit::{self, Reach},
    context::Ctx,
    finding,
    http::ApiError,
    imports, ledger, registry, share,
    store::bulk,
    suppliers::{self, verification},
};
use sea_orm::DbBackend;
use std::time::Duration;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Interval, MissedTickBehavior},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// How often the outbox is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// Looks between two clearings: an hour.
const LOOKS_BETWEEN_PURGES: u32 = 3_600;

/// Looks between two thorough ones at the audit trail: a minute.
const LOOKS_BETWEEN_WINDOWS: u32 = 60;

/// Routes of notifications.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(notifications::list_notifications))
        .routes(routes!(notifications::read_notification))
        .with_state(ctx)
}

/// How often changes are folded into the totals of areas.
const FOLD_EVERY: Duration = Duration::from_millis(500);

/// How often SQLite's log is copied into its file: before it is long, so that the writer seldom has to.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);

/// The running jobs; they end when told to, or when this is dropped.
pub struct Runner {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Runner {
    /// Starts the jobs on the present runtime.
    #[must_use]
    pub fn start(ctx: Ctx) -> Self {
        let (stop, stopped) = watch::channel(false);
        let beat = |every| Beat::new(every, &stopped);
        let mut tasks = vec![
            // By itself: figures do not wait for other jobs.
            tokio::spawn(fold(ctx.clone(), beat(FOLD_EVERY))),
            tokio::spawn(import(ctx.clone(), beat(EVERY))),
            tokio::spawn(run(ctx.clone(), beat(EVERY))),
        ];
        if ctx.store.backend() == DbBackend::Sqlite {
            tasks.push(tokio::spawn(checkpoint(ctx, beat(CHECKPOINT_EVERY))));
        }
        Self { stop, tasks }
    }

    /// Lets what is under way end, then returns.
    pub async fn stop(self) {
        // Without a receiver the jobs have ended already.
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "the jobs ended badly");
            }
        }
    }
}

/// When a job looks for work again.
struct Beat {
    tick: Interval,
    stopped: watch::Receiver<bool>,
}

impl Beat {
    fn new(every: Duration, stopped: &watch::Receiver<bool>) -> Self {
        let mut tick = tokio::time::interval(every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { tick, stopped: stopped.clone() }
    }

    /// Waits for the next look; false when told to stop, or the runner was dropped.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.stopped.changed() => false,
            _ = self.tick.tick() => true,
        }
    }

    /// Whether to end after the piece of work in hand.
    fn ends(&self) -> bool {
        *self.stopped.borrow()
    }
}

async fn checkpoint(ctx: Ctx, mut beat: Beat) {
    while beat.next().await {
        if let Err(error) = ctx.store.checkpoint().await {
            tracing::warn!(%error, "the log could not be copied into the database file and will be next time");
        }
    }
}

/// Goes on with imports of files.
async fn import(ctx: Ctx, mut beat: Beat) {
    while beat.next().await {
        if !exhaust(&beat, "an import", || imports::step(&ctx)).await {
            return;
        }
    }
}

async fn fold(ctx: Ctx, mut beat: Beat) {
    let ctx = &ctx;
    while beat.next().await {
        let folded = exhaust(&beat, "folding totals", || async move { Ok(ledger::fold(ctx).await? > 0) }).await;
        // Afterwards: what was folded may be the first that a school bought in a month.
        let recount = || async move { Ok(share::recount(ctx).await? > 0) };
        if !folded || !exhaust(&beat, "counting schools anew", recount).await {
            return;
        }
    }
}

/// Takes one step after another until one finds nothing to do or fails; false when told to stop in between.
async fn exhaust<F>(beat: &Beat, what: &str, step: impl Fn() -> F) -> bool
where
    F: Future<Output = Result<bool, ApiError>>,
{
    loop {
        match step().await {
            Ok(false) => return true,
            Ok(true) if beat.ends() => return false,
            Ok(true) => {}
            Err(error) => {
                tracing::warn!(?error, "{what} failed and will be tried again");
                return true;
            }
        }
    }
}

async fn run(ctx: Ctx, mut beat: Beat) {
    let mut looks = 0;
    while beat.next().await {
        let reach = if looks % LOOKS_BETWEEN_WINDOWS == 0 { Reach::Window } else { Reach::Recent };
        if let Err(error) = audit::seal(&ctx, reach).await {
            tracing::warn!(?error, "sealing the audit trail failed and will be tried again");
        }
        if looks % LOOKS_BETWEEN_WINDOWS == 0
            && let Err(error) = settle_schools(&ctx, looks == 0).await
        {
            tracing::warn!(?error, "moving schools failed and will be tried again");
        }
        if looks % LOOKS_BETWEEN_WINDOWS == 0
            && let Err(error) = verification::settle_due(&ctx).await
        {
            tracing::warn!(?error, "letting approvals expire failed and will be tried again");
        }
        if let Err(error) = ledger::correct_revoked(&ctx).await {
            tracing::warn!(?error, "correcting the ledger failed and will be tried again");
        }
        if let Err(error) = look(&ctx, looks % LOOKS_BETWEEN_PURGES == 0, &beat).await {
            tracing::warn!(?error, "a job failed and will be tried again");
        }
        looks = looks.wrapping_add(1);
    }
}

/// Days a look goes back for moves that began; the first look goes back to the programme's beginning.
const LOOK_BACK_DAYS: u64 = 40;

/// Lets the moves of schools that begin today take effect; answers how many did.
///
/// # Errors
/// When the database refuses.
pub async fn settle_schools(ctx: &Ctx, all: bool) -> Result<u64, ApiError> {
    let today = ctx.clock.now().business_day();
    let since = today.checked_sub_days(chrono::Days::new(if all { 36_525 } else { LOOK_BACK_DAYS })).unwrap_or(today);
    let txn = ctx.store.begin().await?;
    let moved = registry::settle(&txn, today, since).await?;
    if moved == 0 {
        txn.rollback().await?;
        return Ok(0);
    }
    let facts = serde_json::json!({ "moved": moved, "on": today });
    bulk::insert(&txn, &[audit::machine_line(ctx, "school.settle", "school", "jobs", facts)]).await?;
    txn.commit().await?;
    Ok(moved)
}

async fn look(ctx: &Ctx, clear: bool, beat: &Beat) -> Result<(), ApiError> {
    while run_once(ctx).await? > 0 && !beat.ends() {}
    if clear {
        suppliers::remind_of_licences(ctx).await?;
        ledger::check_capacities(ctx).await?;
        ledger::find_double_counts(ctx).await?;
        purge(ctx).await?;
        finding::catch_up(ctx).await?;
    }
    Ok(())
}
