//! Templates of the files that come in.

use super::KINDS;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Path, Query, language_of},
    sheets::{Format, format_of, template},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which format.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// `xlsx` unless given, or `csv`.
    #[param(example = "csv")]
    format: Option<String>,
}

/// Download a template
///
/// A file with the columns of its kind and an example row to be replaced: `divisions`, `county-list`, `schools`, `suppliers`, `households`, `links`,
/// `household-lists`, `declared-purchases` or `accounts`. The names are Chinese, and the English ones for
/// `Accept-Language: en`; a star marks the columns a file must have. All cells of the XLSX are text, so that long numbers
/// stay as they are typed.
#[utoipa::path(
    get, path = "/imports/templates/{kind}", operation_id = "import_template", tag = "imports",
    security(("bearer" = [])),
    params(("kind" = String, Path, description = "Kind of file", example = "schools"), TemplateQuery),
    responses((
        status = 200, description = "The template",
        content(
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (String = "text/csv", example = "农户编号*,户主姓名*\r\nh-910526-01,王某\r\n"),
        ),
    ))
)]
pub async fn import_template(
    State(_): State<Ctx>,
    caller: Caller,
    Path(kind): Path<String>,
    Query(query): Query<TemplateQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let format = query.format.as_deref().map_or(Ok(Format::Xlsx), format_of)?;
    let kind = KINDS.iter().find(|one| one.name == kind).ok_or(ApiError::NotFound)?;
    let bytes = template(kind, format, language_of(&headers)).map_err(ApiError::internal)?;
    let name = format!("attachment; filename=\"xiaonong-{}.{}\"", kind.name, format.extension());
    let mut response = ([(header::CONTENT_TYPE, format.media_type())], bytes).into_response();
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    // The names follow the caller's language.
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    Ok(response)
}
