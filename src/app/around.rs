//! What stands around every request, as one layer: a request makes its own copy of each layer with all that lies within it,
//! so that ten of them are copied fifty times.

use crate::{
    access::throttle,
    audit::{Recorder, refusals},
    context::Ctx,
    exports::{Lists, exports},
    http::{conditional, envelope},
};
use axum::{
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

/// Bytes a body may have; imports have a limit of their own.
const BODY_LIMIT: usize = 1024 * 1024;
/// Longest time a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What the layers work with.
#[derive(Clone)]
pub struct Around(Arc<Parts>);

struct Parts {
    ctx: Ctx,
    recorder: Recorder,
    lists: Lists,
}

impl Around {
    /// With the lists that can be had as files.
    pub fn new(ctx: Ctx, recorder: Recorder, lists: Lists) -> Self {
        Self(Arc::new(Parts { ctx, recorder, lists }))
    }
}

/// Around every page and probe: number, language, problems, record of refusals, patience.
pub async fn any(State(Around(parts)): State<Around>, request: Request, next: Next) -> Response {
    let Parts { ctx, recorder, .. } = &*parts;
    envelope(ctx, request, |request| refusals(recorder, request, |request| guarded(next.run(request)))).await
}

/// Around every call of the API: besides, allowances, limits of bodies, conditional answers, lists as files.
pub async fn api(State(Around(parts)): State<Around>, request: Request, next: Next) -> Response {
    let Parts { ctx, recorder, lists } = &*parts;
    let limited = |mut request: Request| {
        DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
        conditional(request, |request| exports(ctx, lists, request, next))
    };
    let counted = |request: Request| guarded(throttle(ctx, request, limited));
    envelope(ctx, request, |request| refusals(recorder, request, counted)).await
}

/// The answer, unless it takes longer than a request may (504) or its handler panics (500).
pub async fn guarded(answer: impl Future<Output = Response>) -> Response {
    // What a handler that panicked left half done is never looked at again: its transaction rolled back.
    match AssertUnwindSafe(tokio::time::timeout(REQUEST_TIMEOUT, answer)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => StatusCode::GATEWAY_TIMEOUT.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
