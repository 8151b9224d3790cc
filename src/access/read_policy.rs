//! The policy, for whoever wants to know what a role may do.

use super::{actor::Caller, table::table};
use crate::http::{ApiError, language_of};
use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

/// Read who may do what
///
/// A table a role in Markdown, in Chinese or English: what it may see and do, how far, and which roles it gives.
#[utoipa::path(
    get, path = "/policy", operation_id = "read_policy", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "text/markdown", description = "The policy"))
)]
pub async fn read_policy(_: Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let page = table(language_of(&headers));
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], page).into_response())
}
