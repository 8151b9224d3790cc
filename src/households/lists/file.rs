//! The office's file, row by row: cells as they stand, none refused yet.

use crate::{
    http::{ApiError, Text},
    sheets::{Refusal, Row, Rows, SheetKind, column},
    vault::Secret,
};

/// Lists of households.
pub static HOUSEHOLD_LIST: SheetKind = SheetKind {
    name: "household-lists",
    title: ("农户名单", "List of households"),
    columns: &[
        column("code", "农户编号", "h-910425-99").required().about(
            "手册或证件编号；同一人仅凭身份证号比对时可空",
            "Number of the handbook; may be empty where the ID number tells who it is",
        ),
        column("name", "户主姓名", "张某").required().about("最多 100 个字符", "At most 100 characters"),
        column("id_number", "身份证号", "330000190001019990").about("可空；加密保存", "May be empty; it is sealed"),
        column("division_code", "所在区划代码", "910425")
            .required()
            .about("名单所属县或其乡镇的代码", "Code of the list's county or of one of its townships"),
        column("status", "身份", "脱贫户").required().about(
            "registered_poor、lifted、unstable_lifted、marginal_at_risk、sudden_hardship、risk_cleared 或其中文名称",
            "registered_poor, lifted, unstable_lifted, marginal_at_risk, sudden_hardship or risk_cleared (H1)",
        ),
        column("from_on", "开始日期", "2021-01-01").about("空则为名单日期", "The list's day where it is empty"),
        column("proof_number", "证明编号", "FPSC-910425-1099").about("空则为农户编号", "The code where it is empty"),
    ],
    most_rows: 150_000,
};
/// Rows read at once.
const CHUNK: usize = 5_000;

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

/// Reads a list from the text of its file.
///
/// # Errors
/// 422 for another header, a row of another length, a formula, no rows or too many.
pub fn read_list(text: &str) -> Result<Vec<Listed>, ApiError> {
    let mut rows = Rows::open(text, &HOUSEHOLD_LIST).map_err(Refusal::problem)?;
    let mut listed = Vec::new();
    while let Some(sheet) = rows.next(CHUNK).map_err(Refusal::problem)? {
        listed.extend(sheet.rows().map(listed_of));
    }
    if listed.is_empty() {
        return Err(ApiError::field("/rows", "no_rows", Text::new("文件没有数据行。", "The file has no rows.")));
    }
    Ok(listed)
}

fn listed_of(row: Row<'_>) -> Listed {
    let cell = |column| row.cell(column).to_owned();
    Listed {
        line: i64::try_from(row.line).unwrap_or(i64::MAX),
        code: cell("code"),
        name: cell("name"),
        id_number: Secret::new(cell("id_number")),
        division_code: cell("division_code"),
        status: cell("status"),
        from_on: cell("from_on"),
        proof_number: cell("proof_number"),
    }
}
