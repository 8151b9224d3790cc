//! Finished answers kept for at most a second and dropped at once by a change in this process.
//!
//! A reader notes the topic's generation before it reads the database; a writer raises it after its commit. So an
//! answer computed from what was there before a commit is never served after that commit by the same process, and by
//! another replica for one second at most.
//!
//! Each answer is computed once at a time: who asks for it meanwhile waits for that one, so that a popular page that
//! has just gone stale does not set every connection to computing it.

use crate::http::{ApiError, body_etag, json};
use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use entity::{id::SchoolId, time::Timestamp};
use quick_cache::{
    Options, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle, EntryAction, EntryResult},
};
use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Offers and their stock.
    Listings,
    /// The ledger of one school.
    School(SchoolId),
    /// The ledger of any school.
    Ledger,
}

/// Bytes of answers kept at most.
const CAPACITY: u64 = 4 * 1024 * 1024;
/// Age at which an answer is computed again, for changes made by other replicas.
const MAX_AGE_MILLIS: i64 = 1_000;
/// Generations are kept by hash: two topics that meet only cost a computation too many.
const SLOTS: usize = 4_096;

struct Answer {
    made_at: Timestamp,
    generation: u64,
    body: Bytes,
    etag: HeaderValue,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Arc<Answer>> for ByBytes {
    fn weight(&self, key: &String, answer: &Arc<Answer>) -> u64 {
        (key.len() + answer.body.len() + 200) as u64
    }
}

/// The kept answers.
pub struct Pages {
    answers: Cache<String, Arc<Answer>, ByBytes, RandomState>,
    generations: Vec<AtomicU64>,
    hasher: RandomState,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            answers: Cache::with_options(options(), ByBytes, RandomState::new(), DefaultLifecycle::default()),
            generations: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }
}

/// Two shards, half of each for what is new: an answer larger than the room for new ones would never be kept. The schools of a
/// large county are half a megabyte.
fn options() -> Options {
    let mut options = OptionsBuilder::new();
    options.estimated_items_capacity(1_000).weight_capacity(CAPACITY).shards(2).hot_allocation(0.5);
    options.build().unwrap_or_else(|_| unreachable!("both capacities are given"))
}

impl Pages {
    /// Says that what `topic` stands for has changed. Call it after the commit.
    pub fn changed(&self, topic: Topic) {
        self.slot(topic).fetch_add(1, Ordering::Release);
    }

    /// The kept answer under `key`, or a new one from `compute`.
    ///
    /// `key` must hold everything the answer depends on besides `topic`, the caller's reach included.
    ///
    /// # Errors
    /// Whatever `compute` fails with; failures are not kept.
    pub async fn answer<F>(&self, key: String, topic: Topic, now: Timestamp, compute: F) -> Result<Response, ApiError>
    where
        F: Future<Output = Result<Vec<u8>, ApiError>>,
    {
        let generation = self.slot(topic).load(Ordering::Acquire);
        // Of those who waited for an answer, this is also asked of one that was begun after they came.
        let serves =
            |answer: &Answer| answer.generation >= generation && (now.0 - answer.made_at.0).abs() < MAX_AGE_MILLIS;
        if let Some(answer) = self.answers.get(&key)
            && serves(&answer)
        {
            return Ok(respond(&answer));
        }
        let kept = |_: &String, answer: &mut Arc<Answer>| {
            if serves(answer) { EntryAction::Retain(Arc::clone(answer)) } else { EntryAction::ReplaceWithGuard }
        };
        let guard = match self.answers.entry_async(&key, kept).await {
            EntryResult::Retained(answer) => return Ok(respond(&answer)),
            EntryResult::Vacant(guard) | EntryResult::Replaced(guard, _) => guard,
            EntryResult::Removed(..) | EntryResult::Timeout => return Err(ApiError::Unavailable),
        };
        // Read again: changes made while this one waited are in what it reads now.
        let generation = self.slot(topic).load(Ordering::Acquire);
        // Dropped on failure, the guard passes to the next who waits.
        let body = Bytes::from(compute.await?);
        let answer = Arc::new(Answer { made_at: now, generation, etag: body_etag(&body), body });
        // Refused only where the key was taken out meanwhile; then nothing is kept.
        let _ = guard.insert(Arc::clone(&answer));
        Ok(respond(&answer))
    }

    fn slot(&self, topic: Topic) -> &AtomicU64 {
        let hash = self.hasher.hash_one(topic);
        &self.generations[usize::try_from(hash % SLOTS as u64).unwrap_or_default()]
    }
}

fn respond(answer: &Answer) -> Response {
    let mut response = json(StatusCode::OK, answer.body.clone());
    response.headers_mut().insert(header::ETAG, answer.etag.clone());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(pages: &Pages, topic: Topic, at: i64, fresh: &str) -> Bytes {
        let compute = async { Ok(fresh.as_bytes().to_vec()) };
        let response = pages.answer("k".into(), topic, Timestamp(at), compute).await.expect("answers");
        axum::body::to_bytes(response.into_body(), 100).await.expect("reads")
    }

    #[tokio::test]
    async fn an_answer_goes_with_its_topic_or_after_a_second() {
        let pages = Pages::default();
        assert_eq!(ask(&pages, Topic::Listings, 0, "old").await, "old");
        assert_eq!(ask(&pages, Topic::Listings, 999, "new").await, "old");
        assert_eq!(ask(&pages, Topic::Listings, 1_000, "new").await, "new");
        pages.changed(Topic::Listings);
        assert_eq!(ask(&pages, Topic::Listings, 1_001, "newer").await, "newer");
    }

    #[tokio::test]
    async fn a_large_answer_is_kept() {
        let pages = Pages::default();
        let large = "x".repeat(700_000);
        for county in 0..3 {
            let ask = async |fresh: &str| {
                let compute = async { Ok(fresh.as_bytes().to_vec()) };
                let key = format!("county {county}");
                let response = pages.answer(key, Topic::Ledger, Timestamp(0), compute).await.expect("answers");
                axum::body::to_bytes(response.into_body(), 1_000_000).await.expect("reads").len()
            };
            assert_eq!(ask(&large).await, large.len());
            assert_eq!(ask("again").await, large.len(), "{county}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_computed_once_for_all_who_wait() {
        let pages = Arc::new(Pages::default());
        let computed = Arc::new(AtomicU64::new(0));
        let (go, wait) = tokio::sync::watch::channel(false);
        let ask = |at: i64| {
            let (pages, computed, mut wait) = (Arc::clone(&pages), Arc::clone(&computed), wait.clone());
            tokio::spawn(async move {
                let compute = async {
                    computed.fetch_add(1, Ordering::Relaxed);
                    wait.wait_for(|go| *go).await.map_err(ApiError::internal)?;
                    Ok(b"one".to_vec())
                };
                pages.answer("k".into(), Topic::Listings, Timestamp(at), compute).await.is_ok()
            })
        };
        let first = ask(0);
        tokio::task::yield_now().await;
        let before: Vec<_> = (1..9).map(ask).collect();
        tokio::task::yield_now().await;
        // Whoever comes after a change is not content with what was begun before it.
        pages.changed(Topic::Listings);
        let after: Vec<_> = (9..17).map(ask).collect();
        tokio::task::yield_now().await;
        go.send(true).expect("they wait");
        for asked in std::iter::once(first).chain(before).chain(after) {
            assert!(asked.await.expect("ends"));
        }
        assert_eq!(computed.load(Ordering::Relaxed), 2);
    }
}
