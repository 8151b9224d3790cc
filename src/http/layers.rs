//! What happens around every request: number, language, conditional answers, headers, metrics.

use super::{problem::ApiError, text::Language};
use crate::context::Ctx;
use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ring::digest;
use tracing::Instrument;
use uuid::Uuid;

/// Number of a request in logs, audit lines and problems.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Numbers the request, logs its outcome, and writes whatever problem came out in the caller's language.
pub async fn envelope(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    let id = ctx.ids.next::<Uuid>().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let language = language_of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, %method, route);
    let started = ctx.metrics.start();
    let response = next.run(request).instrument(span.clone()).await;
    let problem = response.extensions().get::<ApiError>().cloned().or_else(|| foreign_problem(&response));
    let mut response = match problem {
        None => response,
        Some(problem) => {
            if let ApiError::Internal(cause) = &problem {
                span.in_scope(|| tracing::error!(error = %cause, "request failed"));
            }
            problem.render(language, &id)
        }
    };
    ctx.metrics.finish(started, method.as_str(), &route, response.status().as_u16());
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Answers that come from the router or a layer and not from a handler: 404, 405, 413, 408, caught panics.
fn foreign_problem(response: &Response) -> Option<ApiError> {
    let is_ours = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/") || kind.as_bytes().starts_with(b"text/html"));
    match response.status() {
        StatusCode::NOT_FOUND if !is_ours => Some(ApiError::NotFound),
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::MethodNotAllowed),
        StatusCode::PAYLOAD_TOO_LARGE => Some(ApiError::TooLarge),
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Some(ApiError::Unavailable),
        StatusCode::INTERNAL_SERVER_ERROR => Some(ApiError::internal("a handler panicked")),
        _ => None,
    }
}

/// Language wanted by the caller.
#[must_use]
pub fn language_of(headers: &HeaderMap) -> Language {
    Language::from_header(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

/// Gives every successful GET of the API an `ETag` and answers 304 where the caller holds the same.
pub async fn conditional(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let held = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    // A stream has no exact size; it is passed through without an ETag.
    if response.status() != StatusCode::OK || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return ApiError::internal("the answer could not be read").into_response();
    };
    if !parts.headers.contains_key(header::ETAG) {
        parts.headers.insert(header::ETAG, body_etag(&bytes));
    }
    let same = held.as_ref().is_some_and(|held| {
        let tag = parts.headers.get(header::ETAG).map(HeaderValue::as_bytes).unwrap_or_default();
        held.as_bytes().split(|byte| *byte == b',').any(|one| one.trim_ascii() == tag || one.trim_ascii() == b"*")
    });
    if same {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// A weak tag over the bytes of an answer.
#[must_use]
pub fn body_etag(bytes: &[u8]) -> HeaderValue {
    let sum = digest::digest(&digest::SHA256, bytes);
    let tag = super::extract::hex(&sum.as_ref()[..12]);
    HeaderValue::from_str(&format!("W/\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}
