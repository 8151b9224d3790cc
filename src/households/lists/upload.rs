//! The office's list comes in: compared with the register, and applied at once where that is wanted.

use super::{
    apply::{Shrink, apply_list},
    compare::{ListOf, NewList, compare_list},
    file::{HOUSEHOLD_LIST, read_list},
    view::{HouseholdListView, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, FieldError, Query, Reply, Text, hex, idempotency_key},
    registry::{find_division, is_code},
    sheets::{take_file, text_of_async},
    store::Begun,
    suppliers::keyed,
};
use axum::{
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
};
use chrono::NaiveDate;
use entity::household_status::StatusHistory;
use ring::digest;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Bytes a list may have: 150,000 rows of 200.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Which list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Which of the two histories it speaks of: `registration` or `monitoring` (H1).
    #[param(inline, example = "registration")]
    pub kind: StatusHistory,
    /// County it is of.
    #[param(example = "910425")]
    pub county: String,
    /// Day the office drew it up for, not after today.
    #[param(example = "2026-03-01")]
    pub listed_on: NaiveDate,
    /// With false it is applied at once, unless that would end too much; true unless given.
    #[serde(default = "yes")]
    pub dry_run: bool,
}

fn yes() -> bool {
    true
}

/// Its route, with a limit of its own on the body.
pub(in crate::households) fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(upload_household_list)).layer(DefaultBodyLimit::max(MOST_BYTES))
}

/// Send a list of households
///
/// The list of a county from its rural-revitalisation office: CSV (UTF-8 or GB18030) or XLSX, up to 150,000 rows, with
/// the columns of its template (`GET /imports/templates/household-lists`) by their Chinese or English names:
/// `code,name,id_number,division_code,status,from_on,proof_number`. `id_number`, `from_on` (else the list's day) and
/// `proof_number` (else the code) may be empty or left out. It is compared with the register by person: by ID number,
/// else by code and name. The answer counts what is new, changed, ended, unknown and duplicate; the rows are read page by
/// page. Nothing changes before it is applied.
#[utoipa::path(
    post, path = "/household-lists", operation_id = "upload_household_list", tag = "suppliers",
    security(("bearer" = [])),
    params(UploadQuery),
    request_body(content(
        (String = "text/csv", example = json!("code,name,id_number,division_code,status,from_on,proof_number\n\
            h-910425-99,张某,330000190001019990,910425,lifted,2021-01-01,FPSC-910425-1099\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 201, body = HouseholdListView, description = "Compared, or applied"))
)]
pub async fn upload_household_list(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Household)?;
    let (parts, bytes) = take_file(&ctx, request).await?;
    let key = keyed(&ctx, idempotency_key(&parts, &bytes, false)?).await?;
    let wrong = |name: &str, code, zh: &'static str, en: &'static str| {
        ApiError::Malformed(FieldError::new(format!("?{name}"), code, Text::new(zh, en)))
    };
    let county = if is_code(&query.county) { find_division(&ctx.store.read, &query.county).await? } else { None };
    let Some(county) = county.filter(|county| scope.covers_division(county)) else {
        let (zh, en) = ("须为本单位范围内的县级行政区划代码。", "Must be the code of a county within your reach.");
        return Err(wrong("county", "county_unknown", zh, en));
    };
    if query.listed_on > ctx.clock.now().business_day() {
        return Err(wrong("listed_on", "date_in_future", "不能晚于今天。", "Must not lie ahead."));
    }
    // Looked up before the work is done; kept with the answer, in the transaction that ends it.
    if let Begun::Replay(reply) = ctx.begin(&caller, key.clone()).await? {
        return Ok(reply);
    }
    let file_hash = hex(digest::digest(&digest::SHA256, &bytes).as_ref());
    let text = text_of_async(bytes, &HOUSEHOLD_LIST).await?;
    // Reading is work for the processor, not for the threads that serve.
    let rows = tokio::task::spawn_blocking(move || read_list(&text)).await.map_err(ApiError::internal)??;
    let of = ListOf { kind: query.kind, county_code: county.code, listed_on: query.listed_on };
    let list = compare_list(&ctx, &caller, NewList { of, file_hash, rows }).await?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let list = if query.dry_run {
        work.audit(
            "household_list.compare",
            "household_list",
            &list.id,
            &json!({"county_code": list.county_code, "kind": list.kind, "listed_on": list.listed_on, "rows": list.rows}),
        );
        list
    } else {
        apply_list(&ctx, &caller, &mut work, list, Shrink::Refuse).await?
    };
    work.commit(StatusCode::CREATED, &view(&ctx, list)).await
}
