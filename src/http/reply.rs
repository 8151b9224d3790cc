//! Answers: first answers, replayed answers, versioned resources, pages.

use super::{problem::ApiError, text::Text};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The answer to a change, first or replayed: the very bytes stored with its idempotency key.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status of the first answer.
    pub status: StatusCode,
    /// JSON.
    pub body: String,
    /// Whether this is the stored answer of an earlier request.
    pub replayed: bool,
}

impl Reply {
    /// Reads the answer back, for callers inside the process.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when `T` is not what was answered.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.body).map_err(ApiError::internal)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = json(self.status, self.body.into());
        if self.replayed {
            response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

/// Headers of an answer at most, those of the layers around included.
const MOST_HEADERS: usize = 20;

/// A JSON answer from bytes that are JSON already.
#[must_use]
pub fn json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // What the layers around will add finds room without moving the rest.
    headers.reserve(MOST_HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A resource with its version as `ETag`.
pub struct Versioned<T> {
    /// The resource.
    pub body: T,
    /// Its version.
    pub version: i64,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.body).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.version)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Rows a page holds unless asked otherwise.
const DEFAULT_LIMIT: u64 = 20;
/// Rows a page holds at most.
pub const MAX_LIMIT: u64 = 200;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// A page query from its parts, for lists whose query has more parameters.
    #[must_use]
    pub fn of(limit: Option<u64>, cursor: Option<&str>) -> Self {
        Self { limit, cursor: cursor.map(str::to_owned) }
    }

    /// # Errors
    /// 400 for a limit outside 1..=200.
    pub fn limit(&self) -> Result<u64, ApiError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if (1..=MAX_LIMIT).contains(&limit) {
            return Ok(limit);
        }
        Err(ApiError::Malformed(super::problem::FieldError::new(
            "?limit",
            "limit_out_of_range",
            Text::new("limit 须在 1 至 200 之间。", "limit must be between 1 and 200."),
        )))
    }

    /// The cursor's parts, if there is one.
    ///
    /// # Errors
    /// 400 for a cursor that does not have `N` parts.
    pub fn after<const N: usize>(&self) -> Result<Option<[String; N]>, ApiError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let parts: Vec<String> = cursor.split('~').map(str::to_owned).collect();
        parts.try_into().map(Some).map_err(|_| bad_cursor())
    }

    /// The cursor as a single id.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn after_id(&self) -> Result<Option<Uuid>, ApiError> {
        self.after::<1>()?.map(|[id]| Uuid::parse_str(&id).map_err(|_| bad_cursor())).transpose()
    }
}

/// The problem of a cursor that is none of ours.
#[must_use]
pub fn bad_cursor() -> ApiError {
    ApiError::Malformed(super::problem::FieldError::new(
        "?cursor",
        "cursor_malformed",
        Text::new("cursor 须取自上一页的 next_cursor。", "cursor must be the next_cursor of the page before."),
    ))
}

/// Cuts `rows`, read with one more than `limit`, to a page.
pub fn page<R, T>(mut rows: Vec<R>, limit: u64, cursor: impl Fn(&R) -> String, show: impl Fn(R) -> T) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = if more { rows.last().map(cursor) } else { None };
    Page { items: rows.into_iter().map(show).collect(), next_cursor }
}
