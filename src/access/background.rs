//! Threads that compute only while nobody else wants the processor.

use crate::http::ApiError;
use std::{
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::oneshot;

/// Runs `work` in a thread of its own, which lives as long as the work: a thousandth of what a password takes. Once it is
/// answered, `then` is told how long the work took.
///
/// # Errors
/// 500 when the system has no thread left or the work panics.
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    then: impl FnOnce(Duration) + Send + 'static,
) -> Result<T, ApiError> {
    let (answer, answered) = oneshot::channel();
    let run = move || {
        step_back();
        let started = Instant::now();
        let done = work();
        let took = started.elapsed();
        // A caller that has gone away needs no answer.
        let _ = answer.send(done);
        then(took);
    };
    thread::Builder::new().name("background".to_owned()).spawn(run).map_err(ApiError::internal)?;
    answered.await.map_err(ApiError::internal)
}

/// The system gives this thread what the others leave.
fn step_back() {
    static WARNED: OnceLock<()> = OnceLock::new();
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy) {
        WARNED.get_or_init(|| {
            tracing::warn!(?error, "passwords are checked at the priority of everything else");
        });
    }
}
