//! HTTP as the service speaks it: problems (RFC 9457), pages, idempotent commands, conditional requests.
//!
//! Refuses: answers without a stable code, bodies with unknown fields, lists without a limit.

mod check;
mod extract;
mod layers;
mod peer;
mod problem;
mod reply;
mod text;

pub use check::Check;
pub use extract::{Command, IfMatch, Path, Query, hex};
pub(crate) use extract::{body_error, idempotency_key};
pub use layers::{RequestId, body_etag, conditional, envelope, language_of};
pub use peer::{ForwardHeader, Peer, Proxies};
pub use problem::{ApiError, FieldError, FieldProblem, ProblemBody};
pub use reply::{MAX_LIMIT, Page, PageQuery, Reply, Versioned, bad_cursor, json, page};
pub use text::{Language, Text};
