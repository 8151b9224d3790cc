//! Windowed counters, for throttling log-ins: shared through Redis, or per process.

use super::{Allowances, Bell};
use entity::time::Timestamp;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Entries kept in this process before windows that have passed are swept out.
const SWEEP_ABOVE: usize = 10_000;
/// How long Redis is left alone after it failed to answer.
const BREAK_MILLIS: i64 = 2_000;

/// Counts events by key within a window. Cheap to clone.
#[derive(Clone)]
pub struct Counters {
    redis: Option<Arc<Remote>>,
    local: Arc<Mutex<HashMap<String, (u64, i64)>>>,
}

pub(super) struct Remote {
    client: redis::Client,
    connection: ConnectionManager,
    broken_until: AtomicI64,
}

impl Counters {
    /// Counters of this process alone.
    #[must_use]
    pub fn local() -> Self {
        Self { redis: None, local: Arc::default() }
    }

    /// Counters in Redis. Connects when first used, so that a Redis that is down does not stop the start.
    ///
    /// # Errors
    /// When `url` is not a Redis address.
    pub fn redis(url: &str) -> Result<Self, redis::RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(300)))
            .set_response_timeout(Some(Duration::from_millis(300)))
            .set_number_of_retries(1);
        let client = redis::Client::open(url)?;
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self {
            redis: Some(Arc::new(Remote { client, connection, broken_until: AtomicI64::new(0) })),
            local: Arc::default(),
        })
    }

    /// Allowances that replicas count together where these counters are shared.
    #[must_use]
    pub fn allowances(&self) -> Allowances {
        Allowances::over(self.redis.clone())
    }

    /// The bell between the replicas that share these counters.
    #[must_use]
    pub fn bell(&self) -> Bell {
        Bell::over(self.redis.clone())
    }

    /// Whether counters are shared through Redis.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.redis.is_some()
    }

    /// Counts one event and returns how many there were in the window that began with the first.
    /// Counted here too, so that losing Redis does not hand out a fresh allowance.
    pub async fn hit(&self, key: &str, window: Duration, now: Timestamp) -> u64 {
        let here = self.hit_local(key, window, now);
        let there = match &self.redis {
            Some(remote) if remote.broken_until.load(Ordering::Relaxed) <= now.0 => {
                match remote.hit(key, window).await {
                    Ok(count) => count,
                    Err(error) => {
                        remote.broken_until.store(now.0 + BREAK_MILLIS, Ordering::Relaxed);
                        tracing::warn!(%error, "Redis does not answer; counting in this process");
                        0
                    }
                }
            }
            _ => 0,
        };
        here.max(there)
    }

    /// How many events the present window has seen, counting none.
    pub async fn count(&self, key: &str, now: Timestamp) -> u64 {
        let here = {
            let counts = self.local.lock().unwrap_or_else(PoisonError::into_inner);
            counts.get(key).filter(|(_, ends)| *ends > now.0).map_or(0, |(count, _)| *count)
        };
        let there = match &self.redis {
            Some(remote) if remote.broken_until.load(Ordering::Relaxed) <= now.0 => {
                let mut connection = remote.connection.clone();
                let count: Result<Option<u64>, _> = redis::cmd("GET").arg(key).query_async(&mut connection).await;
                count.unwrap_or_else(|error| {
                    remote.broken_until.store(now.0 + BREAK_MILLIS, Ordering::Relaxed);
                    tracing::warn!(%error, "Redis does not answer; counting in this process");
                    None
                })
            }
            _ => None,
        };
        here.max(there.unwrap_or_default())
    }

    /// Forgets a key, after a success.
    pub async fn clear(&self, key: &str, now: Timestamp) {
        self.local.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(remote) = &self.redis
            && remote.broken_until.load(Ordering::Relaxed) <= now.0
        {
            let mut connection = remote.connection.clone();
            let cleared: Result<(), _> = redis::cmd("DEL").arg(key).query_async(&mut connection).await;
            if let Err(error) = cleared {
                tracing::warn!(%error, "Redis does not answer; the counter runs out by itself");
            }
        }
    }

    fn hit_local(&self, key: &str, window: Duration, now: Timestamp) -> u64 {
        let mut counts = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() > SWEEP_ABOVE {
            counts.retain(|_, (_, ends)| *ends > now.0);
        }
        let ends = now.0 + i64::try_from(window.as_millis()).unwrap_or(i64::MAX / 2);
        let entry = counts.entry(key.to_owned()).or_insert((0, ends));
        if entry.1 <= now.0 {
            *entry = (0, ends);
        }
        entry.0 += 1;
        entry.0
    }
}

impl Remote {
    /// The connection that commands go over.
    pub(super) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// A connection of its own on which a channel is heard.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<redis::aio::PubSub, redis::RedisError> {
        let mut subscribed = self.client.get_async_pubsub().await?;
        subscribed.subscribe(channel).await?;
        Ok(subscribed)
    }

    /// Adds to a counter that is forgotten after `keep`; its total, or none while Redis does not answer.
    pub(super) async fn add(&self, key: &str, count: u64, keep: Duration, now: Timestamp) -> Option<u64> {
        if self.broken_until.load(Ordering::Relaxed) > now.0 {
            return None;
        }
        let mut connection = self.connection.clone();
        let added: Result<(u64,), _> = redis::pipe()
            .atomic()
            .incr(key, count)
            .cmd("EXPIRE")
            .arg(key)
            .arg(keep.as_secs().max(1))
            .ignore()
            .query_async(&mut connection)
            .await;
        match added {
            Ok((total,)) => Some(total),
            Err(error) => {
                self.broken_until.store(now.0 + BREAK_MILLIS, Ordering::Relaxed);
                tracing::warn!(%error, "Redis does not answer; counting in this process");
                None
            }
        }
    }

    async fn hit(&self, key: &str, window: Duration) -> Result<u64, redis::RedisError> {
        let mut connection = self.connection.clone();
        let (count,): (u64,) = redis::pipe()
            .atomic()
            .incr(key, 1)
            .cmd("EXPIRE")
            .arg(key)
            .arg(window.as_secs().max(1))
            .arg("NX")
            .ignore()
            .query_async(&mut connection)
            .await?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_window_starts_again_after_it_ends() {
        let counters = Counters::local();
        let minute = Duration::from_secs(60);
        assert_eq!(counters.hit("a", minute, Timestamp(0)).await, 1);
        assert_eq!(counters.hit("a", minute, Timestamp(59_999)).await, 2);
        assert_eq!(counters.count("a", Timestamp(59_999)).await, 2);
        assert_eq!(counters.count("a", Timestamp(60_000)).await, 0);
        assert_eq!(counters.hit("b", minute, Timestamp(59_999)).await, 1);
        assert_eq!(counters.hit("a", minute, Timestamp(60_000)).await, 1);
        counters.clear("a", Timestamp(60_001)).await;
        assert_eq!(counters.hit("a", minute, Timestamp(60_002)).await, 1);
    }
}
