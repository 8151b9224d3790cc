//! The trail as a file: streamed, a few hundred rows in memory at a time, and itself a row of the trail.

use super::{
    canon::Row,
    list::{check_days, within},
    store::seals_of,
};
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, FieldError, Query, Text},
    store::Begun,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use entity::{audit_entry, id::AuditEntryId, time::Timestamp};
use futures_util::stream::try_unfold;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use std::{error::Error, io};
use utoipa::IntoParams;

/// Rows read at a time.
const CHUNK: u64 = 500;
/// Days one file spans at most.
const MAX_DAYS: i64 = 366;
const HEADER: [&str; 17] = [
    "id",
    "at",
    "account_id",
    "on_behalf_of",
    "action",
    "resource",
    "resource_id",
    "outcome",
    "school_id",
    "supplier_id",
    "reporting_unit_code",
    "request_id",
    "address",
    "detail",
    "seq",
    "chain_day",
    "hash",
];

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditExportQuery {
    /// First business day.
    #[param(example = "2026-03-02")]
    pub from: NaiveDate,
    /// Last business day; at most a year after the first.
    #[param(example = "2026-03-02")]
    pub to: NaiveDate,
}

/// Export audit entries
///
/// All rows of these days within the caller's reach as CSV, oldest first, each with its place in the chain. The export
/// is itself recorded in the trail.
#[utoipa::path(
    get, path = "/audit/export", operation_id = "export_audit_entries", tag = "audit", security(("bearer" = [])),
    params(AuditExportQuery),
    responses((
        status = 200, body = String, content_type = "text/csv", description = "The rows, streamed",
        example = "id,at,account_id,on_behalf_of,action,resource,resource_id,outcome,school_id,supplier_id,\
                   reporting_unit_code,request_id,address,detail,seq,chain_day,hash\r\n"
    ))
)]
pub async fn export_audit_entries(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<AuditExportQuery>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Audit)?;
    let AuditExportQuery { from, to } = query;
    check_days(Some(from), Some(to))?;
    if (to - from).num_days() > MAX_DAYS {
        let detail = Text::new("一次最多导出一年。", "An export spans a year at most.");
        return Err(ApiError::Malformed(FieldError::new("?from", "range_too_long", detail)));
    }
    // Without a key there is no earlier answer to find.
    if let Begun::New(mut work) = ctx.begin(&caller, None).await? {
        work.audit("audit.export", "audit", &"", &serde_json::json!({ "from": from, "to": to }));
        work.commit(StatusCode::OK, &()).await?;
    }
    let name = format!("attachment; filename=\"xiaonong-audit-{from}-{to}.csv\"");
    let rows = try_unfold(Next::Header, move |next| chunk(ctx.clone(), scope.clone(), (from, to), next));
    let body = Body::from_stream(rows);
    let mut response = ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], body).into_response();
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Where the stream stands.
enum Next {
    Header,
    After(Option<AuditEntryId>),
    End,
}

type Fault = Box<dyn Error + Send + Sync>;

/// The next piece of the file. A fault cuts the transfer short, which the client sees.
async fn chunk(
    ctx: Ctx,
    scope: Scope,
    (from, to): (NaiveDate, NaiveDate),
    next: Next,
) -> Result<Option<(Bytes, Next)>, Fault> {
    let after = match next {
        Next::Header => return Ok(Some((csv_line([HEADER.map(str::to_owned)])?, Next::After(None)))),
        Next::After(after) => after,
        Next::End => return Ok(None),
    };
    let mut select = within(&scope, Some(from), Some(to)).order_by_asc(audit_entry::Column::Id).limit(CHUNK);
    if let Some(id) = after {
        select = select.filter(audit_entry::Column::Id.gt(id));
    }
    let db = &ctx.store.read;
    let rows = select.all(db).await?;
    let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
    let full = u64::try_from(rows.len()).is_ok_and(|count| count == CHUNK);
    let seals = seals_of(db, &rows).await?;
    let lines = rows.into_iter().map(|row| {
        let seal = seals.get(&row.id);
        cells(Row::from(row), seal.map(|seal| (seal.seq, seal.day, seal.hash.as_str())))
    });
    Ok(Some((csv_line(lines)?, if full { Next::After(Some(last)) } else { Next::End })))
}

fn cells(row: Row, seal: Option<(i64, NaiveDate, &str)>) -> [String; 17] {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let at = serde_json::to_value(Timestamp(row.at)).ok().and_then(|at| at.as_str().map(str::to_owned));
    [
        row.id.to_string(),
        at.unwrap_or_default(),
        id(row.account_id),
        row.on_behalf_of.unwrap_or_default(),
        row.action,
        row.resource,
        row.resource_id,
        row.outcome,
        id(row.school_id),
        id(row.supplier_id),
        row.reporting_unit_code.unwrap_or_default(),
        row.request_id,
        row.address.unwrap_or_default(),
        row.detail,
        seal.map(|(seq, ..)| seq.to_string()).unwrap_or_default(),
        seal.map(|(_, day, _)| day.to_string()).unwrap_or_default(),
        seal.map(|(.., hash)| hash.to_owned()).unwrap_or_default(),
    ]
}

fn csv_line(lines: impl IntoIterator<Item = [String; 17]>) -> Result<Bytes, Fault> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for line in lines {
        writer.write_record(&line)?;
    }
    Ok(writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?.into())
}
