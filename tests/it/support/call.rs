//! One request, written down step by step and awaited; and its answer.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header},
};
use serde_json::Value;
use std::{future::IntoFuture, net::SocketAddr, pin::Pin};
use tower::ServiceExt;

/// A request; awaiting it sends it.
pub struct Call {
    router: Router,
    request: Request<Body>,
}

impl Call {
    pub fn new(router: Router, method: &str, path: &str) -> Self {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("a method");
        *request.uri_mut() = path.parse().expect("a path");
        Self { router, request }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header value");
        self.request.headers_mut().insert(HeaderName::from_static(name), value);
        self
    }

    /// Adds to the query.
    pub fn query(mut self, pair: &str) -> Self {
        let uri = self.request.uri();
        let joint = if uri.query().is_some_and(|query| !query.is_empty()) { "&" } else { "" };
        let target = format!("{}?{}{joint}{pair}", uri.path(), uri.query().unwrap_or_default());
        *self.request.uri_mut() = target.parse().expect("a path");
        self
    }

    /// Sends an access token along.
    pub fn by(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Comes from this address, over a socket.
    pub fn from(mut self, address: &str) -> Self {
        let socket = SocketAddr::new(address.parse().expect("an address"), 40_000);
        self.request.extensions_mut().insert(ConnectInfo(socket));
        self
    }

    /// Sends an Idempotency-Key along.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Asks for English.
    pub fn english(self) -> Self {
        self.header("accept-language", "en")
    }

    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    /// A body of any kind.
    pub fn text(self, kind: &str, body: &str) -> Self {
        self.bytes(kind, body.as_bytes())
    }

    /// A body that is no text.
    pub fn bytes(mut self, kind: &str, body: &[u8]) -> Self {
        *self.request.body_mut() = Body::from(body.to_owned());
        self.header("content-type", kind)
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let what = format!("{} {}", self.request.method(), self.request.uri());
            let response = self.router.oneshot(self.request).await.expect("the router cannot fail");
            let (parts, body) = response.into_parts();
            let bytes = to_bytes(body, usize::MAX).await.expect("the body is read");
            Answer { what, status: parts.status.as_u16(), headers: parts.headers, bytes }
        })
    }
}

/// What came back.
pub struct Answer {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    /// The body as JSON; null where there is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("text")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {} {}", self.what, self.status, self.text());
        self.json()
    }

    /// Checks that this is a problem as all problems are, with this status and code; returns it.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        let told = (self.status, problem["code"].as_str().unwrap_or_default());
        assert_eq!(told, (status, code), "{}: {}", self.what, self.text());
        assert_eq!(self.header(header::CONTENT_TYPE.as_str()), "application/problem+json", "{}", self.what);
        assert_eq!(problem["status"], status, "{}", self.what);
        assert_eq!(problem["type"], format!("urn:xiaonong:problem:{code}"), "{}", self.what);
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{}", self.what);
        problem
    }

    /// Checks that the problem has a field error with this code at this pointer; returns its sentence.
    #[track_caller]
    pub fn points_at(&self, pointer: &str, code: &str) -> String {
        let problem = self.json();
        let errors = problem["errors"].as_array().expect("errors");
        let found = errors.iter().find(|error| error["pointer"] == pointer && error["code"] == code);
        let found = found.unwrap_or_else(|| panic!("{}: no {code} at {pointer} in {}", self.what, self.text()));
        found["detail"].as_str().expect("a sentence").to_owned()
    }
}
