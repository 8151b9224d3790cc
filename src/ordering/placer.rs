//! The writer of orders: one task takes what is waiting, one transaction writes it, each caller is answered after the
//! commit.
//!
//! In the evening hours every canteen orders at once. A transaction per order would pay the round trips and the commit
//! for each; a group pays them once. A bad order in a group fails alone, because every order is decided in memory
//! before anything is written; should the database refuse a group all the same, its orders are tried one by one.

use super::{basket::BasketLine, group};
use crate::{
    access::{Caller, Scope},
    context::Ctx,
    http::{ApiError, Reply},
    store::IdempotencyKey,
};
use chrono::NaiveDate;
use entity::id::{BasketId, CanteenId, OrderId};
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Baskets written in one transaction at most.
const GROUP: usize = 64;
/// Baskets that may wait; beyond that callers are told to come back.
const WAITING: usize = 4_096;
/// How long a group is held open at most while fewer wait than were in the group before. Without it the first caller
/// who comes back after a large group would have a transaction to itself, and all others would wait for that one too.
const HELD_OPEN: Duration = Duration::from_millis(2);

/// A basket to be placed.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who places it.
    pub caller: Caller,
    /// The schools the caller may order for.
    pub scope: Scope,
    /// Key of the request.
    pub key: IdempotencyKey,
    /// Id the client chose for the basket.
    pub basket_id: Option<BasketId>,
    /// Set where a single order is wanted: then all lines must be one supplier's, and the answer is that order. The
    /// client may have chosen its id.
    pub single: Option<Option<OrderId>>,
    /// For which kitchen.
    pub canteen_id: CanteenId,
    /// Day of delivery; the next day unless given.
    pub deliver_on: Option<NaiveDate>,
    /// What is wanted.
    pub lines: Vec<BasketLine>,
}

pub(super) struct Job {
    pub(super) wanted: Wanted,
    pub(super) answer: oneshot::Sender<Result<Reply, ApiError>>,
}

/// Handle to the writer. The writer ends with its last handle.
#[derive(Clone)]
pub struct Placer {
    queue: mpsc::Sender<Job>,
}

impl Placer {
    /// Starts the writer on the present runtime.
    #[must_use]
    pub fn start(ctx: Ctx) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write_groups(ctx, waiting));
        Self { queue }
    }

    /// A handle without a writer, for printing the routes.
    #[must_use]
    pub fn detached() -> Self {
        Self { queue: mpsc::channel(1).0 }
    }

    /// Places a basket and waits until it is committed or refused.
    ///
    /// # Errors
    /// The basket's own refusal; 503 when too many wait.
    pub async fn place(&self, wanted: Wanted) -> Result<Reply, ApiError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { wanted, answer }).map_err(|_| ApiError::Unavailable)?;
        // The writer is gone only when the process stops; the client's retry carries the same key.
        answered.await.map_err(|_| ApiError::Unavailable)?
    }
}

async fn write_groups(ctx: Ctx, mut waiting: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(GROUP);
    let mut before = 0;
    while waiting.recv_many(&mut jobs, GROUP).await > 0 {
        if jobs.len() < before {
            // Whatever came in time stays in `jobs`; a time-out is as good as a full group.
            let _ = timeout(HELD_OPEN, fill(&mut jobs, &mut waiting, before)).await;
        }
        before = jobs.len();
        let (group, callers): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.wanted, job.answer)).unzip();
        let answers = match group::place(&ctx, &group).await {
            Ok(answers) => answers,
            Err(error) => {
                // Also for a group of one: where the same request won on another replica, its answer is there now.
                tracing::warn!(?error, orders = group.len(), "a group failed; placing its orders one by one");
                one_by_one(&ctx, &group).await
            }
        };
        for (caller, answer) in callers.into_iter().zip(answers) {
            // A caller that went away finds its answer under its key.
            let _ = caller.send(answer);
        }
    }
}

/// Takes what comes until there are `enough`.
async fn fill(jobs: &mut Vec<Job>, waiting: &mut mpsc::Receiver<Job>, enough: usize) {
    while jobs.len() < enough && waiting.recv_many(jobs, enough - jobs.len()).await > 0 {}
}

async fn one_by_one(ctx: &Ctx, group: &[Wanted]) -> Vec<Result<Reply, ApiError>> {
    let mut answers = Vec::with_capacity(group.len());
    for wanted in group {
        let alone = group::place(ctx, std::slice::from_ref(wanted)).await;
        answers.push(alone.and_then(|mut answers| answers.pop().unwrap_or(Err(ApiError::Unavailable))));
    }
    answers
}
