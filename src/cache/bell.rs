//! A bell between replicas: who changed something rings, the others look at once instead of at their next turn.
//!
//! It carries no word of what changed and nobody relies on it: without Redis, or when a ring is lost, the next look in
//! the database finds the same.

use super::counters::Remote;
use futures_util::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The Redis channel.
const CHANNEL: &str = "xiaonong:access-changed";
/// How long after a lost connection the next one is tried.
const AGAIN: Duration = Duration::from_secs(1);

/// Rings, and hears others ring. Cheap to clone; without Redis it is mute.
#[derive(Clone, Default)]
pub struct Bell(Option<Arc<Remote>>);

impl Bell {
    pub(super) fn over(remote: Option<Arc<Remote>>) -> Self {
        Self(remote)
    }

    /// Rings, and does not wait for it: the caller's change is committed already.
    pub fn ring(&self) {
        let Some(remote) = &self.0 else { return };
        let mut connection = remote.connection();
        tokio::spawn(async move {
            let rung: Result<(), _> = redis::cmd("PUBLISH").arg(CHANNEL).arg(1).query_async(&mut connection).await;
            if let Err(error) = rung {
                tracing::debug!(%error, "Redis does not answer; other replicas see the change at their next look");
            }
        });
    }

    /// Passes every ring on to `heard`, for ever; and once after each connection, for what was rung before it stood.
    pub async fn listen(&self, heard: &Notify) {
        let Some(remote) = &self.0 else { return std::future::pending().await };
        loop {
            match remote.subscribe(CHANNEL).await {
                Ok(mut subscribed) => {
                    heard.notify_one();
                    let mut rings = subscribed.on_message();
                    while rings.next().await.is_some() {
                        heard.notify_one();
                    }
                }
                Err(error) => tracing::debug!(%error, "changes of access are not heard of through Redis"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
