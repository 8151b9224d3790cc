//! What happens around every request: number, language, conditional answers, headers, metrics.

use super::{log::About, peer::ClientAddress, problem::ApiError, text::Language};
use crate::context::Ctx;
use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use ring::digest;
use std::sync::Arc;
use uuid::Uuid;

/// Number of a request in logs, audit lines and problems.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Characters of a caller's own request number that are taken into the log.
const LONGEST_CALLER_ID: usize = 64;
/// For JSON: a browser that is led to show an answer as a page runs and frames nothing.
const NO_CONTENT: &str = "default-src 'none'; frame-ancestors 'none'";
/// For the browsable documentation, which styles its elements one by one.
const OWN_CONTENT: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// What is left of the caller's allowances, and what they are (draft-ietf-httpapi-ratelimit-headers).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// See [`RATE_LIMIT`].
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Numbers the request, logs its outcome, and writes whatever problem came out in the caller's language.
pub async fn envelope<F>(ctx: &Ctx, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let id = ctx.ids.next::<Uuid>().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let language = language_of(request.headers());
    if let Some(client) = ClientAddress::of(&request, &ctx.settings.proxies) {
        request.extensions_mut().insert(client);
    }
    let is_page = request.uri().path().starts_with("/docs");
    let is_api = request.uri().path().starts_with("/api/");
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let about = Arc::new(About {
        id: id.clone(),
        method: request.method().clone(),
        route: request.extensions().get().cloned(),
        // The number is always ours; a caller's own stands beside it where it is harmless.
        caller_id: caller_id(request.headers()),
    });
    let started = ctx.metrics.start();
    let response = about.during(next(request)).await;
    let problem = response.extensions().get::<ApiError>().cloned().or_else(|| foreign_problem(&response));
    let mut response = match problem {
        None => response,
        Some(problem) => {
            if let ApiError::Internal(cause) = &problem {
                about.say(|| tracing::error!(error = ?cause.to_string(), "request failed"));
            }
            let mut answer = problem.render(language, &id);
            for name in [header::ALLOW, RATE_LIMIT, RATE_LIMIT_POLICY] {
                if let Some(value) = response.headers().get(&name) {
                    answer.headers_mut().insert(name, value.clone());
                }
            }
            answer
        }
    };
    ctx.metrics.finish(started, about.method.as_str(), about.route(), response.status().as_u16());
    about.say(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    protect(headers, is_page);
    if is_api && !headers.contains_key(header::CACHE_CONTROL) {
        // What was read the caller may keep and ask whether it is still the same, nobody on the way may; tokens and
        // one-time passwords come from changes, which nobody keeps.
        let kept = if is_read { "private, no-cache" } else { "no-store" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    }
    response
}

/// The headers by which a browser keeps to itself.
fn protect(headers: &mut HeaderMap, is_page: bool) {
    let content = HeaderValue::from_static(if is_page { OWN_CONTENT } else { NO_CONTENT });
    // A document says itself what it may do, which is less.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(content);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    // Heeded where a proxy serves us by HTTPS, passed over elsewhere (RFC 6797, 8.1).
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
}

/// The caller's own `X-Request-Id`, where it is short and of letters, digits, `.`, `_` and `-`.
fn caller_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    ((1..=LONGEST_CALLER_ID).contains(&text.len()) && text.bytes().all(harmless)).then(|| text.to_owned())
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
pub async fn conditional<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if request.method() != Method::GET {
        return next(request).await;
    }
    let held = request.headers().get(header::IF_NONE_MATCH).cloned();
    let mut response = next(request).await;
    // A stream has no exact size; it is passed through without an ETag.
    if response.status() != StatusCode::OK || response.body().size_hint().exact().is_none() {
        return response;
    }
    if !response.headers().contains_key(header::ETAG) {
        let (mut parts, body) = response.into_parts();
        let Ok(bytes) = to_bytes(body, usize::MAX).await else {
            return ApiError::internal("the answer could not be read").into_response();
        };
        parts.headers.insert(header::ETAG, body_etag(&bytes));
        response = Response::from_parts(parts, Body::from(bytes));
    }
    let same = held.is_some_and(|held| {
        let tag = response.headers().get(header::ETAG).map(HeaderValue::as_bytes).unwrap_or_default();
        held.as_bytes().split(|byte| *byte == b',').any(|one| one.trim_ascii() == tag || one.trim_ascii() == b"*")
    });
    if same {
        let (mut parts, _) = response.into_parts();
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    response
}

/// A weak tag over the bytes of an answer.
#[must_use]
pub fn body_etag(bytes: &[u8]) -> HeaderValue {
    let sum = digest::digest(&digest::SHA256, bytes);
    let tag = super::hex::hex(&sum.as_ref()[..12]);
    HeaderValue::from_str(&format!("W/\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}
