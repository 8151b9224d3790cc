//! Where a request for a list asks for a file instead of a page.

use super::{
    columns::{List, Lists},
    stream::{Source, rows},
};
use crate::{
    access::{Caller, Session},
    context::Ctx,
    http::{ApiError, FieldError, Text, language_of},
    sheets::{CSV, Format, XLSX, format_of},
    store::Begun,
};
use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath, Request},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Answers `?format=csv` and `?format=xlsx`, or the same by `Accept`, with the whole list as a file.
pub async fn exports(ctx: &Ctx, lists: &Lists, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let Some(list) = lists.at(path).filter(|_| request.method() == Method::GET) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    match wanted(&parts) {
        // Apart from the others, which are not to carry its room along.
        Ok(Some(format)) => {
            Box::pin(export(ctx, list, format, parts, next)).await.unwrap_or_else(IntoResponse::into_response)
        }
        Ok(None) => match plain(list, parts) {
            Ok(parts) => next.run(Request::from_parts(parts, body)).await,
            Err(error) => error.into_response(),
        },
        Err(error) => error.into_response(),
    }
}

/// The request for a page, without `format`. What a list without parameters is asked besides is unknown.
fn plain(list: &List, mut parts: Parts) -> Result<Parts, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    let rest: Vec<_> = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "format").collect();
    if let Some((name, _)) = rest.first().filter(|_| !list.asks) {
        let detail = Text::new(
            format!("未知参数 {name}；可用：format。"),
            format!("There is no parameter {name}; known: format."),
        );
        return Err(ApiError::Malformed(FieldError::new(format!("?{name}"), "unknown_parameter", detail)));
    }
    if query.contains("format=") {
        let rest = form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
        parts.uri = format!("{}?{rest}", parts.uri.path()).parse().map_err(ApiError::internal)?;
    }
    Ok(parts)
}

/// The format a request asks for; none where it wants a page.
fn wanted(parts: &Parts) -> Result<Option<Format>, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    if let Some((_, format)) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "format") {
        return if format == "json" { Ok(None) } else { format_of(&format).map(Some) };
    }
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    Ok(match first {
        CSV => Some(Format::Csv),
        XLSX => Some(Format::Xlsx),
        _ => None,
    })
}

async fn export(ctx: &Ctx, list: &List, format: Format, mut parts: Parts, next: Next) -> Result<Response, ApiError> {
    let caller = Caller::from_request_parts(&mut parts, ctx).await?;
    let session = Session::of(ctx, &caller, &mut parts)?;
    let parts = plain(list, parts)?;
    let language = language_of(&parts.headers);
    let (operation, path) = (list.operation.clone(), parts.uri.path().to_owned());
    let names: Vec<String> = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect();
    // The first page is asked for before anything is answered: what it refuses is refused as it is.
    let (source, first) = match Source::open(ctx, session, list.clone(), parts, next).await {
        Ok(opened) => opened,
        Err(refused) => return Ok(refused),
    };
    // Without a key there is no earlier answer to find.
    if let Begun::New(mut work) = ctx.begin(&caller, None).await? {
        let told = json!({ "format": format.extension(), "path": path, "filters": names });
        work.audit("list.export", "list", &operation, &told);
        work.commit(StatusCode::OK, &()).await?;
    }
    let body = Body::from_stream(rows(source, first, format, language));
    let mut response = ([(header::CONTENT_TYPE, format.media_type())], body).into_response();
    let name = operation.trim_start_matches("list_").replace('_', "-");
    let name = format!("attachment; filename=\"xiaonong-{name}.{}\"", format.extension());
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
