//! Hears of revocations and of new keys while the service runs.
//!
//! The database is the authority and is looked at several times a second. Where replicas share Redis, a change rings
//! there and the look comes at once; with Redis gone it comes at its turn.

use crate::context::Ctx;
use std::time::Duration;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::MissedTickBehavior,
};

/// How often the changes of access are looked at: well within the second a revocation may take.
const EVERY: Duration = Duration::from_millis(350);
/// Looks at their turn between two readings of the token keys: about five seconds.
const LOOKS_BETWEEN_KEYS: u32 = 14;
/// How long rings are gathered before a look, so that a storm of changes is not a storm of looks.
const GATHER: Duration = Duration::from_millis(20);

/// The running watch; it ends when this is dropped.
pub struct Watch {
    task: JoinHandle<()>,
    looks: watch::Receiver<u64>,
}

impl Watch {
    /// Starts looking on the present runtime.
    #[must_use]
    pub fn start(ctx: Ctx) -> Self {
        Self::every(ctx, EVERY)
    }

    /// The same with another time between looks.
    #[must_use]
    pub fn every(ctx: Ctx, turn: Duration) -> Self {
        let (count, looks) = watch::channel(0);
        Self { task: tokio::spawn(run(ctx, turn, count)), looks }
    }

    /// Counts the looks that succeeded.
    #[must_use]
    pub fn looks(&self) -> watch::Receiver<u64> {
        self.looks.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(ctx: Ctx, turn: Duration, count: watch::Sender<u64>) {
    let heard = Notify::new();
    tokio::select! {
        () = look(&ctx, turn, &heard, &count) => {}
        () = ctx.guard.bell().listen(&heard) => {}
    }
}

async fn look(ctx: &Ctx, turn: Duration, heard: &Notify, count: &watch::Sender<u64>) {
    let mut tick = tokio::time::interval(turn);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut turns, mut deaf) = (0_u32, false);
    loop {
        tokio::select! {
            _ = tick.tick() => turns = turns.wrapping_add(1),
            () = heard.notified() => tokio::time::sleep(GATHER).await,
        }
        match ctx.guard.catch_up(ctx).await {
            Ok(()) => {
                deaf = false;
                count.send_modify(|looks| *looks += 1);
            }
            // Said once: until it is over every request asks the database itself.
            Err(error) if !deaf => {
                tracing::warn!(%error, "changes of access cannot be read; callers are checked one by one");
                deaf = true;
            }
            Err(_) => {}
        }
        if turns >= LOOKS_BETWEEN_KEYS {
            turns = 0;
            ctx.tokens.reload(ctx.clock.now());
        }
    }
}
