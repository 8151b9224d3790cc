//! A file comes in: its header and rows are read, and it is kept in parts until it is applied.

use super::{
    file::{PART, external_id, key_of, needs, place, sheet_of},
    view::{FileImportView, view},
};
use crate::{
    access::{Caller, Scope},
    context::Ctx,
    http::{ApiError, Query, Reply, Text, hex, idempotency_key},
    sheets::{Refusal, Rows, Sheet, take_file, text_of_async},
    store::{Begun, bulk},
    suppliers::keyed,
};
use axum::{
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
};
use entity::{
    file_import::{self, FileImportKind, FileImportState},
    file_import_part, file_import_refusal,
    id::FileImportId,
    time::Timestamp,
};
use ring::digest;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeSet, HashSet};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Bytes a file may have: 150,000 rows of 200.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Parts written with one statement.
const PARTS_AT_ONCE: usize = 16;

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadImportQuery {
    /// What the file brings.
    #[param(inline, example = "households")]
    pub kind: FileImportKind,
}

/// Its route, with a limit of its own on the body.
pub(super) fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(upload_import)).layer(DefaultBodyLimit::max(MOST_BYTES))
}

/// What is read of a file before anything is kept.
struct Read {
    parts: Vec<Sheet>,
    rows: usize,
    twice: Vec<(u64, String)>,
}

/// Bring a file
///
/// Schools, suppliers, households or links as CSV (UTF-8 or GB18030) or XLSX with the columns of its template, up to
/// 150,000 rows. The answer comes at once; the rows are looked at in the background, and nothing changes before
/// `POST /register-imports/{id}/apply`. A row that the register knows stays as it is; rows that lie outside the caller's reach or
/// contradict the register are refused by line, column and reason. Suppliers come in as `pending` (H4).
#[utoipa::path(
    post, path = "/register-imports", operation_id = "upload_import", tag = "imports", security(("bearer" = [])),
    params(UploadImportQuery),
    request_body(content(
        (String = "text/csv", example = json!("code,name,division_code,history,status,from_on,to_on,proof_number\n\
            h-910425-98,张某,910425,registration,lifted,2021-01-01,,FPSC-910425-1098\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 202, body = FileImportView, description = "Kept, and being checked"))
)]
pub async fn upload_import(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(UploadImportQuery { kind }): Query<UploadImportQuery>,
    request: Request,
) -> Result<Reply, ApiError> {
    let (action, resource) = needs(kind);
    let scope = caller.actor.may(action, resource)?;
    let (parts, bytes) = take_file(&ctx, request).await?;
    let key = keyed(&ctx, idempotency_key(&parts, &bytes, false)?).await?;
    // Looked up before the work is done; kept with the answer, in the transaction that ends it.
    if let Begun::Replay(reply) = ctx.begin(&caller, key.clone()).await? {
        return Ok(reply);
    }
    let file_hash = hex(digest::digest(&digest::SHA256, &bytes).as_ref());
    let text = text_of_async(bytes, sheet_of(kind)).await?;
    // Reading is work for the processor, not for the threads that serve.
    let read = tokio::task::spawn_blocking(move || read(&text, kind)).await.map_err(ApiError::internal)??;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let id: FileImportId = ctx.ids.next();
    let row = new_row(id, kind, (&caller, &scope), &read, file_hash, work.at);
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await?;
    let keys = ctx.vault.open_to_seal(work.txn(), &ctx.ids, work.at).await?;
    for (first, some) in read.parts.chunks(PARTS_AT_ONCE).enumerate() {
        let mut sealed = Vec::with_capacity(some.len());
        for (place_in, sheet) in some.iter().enumerate() {
            let number = i32::try_from(first * PARTS_AT_ONCE + place_in + 1).map_err(ApiError::internal)?;
            let rows_sealed = keys.seal(&ctx.ids, place(id), &sheet.pack())?;
            sealed.push(file_import_part::Model { import_id: id, number, rows_sealed });
        }
        bulk::insert(work.txn(), &sealed).await?;
    }
    let twice: Vec<file_import_refusal::Model> = read
        .twice
        .into_iter()
        .map(|(line, external_id)| file_import_refusal::Model {
            import_id: id,
            line: i64::try_from(line).unwrap_or(i64::MAX),
            place: 0,
            column_name: String::new(),
            code: "row_twice".to_owned(),
            external_id,
            reason_zh: "文件中已有相同的一行".to_owned(),
            reason_en: "the file has this row already".to_owned(),
        })
        .collect();
    bulk::insert(work.txn(), &twice).await?;
    let told = json!({"kind": kind, "rows": row.row_count, "file_hash": row.file_hash});
    work.audit("file_import.create", "file_import", &id, &told);
    work.commit(StatusCode::ACCEPTED, &view(row)).await
}

fn new_row(
    id: FileImportId,
    kind: FileImportKind,
    (caller, scope): (&Caller, &Scope),
    read: &Read,
    file_hash: String,
    at: Timestamp,
) -> file_import::Model {
    let [divisions, units] = scope.held_places();
    file_import::Model {
        id,
        kind,
        state: FileImportState::Checking,
        account_id: caller.actor.account_id(),
        everywhere: scope.is_everything(),
        divisions: divisions.join("|"),
        units: units.join("|"),
        file_hash,
        created_at: at,
        finished_at: None,
        row_count: i64::try_from(read.rows).unwrap_or(i64::MAX),
        parts: i32::try_from(read.parts.len()).unwrap_or(i32::MAX),
        parts_done: 0,
        new_rows: 0,
        known_rows: 0,
        refused_rows: i64::try_from(read.twice.len()).unwrap_or(i64::MAX),
        written: 0,
        version: 1,
    }
}

/// Cuts a file into parts, rows that are there twice left out.
fn read(text: &str, kind: FileImportKind) -> Result<Read, ApiError> {
    let mut rows = Rows::open(text, sheet_of(kind)).map_err(Refusal::problem)?;
    let mut seen = HashSet::new();
    let mut found = Read { parts: Vec::new(), rows: 0, twice: Vec::new() };
    while let Some(sheet) = rows.next(PART).map_err(Refusal::problem)? {
        found.rows += sheet.len();
        let mut left_out = BTreeSet::new();
        for row in sheet.rows() {
            if !seen.insert(key_of(kind, row)) {
                left_out.insert(row.line);
                found.twice.push((row.line, external_id(kind, row)));
            }
        }
        let kept =
            if left_out.is_empty() { Some(sheet) } else { Sheet::unpack(&sheet.pack(), sheet_of(kind), &left_out) };
        found.parts.extend(kept.filter(|sheet| !sheet.is_empty()));
    }
    if found.rows == 0 {
        return Err(ApiError::field("/rows", "no_rows", Text::new("文件没有数据行。", "The file has no rows.")));
    }
    Ok(found)
}
