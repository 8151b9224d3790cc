//! Make many accounts from a CSV file: every row or none, each refused cell named.

use super::{
    create::{Draft, Made, make},
    draft::{MembershipRequest, Names},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Reply, Text, body_error, idempotency_key},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::header,
};
use chrono::NaiveDate;
use entity::{
    id::{AccountId, SchoolId, SupplierId},
    membership::Role,
    school, supplier,
};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

const COLUMNS: [&str; 8] =
    ["username", "display_name", "role", "school_code", "supplier_code", "reporting_unit_code", "from_on", "to_on"];
/// Rows a file may have: each costs a password hash.
const MAX_ROWS: usize = 200;
/// Characters a cell may have.
const LONGEST_CELL: usize = 200;

/// What an import made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedAccountsView {
    /// The accounts in the order of the file.
    pub accounts: Vec<ImportedAccountView>,
}

/// One account made from a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedAccountView {
    /// The account.
    pub id: AccountId,
    /// Log-in name.
    #[schema(example = "weining-wang")]
    pub username: String,
    /// Good until it is replaced after the first log-in. It is not kept: a repeated request answers null here.
    #[schema(example = "k7mp2xqd9rtvh4wz", format = Password)]
    pub one_time_password: Option<String>,
}

/// Import accounts
///
/// UTF-8 CSV, up to 200 rows, with exactly the header `username,display_name,role,school_code,supplier_code,
/// reporting_unit_code,from_on,to_on` in one line; the place a role does not need and both days may be empty. Every
/// account is made or none; `errors` points at `/rows/<line>/<column>`. Only this answer shows the one-time passwords.
#[utoipa::path(
    post, path = "/accounts/import", operation_id = "import_accounts", tag = "accounts", security(("bearer" = [])),
    request_body(content(
        (String = "text/csv", example = json!("username,display_name,role,school_code,supplier_code,reporting_unit_code,\
            from_on,to_on\nweining-wang,王老师,inspector,GZ-520526-001,,,2026-09-01,2027-07-31\n")),
    )),
    responses((status = 201, body = ImportedAccountsView, description = "Made"))
)]
pub async fn import_accounts(State(ctx): State<Ctx>, caller: Caller, request: Request) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Manage, Resource::Account)?;
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "text/csv" {
        return Err(ApiError::UnsupportedMediaType);
    }
    let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), &())
        .await
        .map_err(|rejection| body_error(rejection.status()))?;
    let key = idempotency_key(&parts, &bytes, true)?;
    let rows = read(&bytes)?;
    let codes = Codes::find(ctx.store.primary(), &rows).await?;
    let drafts = drafts(&rows, &codes)?;
    let answer = |made: &[Made], shown: bool| ImportedAccountsView {
        accounts: made
            .iter()
            .map(|made| ImportedAccountView {
                id: made.account.id,
                username: made.account.username.clone(),
                one_time_password: shown.then(|| made.password.clone()),
            })
            .collect(),
    };
    make(&ctx, &caller, key, &drafts, Names::CSV, answer).await
}

/// The cells of a row, in the order of [`COLUMNS`], under the pointer of its line.
struct Row {
    pointer: String,
    cells: [String; 8],
}

fn read(bytes: &[u8]) -> Result<Vec<Row>, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        ApiError::field("", "encoding_not_utf8", Text::new("文件须为 UTF-8 编码。", "The file must be UTF-8."))
    })?;
    // A byte order mark, as spreadsheets write it, is no part of the first column's name.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    if !header.iter().eq(COLUMNS) {
        let wanted = COLUMNS.join(",");
        let detail = Text::new(format!("表头须为：{wanted}"), format!("The header must be: {wanted}"));
        return Err(ApiError::field("/rows/1", "header_wrong", detail));
    }
    let mut check = Check::default();
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        // The header is line 1.
        let pointer = format!("/rows/{}", index + 2);
        if rows.len() >= MAX_ROWS {
            let detail = Text::new(format!("一次最多 {MAX_ROWS} 行。"), format!("At most {MAX_ROWS} rows at once."));
            return Err(ApiError::field(pointer, "too_many_rows", detail));
        }
        let Ok(record) = record else {
            let detail = Text::new(
                format!("该行须有 {} 列。", COLUMNS.len()),
                format!("The row must have {} cells.", COLUMNS.len()),
            );
            check.refuse(pointer, "row_unreadable", detail);
            continue;
        };
        for (column, cell) in COLUMNS.iter().zip(&record) {
            check.that(
                cell.chars().count() <= LONGEST_CELL && !cell.contains(char::is_control),
                format!("{pointer}/{column}"),
                "cell_unreadable",
                Text::new("过长或含有控制字符。", "Too long, or with control characters."),
            );
        }
        let cells = std::array::from_fn(|column| record.get(column).unwrap_or_default().to_owned());
        rows.push(Row { pointer, cells });
    }
    check.that(!rows.is_empty(), "/rows", "no_rows", Text::new("文件没有数据行。", "The file has no rows."));
    check.finish()?;
    Ok(rows)
}

/// Ids of the schools and suppliers that the file names.
struct Codes {
    schools: HashMap<String, SchoolId>,
    suppliers: HashMap<String, SupplierId>,
}

impl Codes {
    async fn find(db: &impl ConnectionTrait, rows: &[Row]) -> Result<Self, DbErr> {
        let named = |column: usize| rows.iter().map(move |row| row.cells[column].clone());
        let schools: Vec<(String, SchoolId)> = school::Entity::find()
            .select_only()
            .columns([school::Column::Code, school::Column::Id])
            .filter(school::Column::Code.is_in(named(3)))
            .into_tuple()
            .all(db)
            .await?;
        let suppliers: Vec<(String, SupplierId)> = supplier::Entity::find()
            .select_only()
            .columns([supplier::Column::Code, supplier::Column::Id])
            .filter(supplier::Column::Code.is_in(named(4)))
            .into_tuple()
            .all(db)
            .await?;
        Ok(Self { schools: schools.into_iter().collect(), suppliers: suppliers.into_iter().collect() })
    }
}

fn drafts(rows: &[Row], codes: &Codes) -> Result<Vec<Draft>, ApiError> {
    let mut check = Check::default();
    let drafts: Vec<Draft> = rows.iter().filter_map(|row| draft(&mut check, row, codes)).collect();
    check.finish()?;
    Ok(drafts)
}

fn draft(check: &mut Check, row: &Row, codes: &Codes) -> Option<Draft> {
    let [username, display_name, role, school, supplier, unit, from_on, to_on] = &row.cells;
    let mut day = |column: &str, cell: &str| {
        if cell.is_empty() {
            return None;
        }
        let day = cell.parse::<NaiveDate>().ok().filter(|_| cell.len() == 10);
        if day.is_none() {
            let detail = Text::new("日期须形如 2026-03-02。", "A date looks like 2026-03-02.");
            check.refuse(format!("{}/{column}", row.pointer), "date_malformed", detail);
        }
        day
    };
    let (from_on, to_on) = (day("from_on", from_on), day("to_on", to_on));
    let Ok(role) = Role::try_from_value(role) else {
        let choices = Role::values().join(", ");
        let detail = Text::new(format!("取值须为：{choices}。"), format!("Must be one of: {choices}."));
        check.refuse(format!("{}/role", row.pointer), "unknown_value", detail);
        return None;
    };
    let given = |cell: &String| Some(cell.clone()).filter(|cell| !cell.is_empty());
    // A code that is nowhere becomes an id that is nowhere: refused in the same words as one out of reach.
    let school_id = given(school).map(|code| codes.schools.get(&code).copied().unwrap_or(SchoolId(Uuid::nil())));
    let supplier_id =
        given(supplier).map(|code| codes.suppliers.get(&code).copied().unwrap_or(SupplierId(Uuid::nil())));
    Some(Draft {
        pointer: row.pointer.clone(),
        role_pointer: row.pointer.clone(),
        id: None,
        username: username.clone(),
        display_name: display_name.clone(),
        membership: MembershipRequest {
            role,
            school_id,
            supplier_id,
            reporting_unit_code: given(unit),
            from_on,
            to_on,
        },
    })
}
