//! HTTP as the service speaks it: problems (RFC 9457), pages, idempotent commands, conditional requests.
//!
//! Refuses: answers without a stable code, bodies with unknown fields, lists without a limit.

mod check;
mod extract;
mod filter;
mod hex;
mod layers;
mod log;
mod peer;
mod problem;
mod reply;
mod server;
mod text;

pub use check::Check;
pub use extract::{Command, IfMatch, Path, Query};
pub(crate) use extract::{body_error, idempotency_key};
pub use filter::{code_cursor, code_filter, contains_word, expression_contains_word, is_code, word_filter};
pub use hex::{hex, unhex};
pub use layers::{RATE_LIMIT, RATE_LIMIT_POLICY, RequestId, body_etag, conditional, envelope, language_of};
pub use log::Lines;
pub use peer::{ClientAddress, ForwardHeader, Peer, Proxies, was_forwarded};
pub use problem::{ApiError, FieldError, FieldProblem, ProblemBody};
pub use reply::{MAX_LIMIT, Page, PageQuery, Reply, Versioned, bad_cursor, json, page};
pub use server::serve;
pub use text::{Language, Text, is_hidden};
