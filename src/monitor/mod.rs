//! The department's monitor: a page over the same API as every other client's, served by the binary with all it needs.
//!
//! Owns its files. Refuses anything from elsewhere: no script, style, font or picture of another host, nothing written
//! into the page that could run. It holds no figures of its own and asks for a log-in like everybody.

use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};

/// What the page may load and do: its own files, and the API on the same host.
const CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Files of our own change with every release; a browser asks each time whether they have.
const ASK: &str = "no-cache";
/// Libraries carry their version in their name.
const KEEP: &str = "public, max-age=31536000, immutable";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the page.
struct File {
    path: &'static str,
    kind: &'static str,
    body: &'static str,
}

macro_rules! file {
    ($path:literal, $kind:expr) => {
        File { path: $path, kind: $kind, body: include_str!(concat!("assets/", $path)) }
    };
}

const FILES: [File; 19] = [
    file!("index.html", "text/html; charset=utf-8"),
    file!("icon.svg", "image/svg+xml"),
    file!("app.css", "text/css; charset=utf-8"),
    file!("app.js", SCRIPT),
    file!("api.js", SCRIPT),
    file!("below.js", SCRIPT),
    file!("cards.js", SCRIPT),
    file!("charts.js", SCRIPT),
    file!("login.js", SCRIPT),
    file!("names.js", SCRIPT),
    file!("parts.js", SCRIPT),
    file!("place.js", SCRIPT),
    file!("school.js", SCRIPT),
    file!("schools.js", SCRIPT),
    file!("state.js", SCRIPT),
    file!("words.js", SCRIPT),
    file!("vendor/chart-4.6.1.js", SCRIPT),
    file!("vendor/htm-preact-3.1.1.js", SCRIPT),
    file!("vendor/LICENSES.txt", "text/plain; charset=utf-8"),
];

/// The page, its files, and the way to it from the root of the host.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/monitor") }))
        .route("/monitor", get(|| async { answer("index.html") }))
        .route("/monitor/{*path}", get(|Path(path): Path<String>| async move { answer(&path) }))
}

fn answer(path: &str) -> Response {
    let Some(file) = FILES.iter().find(|file| file.path == path) else { return StatusCode::NOT_FOUND.into_response() };
    let age = if path.starts_with("vendor/") { KEEP } else { ASK };
    let headers = [(header::CONTENT_TYPE, file.kind), (header::CACHE_CONTROL, age)]
        .map(|(name, value)| (name, HeaderValue::from_static(value)));
    let content = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT))];
    (headers, content, file.body).into_response()
}
