//! The writer of refusals: one task takes what is waiting, one transaction writes it, each refused request is answered
//! after the commit. So a stop loses nothing: what was answered is written, and what is waited for is still served.

use crate::{context::Ctx, store::bulk};
use entity::audit_entry;
use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};

/// Rows written in one transaction at most.
const GROUP: usize = 64;
/// Rows that may wait; beyond that the requests behind them wait for a place.
const WAITING: usize = 1_024;

struct Job {
    row: audit_entry::Model,
    written: oneshot::Sender<()>,
}

/// Handle to the writer. The writer ends with its last handle, after what waits.
#[derive(Clone)]
pub struct Recorder {
    ctx: Ctx,
    queue: mpsc::Sender<Job>,
}

impl Recorder {
    /// Starts the writer on the present runtime.
    #[must_use]
    pub fn start(ctx: Ctx) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write_groups(ctx.clone(), waiting));
        Self { ctx, queue }
    }

    pub(super) fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Writes a row and waits until it is committed.
    pub async fn record(&self, row: audit_entry::Model) {
        let (written, done) = oneshot::channel();
        match self.queue.try_send(Job { row, written }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(job)) => {
                // In a task of its own, so that the row is written although the client may go away meanwhile.
                let queue = self.queue.clone();
                tokio::spawn(async move { queue.send(job).await.map_err(|error| lost(&error.0.row, "no writer")) });
            }
            Err(mpsc::error::TrySendError::Closed(job)) => lost(&job.row, "no writer"),
        }
        // An error means that the writer is gone and has said so.
        let _ = done.await;
    }
}

async fn write_groups(ctx: Ctx, mut waiting: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut jobs, GROUP).await > 0 {
        let (rows, waiters): (Vec<_>, Vec<_>) = jobs.drain(..).map(|job| (job.row, job.written)).unzip();
        if let Err(error) = write(&ctx, &rows).await {
            tracing::warn!(%error, rows = rows.len(), "a group of refusals failed");
            // Where the database is gone, waiting for it once for each row would hold up everybody behind.
            let gone = matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
            for row in &rows {
                let outcome = if gone { Err(error.to_string()) } else { alone(&ctx, row).await };
                if let Err(cause) = outcome {
                    lost(row, &cause);
                }
            }
        }
        for waiter in waiters {
            // A client that went away does not change what was written.
            let _ = waiter.send(());
        }
    }
}

async fn write(ctx: &Ctx, rows: &[audit_entry::Model]) -> Result<(), DbErr> {
    let txn = ctx.store.begin().await?;
    bulk::insert(&txn, rows).await?;
    txn.commit().await
}

/// A row that the database refuses must not take the others of its group along.
async fn alone(ctx: &Ctx, row: &audit_entry::Model) -> Result<(), String> {
    write(ctx, std::slice::from_ref(row)).await.map_err(|error| error.to_string())
}

/// The last resort where the database takes nothing: the log has the whole row.
fn lost(row: &audit_entry::Model, cause: &str) {
    tracing::error!(?row, cause, "a refusal could not be written to the audit trail");
}
