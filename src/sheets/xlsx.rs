//! The first sheet of an XLSX file as CSV, read cell by cell within fixed bounds.
//!
//! Refuses formulas, numbers a spreadsheet has already rounded, files that unpack to more than they should, and cells far
//! outside any table: the last two are ways to make a small file fill the memory.

use super::column::SheetKind;
use crate::http::{ApiError, Text};
use calamine::{DataRef, Reader, Xlsx};
use std::io::{Cursor, Read, copy, sink};
use zip::ZipArchive;

/// Bytes the sheets of a file may unpack to: so many a row, and never less than this. They are read as they unpack.
const MOST_UNPACKED: u64 = 32 * 1024 * 1024;
const UNPACKED_A_ROW: u64 = 1_600;
/// Bytes all other parts may unpack to; the shared texts among them are held in memory.
const MOST_SHARED: u64 = 32 * 1024 * 1024;
/// Parts a file may have.
const MOST_PARTS: usize = 200;
/// Columns a sheet may have.
const MOST_COLUMNS: u32 = 64;
/// Bytes of text in one cell, and in all of them: a text that many cells share is there once in the file.
const MOST_IN_CELL: usize = 4_096;
const MOST_TEXT: usize = 32 * 1024 * 1024;
/// Digits a spreadsheet's number keeps.
const MOST_EXACT: f64 = 1e15;

fn unreadable() -> ApiError {
    ApiError::field("", "file_not_xlsx", Text::new("不是可读取的 XLSX 文件。", "Not an XLSX file that can be read."))
}

fn too_large() -> ApiError {
    ApiError::field("", "file_unpacks_too_large", Text::new("文件解压后过大。", "The file unpacks to too much."))
}

fn too_many(row: u32, kind: &SheetKind) -> ApiError {
    ApiError::field(format!("/rows/{}", u64::from(row) + 1), "too_many_rows", kind.too_many())
}

/// The first sheet as CSV; line n of the text is row n of the sheet.
///
/// # Errors
/// 422 when the file is no XLSX file, has a formula, or its parts, rows or columns exceed the bounds.
pub(super) fn to_csv(bytes: &[u8], kind: &SheetKind) -> Result<String, ApiError> {
    let most_rows = u32::try_from(kind.most_rows).unwrap_or(u32::MAX);
    check_size(bytes, u64::from(most_rows))?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    let sheet = book.sheet_names().first().cloned().ok_or_else(unreadable)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|_| unreadable())?;
    let mut table = Table::default();
    let mut left = u64::from(most_rows + 1) * u64::from(MOST_COLUMNS);
    let mut text_left = MOST_TEXT;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(|_| unreadable())? {
        // Empty cells cost time too.
        left = left.checked_sub(1).ok_or_else(too_large)?;
        let (row, column) = cell.pos;
        if cell.formula.is_some() {
            return Err(formula(u64::from(row) + 1));
        }
        if let DataRef::SharedString(shared) = &cell.value
            && shared.len() > MOST_IN_CELL
        {
            return Err(too_large());
        }
        if let DataRef::Float(number) = &cell.value
            && number.abs() >= MOST_EXACT
        {
            return Err(rounded(u64::from(row) + 1));
        }
        let text = text(&cell.value);
        if text.len() > MOST_IN_CELL {
            return Err(too_large());
        }
        text_left = text_left.checked_sub(text.len()).ok_or_else(too_large)?;
        if text.is_empty() {
            continue;
        }
        if row > most_rows {
            return Err(too_many(row, kind));
        }
        if column >= MOST_COLUMNS {
            let detail = Text::new(format!("最多 {MOST_COLUMNS} 列。"), format!("At most {MOST_COLUMNS} columns."));
            return Err(ApiError::field(format!("/rows/{}", u64::from(row) + 1), "too_many_columns", detail));
        }
        table.put(row, usize::try_from(column).unwrap_or_default(), text)?;
    }
    Ok(table.finish())
}

/// The text as it grows: one row of cells in hand.
#[derive(Default)]
struct Table {
    text: String,
    /// Rows written.
    rows: u32,
    width: usize,
    row: Vec<String>,
}

impl Table {
    fn put(&mut self, row: u32, column: usize, text: String) -> Result<(), ApiError> {
        if row < self.rows {
            // Rows stand in their order in every file a program has written.
            return Err(unreadable());
        }
        while self.rows < row {
            self.end_row();
        }
        if self.row.len() <= column {
            self.row.resize_with(column + 1, String::new);
        }
        self.row[column] = text;
        Ok(())
    }

    /// Writes the row in hand; an empty one is an empty line.
    fn end_row(&mut self) {
        if self.row.iter().any(|cell| !cell.is_empty()) {
            if self.width == 0 {
                self.width = self.row.len();
            }
            let width = self.row.len().max(self.width);
            for column in 0..width {
                if column > 0 {
                    self.text.push(',');
                }
                quote(self.row.get(column).map_or("", String::as_str), &mut self.text);
            }
        }
        self.text.push('\n');
        self.row.clear();
        self.rows += 1;
    }

    fn finish(mut self) -> String {
        self.end_row();
        self.text
    }
}

/// A cell of the text; line breaks in it would count as lines of the file.
fn quote(cell: &str, text: &mut String) {
    if !cell.contains([',', '"', '\n', '\r']) {
        text.push_str(cell);
        return;
    }
    text.push('"');
    for one in cell.chars() {
        match one {
            '"' => text.push_str("\"\""),
            '\n' | '\r' => text.push(' '),
            other => text.push(other),
        }
    }
    text.push('"');
}

pub(super) fn formula(line: u64) -> ApiError {
    let detail = Text::new("含有公式，请将公式粘贴为数值。", "There is a formula; paste it as its value.");
    ApiError::field(format!("/rows/{line}"), "formula", detail)
}

fn rounded(line: u64) -> ApiError {
    let detail = Text::new(
        "长数字已被表格软件取近似值，请将该列设为文本格式后重新录入。",
        "The spreadsheet has rounded a long number; set the column to text and type it again.",
    );
    ApiError::field(format!("/rows/{line}"), "number_rounded", detail)
}

/// Unpacks every part into nothing, counting: the sizes a file states of itself may lie.
fn check_size(bytes: &[u8], most_rows: u64) -> Result<(), ApiError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    if archive.len() > MOST_PARTS {
        return Err(too_large());
    }
    let mut sheets_left = MOST_UNPACKED.max(most_rows * UNPACKED_A_ROW);
    let mut left = MOST_SHARED;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| unreadable())?;
        let left =
            if part.name().is_ok_and(|name| name.starts_with("xl/worksheets/")) { &mut sheets_left } else { &mut left };
        let read = copy(&mut part.take(*left + 1), &mut sink()).map_err(|_| unreadable())?;
        *left = left.checked_sub(read).ok_or_else(too_large)?;
    }
    Ok(())
}

/// A cell as a person would type it; numbers in their shortest exact form.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_owned(),
        DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::column;
    use std::io::Write;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn book(sheet: &str) -> Vec<u8> {
        let parts = [
            (
                "[Content_Types].xml",
                r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#,
            ),
            (
                "_rels/.rels",
                r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
            ),
            (
                "xl/workbook.xml",
                r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
            ),
            (
                "xl/_rels/workbook.xml.rels",
                r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
            ),
            ("xl/worksheets/sheet1.xml", sheet),
        ];
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            writer.start_file(name, SimpleFileOptions::default()).expect("starts");
            writer.write_all(text.as_bytes()).expect("writes");
        }
        writer.finish().expect("finishes").into_inner()
    }

    fn sheet(cells: &str) -> String {
        format!(
            r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>"#
        )
    }

    fn kind(most_rows: usize) -> SheetKind {
        const COLUMNS: &[crate::sheets::Column] = &[column("external_id", "编号", "1")];
        SheetKind { name: "test", title: ("", ""), columns: COLUMNS, most_rows }
    }

    fn code(error: &ApiError) -> &'static str {
        match error {
            ApiError::Invalid(fields) => fields[0].code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_sheet_reads_like_csv() {
        let cells = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>external_id</t></is></c><c r="B1" t="inlineStr"><is><t>amount</t></is></c></row>
            <row r="2"><c r="A2" t="inlineStr"><is><t>甲,1</t></is></c><c r="B2"><v>36.05</v></c></row>"#;
        assert_eq!(to_csv(&book(&sheet(cells)), &kind(10)).expect("reads"), "external_id,amount\n\"甲,1\",36.05\n");
    }

    #[test]
    fn lines_stay_where_they_were_and_formulas_and_rounded_numbers_are_refused() {
        let gap = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="4"><c r="A4" t="inlineStr"><is><t>b
c</t></is></c></row>"#;
        assert_eq!(to_csv(&book(&sheet(gap)), &kind(10)).expect("reads"), "a\n\n\n\"b c\"\n");
        let place = |cells: &str| match to_csv(&book(&sheet(cells)), &kind(10)) {
            Err(ApiError::Invalid(fields)) => (fields[0].pointer.clone(), fields[0].code),
            other => panic!("{other:?}"),
        };
        let sum = r#"<row r="3"><c r="A3"><f>1+1</f><v>2</v></c></row>"#;
        assert_eq!(place(sum), ("/rows/3".to_owned(), "formula"));
        let shared = r#"<row r="2"><c r="A2"><f t="shared" si="0"/><v>2</v></c></row>"#;
        assert_eq!(place(shared), ("/rows/2".to_owned(), "formula"));
        let id = r#"<row r="2"><c r="A2"><v>910000190001010019</v></c></row>"#;
        assert_eq!(place(id), ("/rows/2".to_owned(), "number_rounded"));
    }

    #[test]
    fn small_files_that_would_fill_the_memory_are_refused() {
        let far = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
        assert_eq!(code(&to_csv(&book(&sheet(far)), &kind(10)).expect_err("too far")), "too_many_rows");
        let bomb = " ".repeat(usize::try_from(MOST_UNPACKED).expect("fits") + 1);
        assert_eq!(code(&to_csv(&book(&bomb), &kind(10)).expect_err("too large")), "file_unpacks_too_large");
        let long =
            format!(r#"<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>"#, "长".repeat(MOST_IN_CELL));
        assert_eq!(code(&to_csv(&book(&sheet(&long)), &kind(10)).expect_err("too long")), "file_unpacks_too_large");
        let cell = |row: usize| {
            let text = "x".repeat(MOST_IN_CELL);
            format!(r#"<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{text}</t></is></c></row>"#)
        };
        let much: String = (1..=MOST_TEXT / MOST_IN_CELL + 1).map(cell).collect();
        assert_eq!(code(&to_csv(&book(&sheet(&much)), &kind(40_000)).expect_err("too much")), "file_unpacks_too_large");
        assert_eq!(code(&to_csv(b"PK nothing", &kind(10)).expect_err("no archive")), "file_not_xlsx");
    }
}
