//! What a handler takes: bodies, queries, paths and headers, each refused with a problem that says which field.

use super::{
    check::reader_error,
    hex::hex,
    problem::{ApiError, FieldError},
    text::Text,
};
use crate::store::IdempotencyKey;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts, uri::PathAndQuery},
};
use ring::digest;
use serde::de::DeserializeOwned;
use std::fmt::Write;

/// A JSON body with its optional `Idempotency-Key`; with `KEYED` the key must be there.
pub struct Command<T, const KEYED: bool = false> {
    /// The parsed body.
    pub body: T,
    /// The key, tied to this very method, path, query and body.
    pub key: Option<IdempotencyKey>,
}

impl<S: Send + Sync, T: DeserializeOwned, const KEYED: bool> FromRequest<S> for Command<T, KEYED> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state)
            .await
            .map_err(|rejection| body_error(rejection.status()))?;
        let key = idempotency_key(&parts, &bytes, KEYED)?;
        Ok(Self { body: parse_json(&parts.headers, &bytes)?, key })
    }
}

pub(crate) fn body_error(status: axum::http::StatusCode) -> ApiError {
    if status == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge
    } else {
        ApiError::Malformed(FieldError::new(
            "",
            "body_unreadable",
            Text::new("请求体未能完整读取。", "The body did not arrive in full."),
        ))
    }
}

/// Reads `Idempotency-Key` and ties it to the request.
pub(crate) fn idempotency_key(
    parts: &Parts,
    bytes: &Bytes,
    required: bool,
) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(value) = parts.headers.get("idempotency-key") else {
        if required {
            return Err(ApiError::Malformed(FieldError::new(
                "",
                "idempotency_key_required",
                Text::new(
                    "此操作须带 Idempotency-Key 请求头，重试时沿用同一值。",
                    "This call needs an Idempotency-Key header; a retry sends the same one.",
                ),
            )));
        }
        return Ok(None);
    };
    let key = value.to_str().ok().filter(|key| (1..=100).contains(&key.len())).ok_or_else(|| {
        ApiError::Malformed(FieldError::new(
            "",
            "idempotency_key_malformed",
            Text::new("Idempotency-Key 须为 1 至 100 个 ASCII 字符。", "Idempotency-Key is 1 to 100 ASCII characters."),
        ))
    })?;
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [
        parts.method.as_str().as_bytes(),
        parts.uri.path_and_query().map_or("", PathAndQuery::as_str).as_bytes(),
        bytes,
    ] {
        context.update(part);
        context.update(b"\n");
    }
    Ok(Some(IdempotencyKey { key: key.to_owned(), body_hash: hex(context.finish().as_ref()) }))
}

fn parse_json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &Bytes) -> Result<T, ApiError> {
    let is_json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    });
    // An empty body stands for `{}`: the calls without fields take none.
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    if !is_json && bytes != b"{}" {
        return Err(ApiError::UnsupportedMediaType);
    }
    if has_control_escape(bytes) {
        return Err(ApiError::Malformed(FieldError::new(
            "",
            "control_character",
            Text::new("文本中含有控制字符。", "A text contains control characters."),
        )));
    }
    // serde reads a struct from an array too; a body is an object.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first == b'[') {
        let detail = Text::new("类型或格式不对。", "Wrong type or format.");
        return Err(ApiError::field("", "wrong_type", detail));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| json_error(&error))?;
    reader.end().map_err(|_| malformed_json())?;
    Ok(value)
}

/// Whether a JSON text writes a control character other than tab and line breaks: PostgreSQL stores no U+0000, and
/// [`crate::store::bulk`] uses U+0001. Unescaped ones are a syntax error anyway.
fn has_control_escape(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if let [_, b'u', b'0', b'0', b'0' | b'1', _, ..] = &rest[at..]
            && !matches!(&rest[at + 4..at + 6], b"09" | b"0a" | b"0A" | b"0d" | b"0D")
        {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

fn malformed_json() -> ApiError {
    ApiError::Malformed(FieldError::new(
        "",
        "json_malformed",
        Text::new("请求体不是合法的 JSON。", "The body is not valid JSON."),
    ))
}

/// Characters of a field's name or path that a problem repeats.
const SHOWN_CHARACTERS: usize = 200;
/// Known names a problem lists at most.
const SHOWN_NAMES: usize = 30;

fn json_error(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    use serde_json::error::Category;
    let inner = error.inner();
    if matches!(inner.classify(), Category::Syntax | Category::Eof | Category::Io) {
        return malformed_json();
    }
    let mut pointer = String::new();
    for segment in error.path() {
        match segment {
            serde_path_to_error::Segment::Seq { index } => {
                let _ = write!(pointer, "/{index}");
            }
            serde_path_to_error::Segment::Map { key } => {
                let _ = write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1"));
            }
            _ => {}
        }
    }
    let message = inner.to_string();
    // What was sent is repeated in part only: the answer must not grow with it.
    let cut = |text: &str| text.chars().take(SHOWN_CHARACTERS).collect::<String>();
    let pointer = cut(&pointer);
    let named = cut(message.split('`').nth(1).unwrap_or_default());
    if message.starts_with("unknown field") {
        // The path already ends in the field's name.
        return ApiError::field(pointer, "unknown_field", unknown(&message, "字段", "field", &named));
    }
    if message.starts_with("missing field") {
        return ApiError::field(
            format!("{pointer}/{named}"),
            "required",
            Text::new(format!("缺少字段 {named}。"), format!("The field {named} is missing.")),
        );
    }
    if message.starts_with("duplicate field") {
        return ApiError::field(pointer, "duplicate_field", Text::new("字段重复。", "The field is there twice."));
    }
    if let Some((code, detail)) = reader_error(&message) {
        return ApiError::field(pointer, code, detail);
    }
    if message.starts_with("unknown variant") {
        let choices = message.split("expected").nth(1).unwrap_or_default();
        let choices = choices.rsplit_once(" at line").map_or(choices, |(choices, _)| choices).replace('`', "");
        let choices = choices.trim().trim_start_matches("one of ").to_owned();
        return ApiError::field(
            pointer,
            "unknown_value",
            Text::new(format!("取值须为：{choices}。"), format!("Must be one of: {choices}.")),
        );
    }
    ApiError::field(pointer, "wrong_type", Text::new("类型或格式不对。", "Wrong type or format."))
}

/// What there is instead of a name that is unknown: serde's message ends in the known ones.
fn unknown(message: &str, zh: &str, en: &str, named: &str) -> Text {
    // The unknown name comes first and may hold anything; the list is ours and stands behind the last "expected". Where
    // there is no list, what looks like one is the client's: names of ours are short and plain.
    let plain = |name: &&str| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let known: Vec<&str> = message
        .rsplit_once("`, expected ")
        .map(|(_, list)| list.split('`').skip(1).step_by(2).filter(plain).take(SHOWN_NAMES).collect())
        .unwrap_or_default();
    if known.is_empty() {
        return Text::new(format!("未知{zh} {named}。"), format!("There is no {en} {named}."));
    }
    Text::new(
        format!("未知{zh} {named}；可用：{}。", known.join("、")),
        format!("There is no {en} {named}; known: {}.", known.join(", ")),
    )
}

/// Query parameters; an unknown or unreadable one is a 400.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        if let Some((name, _)) =
            form_urlencoded::parse(query.as_bytes()).find(|(_, value)| value.contains(char::is_control))
        {
            return Err(malformed_parameter(&name));
        }
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let message = error.inner().to_string();
            let named = message.split('`').nth(1).unwrap_or_default().to_owned();
            let repeated = message.starts_with("duplicate field");
            let name = if message.starts_with("unknown field") || message.starts_with("missing field") || repeated {
                named
            } else {
                error.path().to_string()
            };
            let (code, detail) = if message.starts_with("unknown field") {
                ("unknown_parameter", unknown(&message, "参数", "parameter", &name))
            } else if message.starts_with("missing field") {
                ("required", Text::new(format!("缺少参数 {name}。"), format!("The parameter {name} is missing.")))
            } else if repeated {
                (
                    "parameter_repeated",
                    Text::new(
                        format!("参数 {name} 出现多次。"),
                        format!("The parameter {name} is there more than once."),
                    ),
                )
            } else {
                return malformed_parameter(&name);
            };
            ApiError::Malformed(FieldError::new(format!("?{name}"), code, detail))
        })
    }
}

fn malformed_parameter(name: &str) -> ApiError {
    ApiError::Malformed(FieldError::new(
        format!("?{name}"),
        "parameter_malformed",
        Text::new(format!("参数 {name} 的取值无法读取。"), format!("The value of {name} cannot be read.")),
    ))
}

/// Path parameters; what cannot be one of our ids does not exist.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A control character stands in none of our codes, and PostgreSQL refuses U+0000.
        if parts.uri.path().as_bytes().windows(2).any(|pair| matches!(pair, b"%0" | b"%1")) {
            return Err(ApiError::NotFound);
        }
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| ApiError::NotFound)
    }
}

/// The versions named by `If-Match` (RFC 9110, 13.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// No header, or `*`: any version will do, as long as there is one.
    #[default]
    Any,
    /// One of these. A weak tag names none of ours, nor does a tag we never gave.
    OneOf(Vec<i64>),
}

impl IfMatch {
    /// # Errors
    /// [`ApiError::Stale`] when another version was meant.
    pub fn check(&self, version: i64) -> Result<(), ApiError> {
        match self {
            Self::OneOf(wanted) if !wanted.contains(&version) => Err(ApiError::Stale { version }),
            _ => Ok(()),
        }
    }

    /// Reads the header: `*`, a list of tags, or a bare version number.
    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::Any);
        }
        let mut wanted = Vec::new();
        for tag in text.split(',').map(str::trim) {
            let (weak, quoted) = tag.strip_prefix("W/").map_or((false, tag), |tag| (true, tag));
            let opaque = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            match (opaque, quoted.parse()) {
                (Some(opaque), _) if !opaque.contains('"') => {
                    wanted.extend(opaque.parse::<i64>().ok().filter(|_| !weak));
                }
                (None, Ok(bare)) if !weak => wanted.push(bare),
                _ => return None,
            }
        }
        Some(Self::OneOf(wanted))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut lines = parts.headers.get_all(header::IF_MATCH).iter().map(|line| line.to_str().unwrap_or("?"));
        let Some(first) = lines.next() else { return Ok(Self::Any) };
        let all = lines.fold(first.to_owned(), |all, line| format!("{all}, {line}"));
        Self::parse(&all).ok_or_else(|| {
            ApiError::Malformed(FieldError::new(
                "",
                "if_match_malformed",
                Text::new("If-Match 须为读取时得到的 ETag。", "If-Match must be the ETag of an earlier answer."),
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_names_versions_by_strong_tags() {
        let fits = |text: &str| IfMatch::parse(text).map(|wanted| wanted.check(3).is_ok());
        for (text, expected) in [
            ("*", Some(true)),
            ("\"3\"", Some(true)),
            ("3", Some(true)),
            ("\"1\", \"3\"", Some(true)),
            ("\"1\"", Some(false)),
            ("W/\"3\"", Some(false)),
            ("\"of-another-kind\"", Some(false)),
            ("\"3", None),
            ("odd", None),
            ("", None),
            ("W/3", None),
        ] {
            assert_eq!(fits(text), expected, "{text}");
        }
    }
}
