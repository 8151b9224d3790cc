//! The writer behind the busy calls: one task takes what is waiting, one transaction writes it, each caller is answered
//! after the commit.
//!
//! In the evening hours every canteen orders at once, at six in the morning every canteen receives. A transaction each
//! would pay the round trips and the commit for each; a group pays them once. A bad request in a group fails alone,
//! because every one is decided in memory before anything is written; should the database refuse a group all the same,
//! its requests are tried one by one.

use crate::{
    context::Ctx,
    http::{ApiError, Reply},
};
use axum::extract::FromRef;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Requests written in one transaction at most.
const GROUP: usize = 64;
/// Requests that may wait; beyond that callers are told to come back.
const WAITING: usize = 4_096;
/// How long a group is held open at most while fewer wait than should.
const HELD_OPEN: Duration = Duration::from_millis(2);

/// A change that is written in groups.
pub trait Grouped: Send + Sync + Sized + 'static {
    /// What the log calls them.
    const WHAT: &'static str;

    /// Writes every request of the group or says why it cannot be; all writes commit together.
    ///
    /// # Errors
    /// When the database refuses the group as a whole; then nothing was written.
    fn write(ctx: &Ctx, group: &[Self]) -> impl Future<Output = Result<Vec<Result<Reply, ApiError>>, ApiError>> + Send;
}

/// State of the routes that hand in to a writer.
pub struct WithWriter<W> {
    /// What every handler shares.
    pub ctx: Ctx,
    /// The writer.
    pub writer: GroupWriter<W>,
}

impl<W> Clone for WithWriter<W> {
    fn clone(&self) -> Self {
        Self { ctx: self.ctx.clone(), writer: self.writer.clone() }
    }
}

impl<W> FromRef<WithWriter<W>> for Ctx {
    fn from_ref(state: &WithWriter<W>) -> Self {
        state.ctx.clone()
    }
}

impl<W> FromRef<WithWriter<W>> for GroupWriter<W> {
    fn from_ref(state: &WithWriter<W>) -> Self {
        state.writer.clone()
    }
}

struct Job<W> {
    wanted: W,
    answer: oneshot::Sender<Result<Reply, ApiError>>,
}

/// Handle to a writer. The writer ends with its last handle.
pub struct GroupWriter<W> {
    queue: mpsc::Sender<Job<W>>,
}

impl<W> Clone for GroupWriter<W> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<W: Grouped> GroupWriter<W> {
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

    /// Hands a request in and waits until it is committed or refused.
    ///
    /// # Errors
    /// The request's own refusal; 503 when too many wait.
    pub async fn submit(&self, wanted: W) -> Result<Reply, ApiError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { wanted, answer }).map_err(|_| ApiError::Unavailable)?;
        // The writer is gone only when the process stops; the client's retry carries the same key.
        answered.await.map_err(|_| ApiError::Unavailable)?
    }
}

async fn write_groups<W: Grouped>(ctx: Ctx, mut waiting: mpsc::Receiver<Job<W>>) {
    let mut jobs = Vec::with_capacity(GROUP);
    let mut before = 0;
    while waiting.recv_many(&mut jobs, GROUP).await > 0 {
        // Those just answered come back. Half of all in one group and half in the next keeps the database at work while
        // the other half is on its way; without it the first to come back would have a transaction to itself, and
        // everyone else would wait for that one.
        let half = (before + jobs.len()).div_ceil(2).min(GROUP);
        if jobs.len() < half {
            // Whatever came in time stays in `jobs`; a time-out is as good as a full group.
            let _ = timeout(HELD_OPEN, fill(&mut jobs, &mut waiting, half)).await;
        }
        before = jobs.len();
        let (group, callers): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.wanted, job.answer)).unzip();
        let answers = answers(&ctx, Arc::new(group)).await;
        for (caller, answer) in callers.into_iter().zip(answers) {
            // A caller that went away finds its answer under its key.
            let _ = caller.send(answer);
        }
    }
}

/// Takes what comes until there are `enough`.
async fn fill<W>(jobs: &mut Vec<Job<W>>, waiting: &mut mpsc::Receiver<Job<W>>, enough: usize) {
    while jobs.len() < enough && waiting.recv_many(jobs, enough - jobs.len()).await > 0 {}
}

async fn answers<W: Grouped>(ctx: &Ctx, group: Arc<Vec<W>>) -> Vec<Result<Reply, ApiError>> {
    let all = 0..group.len();
    match write(ctx, &group, all.clone()).await {
        Ok(answers) => answers,
        Err(error) => {
            // Also for a group of one: where the same request won on another replica, its answer is there now.
            tracing::warn!(?error, requests = group.len(), "a group of {} failed; trying them one by one", W::WHAT);
            let mut answers = Vec::with_capacity(group.len());
            for one in all {
                let alone = write(ctx, &group, one..one + 1).await;
                answers.push(alone.and_then(|mut answers| answers.pop().unwrap_or(Err(ApiError::Unavailable))));
            }
            answers
        }
    }
}

/// In a task of its own: a bug that panics over one request must not take the writer with it.
async fn write<W: Grouped>(
    ctx: &Ctx,
    group: &Arc<Vec<W>>,
    which: std::ops::Range<usize>,
) -> Result<Vec<Result<Reply, ApiError>>, ApiError> {
    let (ctx, group) = (ctx.clone(), Arc::clone(group));
    tokio::spawn(async move { W::write(&ctx, &group[which]).await }).await.map_err(ApiError::internal)?
}
