//! The office's file, row by row: cells as they stand, none refused yet.

use crate::{
    http::{ApiError, FieldError, Text},
    registry::{Refusal, Sheet},
    vault::Secret,
};

const COLUMNS: &[&str] = &["code", "name", "id_number", "division_code", "status", "from_on", "proof_number"];
/// Rows a list may have: the largest county's, several times over.
const MOST_ROWS: usize = 200_000;

/// One row, as listed. Not `Debug`: it holds somebody's number.
pub struct Listed {
    pub(super) line: i64,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) id_number: Secret,
    pub(super) division_code: String,
    pub(super) status: String,
    pub(super) from_on: String,
    pub(super) proof_number: String,
}

/// Reads a list: UTF-8 CSV with the columns `code,name,id_number,division_code,status,from_on,proof_number`.
///
/// # Errors
/// 422 for another encoding or header, a row of another length, no rows or too many.
pub fn read_list(bytes: &[u8]) -> Result<Vec<Listed>, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        ApiError::field("", "encoding_not_utf8", Text::new("文件须为 UTF-8 编码。", "The file must be UTF-8."))
    })?;
    let sheet =
        Sheet::read(text, COLUMNS).map_err(|refusals| ApiError::Invalid(refusals.into_iter().map(wrong).collect()))?;
    if sheet.is_empty() {
        return Err(ApiError::field("/rows", "no_rows", Text::new("文件没有数据行。", "The file has no rows.")));
    }
    if sheet.len() > MOST_ROWS {
        let detail = Text::new(format!("一次最多 {MOST_ROWS} 行。"), format!("At most {MOST_ROWS} rows at once."));
        return Err(ApiError::field("/rows", "too_many_rows", detail));
    }
    let cell = |row: crate::registry::Row<'_>, column| row.cell(column).to_owned();
    let listed = sheet.rows().map(|row| Listed {
        line: i64::try_from(row.line).unwrap_or(i64::MAX),
        code: cell(row, "code"),
        name: cell(row, "name"),
        id_number: Secret::new(cell(row, "id_number")),
        division_code: cell(row, "division_code"),
        status: cell(row, "status"),
        from_on: cell(row, "from_on"),
        proof_number: cell(row, "proof_number"),
    });
    Ok(listed.collect())
}

fn wrong(refusal: Refusal) -> FieldError {
    let code = if refusal.line == 1 { "header_wrong" } else { "row_unreadable" };
    FieldError::new(format!("/rows/{}", refusal.line), code, refusal.reason)
}
