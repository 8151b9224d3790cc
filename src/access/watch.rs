//! Hears of revocations and of new keys while the service runs.

use crate::context::Ctx;
use std::time::Duration;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

/// How often the changes of access are looked at: well within the second a revocation may take.
const EVERY: Duration = Duration::from_millis(350);
/// Looks between two readings of the token keys: about five seconds.
const LOOKS_BETWEEN_KEYS: u32 = 14;

/// The running watch; it ends when this is dropped.
pub struct Watch(JoinHandle<()>);

impl Watch {
    /// Starts looking on the present runtime.
    #[must_use]
    pub fn start(ctx: Ctx) -> Self {
        Self(tokio::spawn(run(ctx)))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run(ctx: Ctx) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut looks, mut deaf) = (0_u32, false);
    loop {
        tick.tick().await;
        match ctx.guard.catch_up(&ctx).await {
            Ok(()) => deaf = false,
            // Said once: until it is over every request asks the database itself.
            Err(error) if !deaf => {
                tracing::warn!(%error, "changes of access cannot be read; callers are checked one by one");
                deaf = true;
            }
            Err(_) => {}
        }
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(LOOKS_BETWEEN_KEYS) {
            ctx.tokens.reload(ctx.clock.now());
        }
    }
}
