//! Rows of a file, a chunk at a time, with every refused cell noted by line, column and reason.
//!
//! Refuses rows with more or fewer cells than the header, formulas, and more rows than the kind of file may have.

use super::{
    column::{Column, SheetKind},
    header,
    refusal::Refusal,
};
use crate::{
    http::{Language, Text, is_hidden},
    vault::{holds_card_number, holds_personal_number, redact},
};
use chrono::NaiveDate;
use csv::{ReaderBuilder, StringRecord, Trim};
use sea_orm::ActiveEnum;
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Refusals listed before the rest is only counted: a file with the wrong encoding breaks every row alike.
const MOST_REFUSALS: usize = 200;

/// The line a row begins on. Where lines end in two characters, as Windows writes them, the reader is still before the
/// second one.
fn line_of(text: &[u8], at: &csv::Position) -> u64 {
    let before_the_end = usize::try_from(at.byte()).ok().and_then(|byte| text.get(byte)) == Some(&b'\n');
    at.line() + u64::from(before_the_end)
}

/// A file read a chunk of rows at a time.
pub struct Rows<'a> {
    reader: csv::Reader<&'a [u8]>,
    text: &'a [u8],
    kind: &'static SheetKind,
    /// Where each column of the kind stands in the file.
    places: Arc<[Option<usize>]>,
    read: usize,
}

impl<'a> Rows<'a> {
    /// Reads the header of CSV text: the kind's columns by their Chinese or English names, in any order.
    ///
    /// # Errors
    /// The refusal, naming the columns that are missing, unknown or there twice.
    pub fn open(text: &'a str, kind: &'static SheetKind) -> Result<Self, Vec<Refusal>> {
        // A byte order mark, as spreadsheets write it, is no part of the first column's name.
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().cloned().unwrap_or_default();
        let places = header::places(&header, kind)?.into();
        Ok(Self { reader, text: text.as_bytes(), kind, places, read: 0 })
    }

    /// The next rows, at most `most`; none after the last. Rows without any text are passed over.
    ///
    /// # Errors
    /// The first row that has more or fewer cells than the header, holds a formula, or is one too many.
    pub fn next(&mut self, most: usize) -> Result<Option<Sheet>, Vec<Refusal>> {
        let mut rows = Vec::new();
        while rows.len() < most {
            let mut record = StringRecord::new();
            let line = |position: Option<&csv::Position>| position.map_or(0, |at| line_of(self.text, at));
            match self.reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    let wanted = self.reader.headers().map_or(0, StringRecord::len);
                    let (zh, en) = (format!("该行须有 {wanted} 列"), format!("the row must have {wanted} cells"));
                    return Err(vec![Refusal::row(line(error.position()), "row_unreadable", zh, en)]);
                }
            }
            if record.iter().all(str::is_empty) {
                continue;
            }
            let line = line(record.position());
            if self.read == self.kind.most_rows {
                return Err(vec![Refusal { line, column: "", code: "too_many_rows", reason: self.kind.too_many() }]);
            }
            if let Some(place) = record.iter().position(is_formula) {
                return Err(vec![self.formula(line, place)]);
            }
            self.read += 1;
            rows.push((line, record));
        }
        let sheet = Sheet { kind: self.kind, places: Arc::clone(&self.places), rows, refused: Mutex::default() };
        Ok(Some(sheet).filter(|sheet| !sheet.is_empty()))
    }

    fn formula(&self, line: u64, place: usize) -> Refusal {
        let named = self.places.iter().position(|one| *one == Some(place));
        let column = named.map_or("", |index| self.kind.columns[index].name);
        let reason = Text::new("不能是公式，请填数值或文字", "must not be a formula; give its value");
        Refusal { line, column, code: "formula", reason }
    }
}

/// Whether a spreadsheet would compute a cell instead of showing it. A phone number may begin with `+`.
fn is_formula(cell: &str) -> bool {
    match cell.as_bytes() {
        [b'=' | b'@', _, ..] => true,
        [b'+' | b'-', rest @ ..] => {
            rest.iter().any(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'(' | b'|' | b'!'))
        }
        _ => false,
    }
}

/// Rows that were read and whose cells are being checked.
pub struct Sheet {
    kind: &'static SheetKind,
    places: Arc<[Option<usize>]>,
    rows: Vec<(u64, StringRecord)>,
    refused: Mutex<Vec<Refusal>>,
}

impl Sheet {
    /// Reads all rows of CSV text.
    ///
    /// # Errors
    /// As [`Rows::open`] and [`Rows::next`].
    pub fn read(text: &str, kind: &'static SheetKind) -> Result<Self, Vec<Refusal>> {
        let mut rows = Rows::open(text, kind)?;
        let places = Arc::clone(&rows.places);
        let empty = || Self { kind, places, rows: Vec::new(), refused: Mutex::default() };
        Ok(rows.next(usize::MAX)?.unwrap_or_else(empty))
    }

    /// The rows as text, to be kept and unpacked later.
    #[must_use]
    pub fn pack(&self) -> String {
        let rows: Vec<(u64, Vec<&str>)> =
            self.rows.iter().map(|(line, record)| (*line, record.iter().collect())).collect();
        json!({ "places": &*self.places, "rows": rows }).to_string()
    }

    /// Rows that were packed, without those on `left_out` lines; none where the text is no such rows.
    #[must_use]
    pub fn unpack(text: &str, kind: &'static SheetKind, left_out: &BTreeSet<u64>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Packed {
            places: Vec<Option<usize>>,
            rows: Vec<(u64, Vec<String>)>,
        }
        let packed: Packed = serde_json::from_str(text).ok()?;
        if packed.places.len() != kind.columns.len() {
            return None;
        }
        let kept = packed.rows.into_iter().filter(|(line, _)| !left_out.contains(line));
        let rows = kept.map(|(line, cells)| (line, StringRecord::from(cells))).collect();
        Some(Self { kind, places: packed.places.into(), rows, refused: Mutex::default() })
    }

    /// The data rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row { sheet: self, line: *line, record })
    }

    /// Whether the file has this column.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        let place = self.kind.columns.iter().position(|one| one.name == column);
        place.is_some_and(|place| self.places.get(place).is_some_and(Option::is_some))
    }

    /// How many data rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What was refused so far, in the order of the file.
    #[must_use]
    pub fn refusals(self) -> Vec<Refusal> {
        let mut refused = self.refused.into_inner().unwrap_or_else(PoisonError::into_inner);
        refused.sort_by_key(|refusal| refusal.line);
        refused
    }

    /// # Errors
    /// The first of what was refused, in the order of the file.
    pub fn finish(self) -> Result<(), Vec<Refusal>> {
        let mut refused = self.refusals();
        refused.truncate(MOST_REFUSALS);
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }
}

/// One data row. A reader that refuses notes why and yields nothing.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    sheet: &'a Sheet,
    /// Line in the file.
    pub line: u64,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// Notes a refused cell.
    pub fn refuse(&self, column: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        // A cell that slipped into another column may be somebody's number.
        self.refuse_as(column, Text::new(redact(&zh.into()), redact(&en.into())));
    }

    /// Notes a refused cell with a sentence that repeats nothing of it.
    pub fn refuse_as(&self, column: &'static str, reason: Text) {
        let mut refused = self.sheet.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.push(Refusal { line: self.line, column, code: "cell_wrong", reason });
    }

    /// The cell, which may be empty.
    #[must_use]
    pub fn cell(&self, column: &str) -> &'a str {
        let index = self.sheet.kind.columns.iter().position(|one| one.name == column);
        let place = index.and_then(|index| self.sheet.places[index]);
        plain(place.and_then(|place| self.record.get(place)).unwrap_or_default())
    }

    /// The cell, unless it is empty.
    #[must_use]
    pub fn optional(&self, column: &str) -> Option<&'a str> {
        Some(self.cell(column)).filter(|cell| !cell.is_empty())
    }

    /// The cell, which must not be empty nor longer than 200 characters.
    #[must_use]
    pub fn text(&self, column: &'static str) -> Option<&'a str> {
        let cell = self.cell(column);
        if cell.is_empty() {
            self.refuse(column, "不能为空", "must not be empty");
            return None;
        }
        if cell.chars().count() > 200 || cell.chars().any(|one| one.is_control() || is_hidden(one)) {
            self.refuse(
                column,
                "最多 200 个字符，不含控制字符或不可见字符",
                "at most 200 characters, none of them control characters or invisible",
            );
            return None;
        }
        let is_number = ["code", "id", "number"].iter().any(|end| column.ends_with(end));
        if holds_personal_number(cell) || !is_number && holds_card_number(cell) {
            self.refuse(
                column,
                "不得写证件号码、手机号或银行卡号",
                "must not hold an ID number, a mobile number or a card number",
            );
            return None;
        }
        Some(cell)
    }

    /// `yes` or `no`, 是 or 否.
    #[must_use]
    pub fn flag(&self, column: &'static str) -> Option<bool> {
        match self.cell(column) {
            "yes" | "是" => Some(true),
            "no" | "否" => Some(false),
            other => {
                self.refuse(column, format!("“{other}”须为“是”或“否”"), format!("\"{other}\" should be yes or no"));
                None
            }
        }
    }

    /// A whole number that is not negative.
    #[must_use]
    pub fn count(&self, column: &'static str) -> Option<i64> {
        let cell = self.cell(column);
        let count = cell.parse().ok().filter(|count| (0..=1_000_000_000).contains(count));
        if count.is_none() {
            self.refuse(
                column,
                format!("“{cell}”须为非负整数"),
                format!("\"{cell}\" should be a whole number, not negative"),
            );
        }
        count
    }

    /// A date such as `2026-03-02`.
    #[must_use]
    pub fn date(&self, column: &'static str) -> Option<NaiveDate> {
        let cell = self.cell(column);
        let date = NaiveDate::parse_from_str(cell, "%Y-%m-%d").ok().filter(|_| cell.len() == 10);
        if date.is_none() {
            self.refuse(
                column,
                format!("“{cell}”须为日期，如 2026-03-02"),
                format!("\"{cell}\" should be a date such as 2026-03-02"),
            );
        }
        date
    }

    /// A first and an optional last day, in this order.
    #[must_use]
    pub fn period(&self, from: &'static str, to: &'static str) -> Option<(NaiveDate, Option<NaiveDate>)> {
        let from_on = self.date(from)?;
        let to_on = match self.optional(to) {
            Some(_) => Some(self.date(to)?),
            None => None,
        };
        if to_on.is_some_and(|to_on| to_on < from_on) {
            self.refuse(to, "结束日期早于开始日期", "the last day is before the first");
            return None;
        }
        Some((from_on, to_on))
    }

    /// One of an enumeration, by its stored or its Chinese name.
    #[must_use]
    pub fn choice<E: ActiveEnum<Value = String>>(&self, column: &'static str) -> Option<E> {
        let cell = self.cell(column);
        let declared = self.sheet.kind.columns.iter().find(|one| one.name == column);
        let stored = declared.map_or(cell, |declared| declared.stored(cell));
        let choice = E::try_from_value(&stored.to_owned()).ok();
        if choice.is_none() {
            let en = E::values().join(", ");
            let takes = declared.filter(|declared| !declared.choices.is_empty()).map(Column::takes);
            let zh = takes.map_or_else(|| en.clone(), |takes| takes.in_language(Language::Chinese).to_owned());
            self.refuse(column, format!("“{cell}”须为其中之一：{zh}"), format!("\"{cell}\" should be one of: {en}"));
        }
        choice
    }
}

/// Exports put an apostrophe before what a spreadsheet would compute; it is no part of the cell.
fn plain(cell: &str) -> &str {
    match cell.as_bytes() {
        [b'\'', b'=' | b'+' | b'-' | b'@', ..] => &cell[1..],
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::column;
    use entity::school::SchoolStage;

    const COLUMNS: &[Column] = &[
        column("code", "编号", "a").required(),
        column("stage", "学段", "primary").required(),
        column("from_on", "开始日期", "2026-03-02").required(),
        column("to_on", "结束日期", ""),
    ];
    static KIND: SheetKind = SheetKind { name: "test", title: ("", ""), columns: COLUMNS, most_rows: 3 };

    fn refused(text: &str) -> Vec<(u64, &'static str, String)> {
        let sheet = Sheet::read(text, &KIND).expect("the shape is right");
        for row in sheet.rows() {
            let _ = (row.text("code"), row.choice::<SchoolStage>("stage"), row.period("from_on", "to_on"));
        }
        let refusals = sheet.finish().err().unwrap_or_default();
        refusals.into_iter().map(|r| (r.line, r.column, r.reason.in_language(Language::English).to_owned())).collect()
    }

    #[test]
    fn every_wrong_cell_is_named_with_its_line() {
        let header = "\u{feff}code,stage,from_on,to_on\n";
        assert!(refused(&format!("{header}a,primary,2026-03-02,\n,,,\n")).is_empty());
        let wrong =
            refused(&format!("{header}a,primary,2026-03-02,\n ,infant,2026-3-2,\nb,senior,2026-03-02,2026-03-01\n"));
        let places: Vec<_> = wrong.iter().map(|(line, column, _)| (*line, *column)).collect();
        assert_eq!(places, [(3, "code"), (3, "stage"), (3, "from_on"), (4, "to_on")]);
        assert!(wrong[1].2.contains("kindergarten, primary, junior"), "{}", wrong[1].2);
        let windows = refused("code,stage,from_on,to_on\r\na,infant,2026-03-02,\r\nb,primary,2026-03-02,x\r\n");
        assert_eq!(
            windows.iter().map(|(line, column, _)| (*line, *column)).collect::<Vec<_>>(),
            [(2, "stage"), (3, "to_on")]
        );
    }

    #[test]
    fn columns_go_by_either_name_in_any_order() {
        let sheet = Sheet::read("学段 *,开始日期,CODE\nprimary,2026-03-02,'=a\n", &KIND).expect("reads");
        let row = sheet.rows().next().expect("a row");
        assert_eq!((row.cell("code"), row.cell("stage"), row.cell("to_on")), ("=a", "primary", ""));
        assert!(sheet.has("code") && !sheet.has("to_on"));
    }

    #[test]
    fn packed_rows_are_the_same_rows() {
        let text = "学段,开始日期,code\nprimary,2026-03-02,a\nsenior,,b\n";
        let packed = Sheet::read(text, &KIND).expect("reads").pack();
        let left_out = BTreeSet::from([2]);
        let sheet = Sheet::unpack(&packed, &KIND, &left_out).expect("unpacks");
        let row = sheet.rows().next().expect("a row");
        assert_eq!((sheet.len(), row.line, row.cell("code"), row.cell("stage")), (1, 3, "b", "senior"));
        assert!(Sheet::unpack("{}", &KIND, &left_out).is_none());
    }

    #[test]
    fn rows_come_in_chunks_and_one_too_many_is_refused() {
        let text = format!("code,stage,from_on\n{}", "a,primary,2026-03-02\n".repeat(4));
        let mut rows = Rows::open(&text, &KIND).expect("the header");
        assert_eq!(rows.next(2).expect("rows").map(|sheet| sheet.len()), Some(2));
        let refused = rows.next(2).err().expect("too many");
        assert_eq!((refused[0].line, refused[0].code), (5, "too_many_rows"));
        let three = text.trim_end().rsplit_once('\n').expect("lines").0;
        let mut rows = Rows::open(three, &KIND).expect("the header");
        assert_eq!(rows.next(9).expect("rows").map(|sheet| sheet.len()), Some(3));
        assert!(rows.next(9).expect("the end").is_none());
    }

    #[test]
    fn a_wrong_header_a_short_row_and_a_formula_are_refused() {
        let said = |text: &str| Sheet::read(text, &KIND).err().map(|refused| (refused[0].line, refused[0].code));
        assert_eq!(said("code,stage\n"), Some((1, "header_wrong")));
        assert_eq!(said("code,stage,from_on,to_on\na,primary\n"), Some((2, "row_unreadable")));
        for cell in ["=1+1", "@sum(a1)", "+cmd|' /C calc'!A0", "-2+SUM(A1)"] {
            assert_eq!(
                said(&format!("code,stage,from_on\n{cell},primary,2026-03-02\n")),
                Some((2, "formula")),
                "{cell}"
            );
        }
        assert_eq!(said("code,stage,from_on\n+86 139,primary,-\n"), None);
    }
}
