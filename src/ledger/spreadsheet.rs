//! The first sheet of an XLSX file as CSV, read cell by cell within fixed bounds.
//!
//! Refuses files that unpack to more than they should, and cells far outside any table: both are ways to make a small
//! file fill the memory.

use crate::http::{ApiError, Text};
use calamine::{DataRef, Reader, Xlsx};
use std::io::{Cursor, Read, copy, sink};
use zip::ZipArchive;

/// Bytes all parts of a file may unpack to.
const MOST_UNPACKED: u64 = 32 * 1024 * 1024;
/// Parts a file may have.
const MOST_PARTS: usize = 200;
/// Columns a sheet may have.
const MOST_COLUMNS: u32 = 64;
/// Bytes of text in one cell, and in all of them: a text that many cells share is there once in the file.
const MOST_IN_CELL: usize = 4_096;
const MOST_TEXT: usize = 16 * 1024 * 1024;

fn unreadable() -> ApiError {
    ApiError::field("", "file_not_xlsx", Text::new("不是可读取的 XLSX 文件。", "Not an XLSX file that can be read."))
}

fn too_large() -> ApiError {
    ApiError::field("", "file_unpacks_too_large", Text::new("文件解压后过大。", "The file unpacks to too much."))
}

/// The first sheet as CSV, with at most `most_rows` rows besides the header.
///
/// # Errors
/// 422 when the file is no XLSX file, or its parts, rows or columns exceed the bounds.
pub fn to_csv(bytes: &[u8], most_rows: usize) -> Result<String, ApiError> {
    check_size(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    let sheet = book.sheet_names().first().cloned().ok_or_else(unreadable)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|_| unreadable())?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut left = (most_rows + 1) * usize::try_from(MOST_COLUMNS).unwrap_or_default();
    let mut text_left = MOST_TEXT;
    while let Some(cell) = cells.next_cell().map_err(|_| unreadable())? {
        // Empty cells cost time too.
        left = left.checked_sub(1).ok_or_else(too_large)?;
        let (row, column) = cell.get_position();
        if let DataRef::SharedString(shared) = cell.get_value()
            && shared.len() > MOST_IN_CELL
        {
            return Err(too_large());
        }
        let text = text(cell.get_value());
        if text.len() > MOST_IN_CELL {
            return Err(too_large());
        }
        text_left = text_left.checked_sub(text.len()).ok_or_else(too_large)?;
        if text.is_empty() {
            continue;
        }
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        if row > most_rows || column >= MOST_COLUMNS {
            return Err(ApiError::field(
                format!("/rows/{}", row.saturating_add(1)),
                "too_many_rows",
                Text::new(
                    format!("一次最多 {most_rows} 行、{MOST_COLUMNS} 列。"),
                    format!("At most {most_rows} rows and {MOST_COLUMNS} columns at once."),
                ),
            ));
        }
        let column = usize::try_from(column).unwrap_or_default();
        if rows.len() <= row {
            rows.resize_with(row + 1, Vec::new);
        }
        let cells = &mut rows[row];
        if cells.len() <= column {
            cells.resize_with(column + 1, String::new);
        }
        cells[column] = text;
    }
    let width = rows.first().map_or(0, Vec::len);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for mut row in rows {
        row.resize(row.len().max(width), String::new());
        writer.write_record(&row).map_err(ApiError::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| ApiError::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(ApiError::internal)
}

/// Unpacks every part into nothing, counting: the sizes a file states of itself may lie.
fn check_size(bytes: &[u8]) -> Result<(), ApiError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    if archive.len() > MOST_PARTS {
        return Err(too_large());
    }
    let mut left = MOST_UNPACKED;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| unreadable())?;
        let read = copy(&mut part.take(left + 1), &mut sink()).map_err(|_| unreadable())?;
        left = left.checked_sub(read).ok_or_else(too_large)?;
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
        assert_eq!(to_csv(&book(&sheet(cells)), 10).expect("reads"), "external_id,amount\n\"甲,1\",36.05\n");
    }

    #[test]
    fn small_files_that_would_fill_the_memory_are_refused() {
        let far = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
        assert_eq!(code(&to_csv(&book(&sheet(far)), 10).expect_err("too far")), "too_many_rows");
        let bomb = " ".repeat(usize::try_from(MOST_UNPACKED).expect("fits") + 1);
        assert_eq!(code(&to_csv(&book(&bomb), 10).expect_err("too large")), "file_unpacks_too_large");
        let long =
            format!(r#"<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>"#, "长".repeat(MOST_IN_CELL));
        assert_eq!(code(&to_csv(&book(&sheet(&long)), 10).expect_err("too long")), "file_unpacks_too_large");
        let cell = |row: usize| {
            let text = "x".repeat(MOST_IN_CELL);
            format!(r#"<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{text}</t></is></c></row>"#)
        };
        let much: String = (1..=MOST_TEXT / MOST_IN_CELL + 1).map(cell).collect();
        assert_eq!(code(&to_csv(&book(&sheet(&much)), 10_000).expect_err("too much")), "file_unpacks_too_large");
        assert_eq!(code(&to_csv(b"PK nothing", 10).expect_err("no archive")), "file_not_xlsx");
    }
}
