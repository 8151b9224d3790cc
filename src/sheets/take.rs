//! A file as it comes in: its bytes, what it is, its text.

use super::{column::SheetKind, decode::decode, xlsx};
use crate::{
    context::Ctx,
    http::{ApiError, FieldError, Text, body_error},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{header, request::Parts},
};
use tokio::sync::Semaphore;

/// Media type of CSV.
pub const CSV: &str = "text/csv";
/// Media type of XLSX.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// What else browsers call these files.
const ALSO: [&str; 2] = ["application/vnd.ms-excel", "application/octet-stream"];

/// Spreadsheets unpacked at once.
static UNPACKING: Semaphore = Semaphore::const_new(1);

/// Takes the file out of a request.
///
/// # Errors
/// 415 for a media type that is no file's, 413 above the route's limit, and as [`Ctx::admit_file`].
pub async fn take_file(ctx: &Ctx, request: Request) -> Result<(Parts, Bytes), ApiError> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != CSV && kind != XLSX && !ALSO.contains(&kind.as_str()) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), &())
        .await
        .map_err(|rejection| body_error(rejection.status()))?;
    ctx.admit_file(&bytes).await?;
    Ok((parts, bytes))
}

/// The format a caller asks for by `?format=`.
///
/// # Errors
/// 400 for another than csv and xlsx.
pub fn format_of(format: &str) -> Result<super::Format, ApiError> {
    match format {
        "csv" => Ok(super::Format::Csv),
        "xlsx" => Ok(super::Format::Xlsx),
        _ => Err(ApiError::Malformed(FieldError::new(
            "?format",
            "format_unknown",
            Text::new("format 须为 csv 或 xlsx。", "format must be csv or xlsx."),
        ))),
    }
}

/// The file as CSV text in UTF-8, its lines where they were: an XLSX file's first sheet, or a CSV file decoded.
///
/// # Errors
/// 422 for what is neither, another encoding, formulas, and files beyond the bounds.
pub fn text_of(bytes: &[u8], kind: &SheetKind) -> Result<String, ApiError> {
    if bytes.starts_with(b"PK\x03\x04") {
        return xlsx::to_csv(bytes, kind);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        let detail = Text::new("不支持旧版 XLS，请另存为 XLSX 或 CSV。", "XLS is not read; save it as XLSX or CSV.");
        return Err(ApiError::field("", "file_is_xls", detail));
    }
    decode(bytes).map(std::borrow::Cow::into_owned)
}

/// The same away from the threads that serve: unpacking is work for the processor.
///
/// # Errors
/// As [`text_of`].
pub async fn text_of_async(bytes: Bytes, kind: &'static SheetKind) -> Result<String, ApiError> {
    let _one_at_a_time = UNPACKING.acquire().await.map_err(ApiError::internal)?;
    tokio::task::spawn_blocking(move || text_of(&bytes, kind)).await.map_err(ApiError::internal)?
}
