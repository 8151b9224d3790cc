//! A CSV file read row by row, with every refused cell noted by line, column and reason.
//!
//! Refuses files whose header is not exactly the columns asked for, and rows with more or fewer cells.

use crate::{
    http::{Text, is_hidden},
    vault::redact,
};
use chrono::NaiveDate;
use csv::{ReaderBuilder, StringRecord, Trim};
use ring::digest;
use sea_orm::ActiveEnum;
use std::cell::RefCell;
use uuid::{Builder, Uuid};

/// Refusals listed before the rest is only counted: a file with the wrong encoding breaks every row alike.
const MOST_REFUSALS: usize = 200;

/// A cell that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Line in the file, from 1; the header is line 1.
    pub line: u64,
    /// Column by its header.
    pub column: &'static str,
    /// What is wrong and what would be right.
    pub reason: Text,
}

/// A file that was read and whose cells are being checked.
pub struct Sheet {
    columns: &'static [&'static str],
    rows: Vec<(u64, StringRecord)>,
    refused: RefCell<Vec<Refusal>>,
}

impl Sheet {
    /// Reads UTF-8 CSV with exactly these columns.
    ///
    /// # Errors
    /// The refusals, when the header or the shape of a row is wrong.
    pub fn read(text: &str, columns: &'static [&'static str]) -> Result<Self, Vec<Refusal>> {
        let first = columns.first().copied().unwrap_or_default();
        let refusal =
            |line: u64, zh: String, en: String| vec![Refusal { line, column: first, reason: Text::new(zh, en) }];
        // A byte order mark, as spreadsheets write it, is no part of the first column's name.
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map(|header| header.iter().map(str::to_owned).collect::<Vec<_>>());
        if header.unwrap_or_default() != columns {
            let wanted = columns.join(",");
            return Err(refusal(1, format!("表头须为：{wanted}"), format!("the header must be: {wanted}")));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let line = |position: Option<&csv::Position>| position.map_or(0, csv::Position::line);
            match record {
                Ok(record) => rows.push((line(record.position()), record)),
                Err(error) => {
                    return Err(refusal(
                        line(error.position()),
                        format!("该行须有 {} 列", columns.len()),
                        format!("the row must have {} cells", columns.len()),
                    ));
                }
            }
        }
        Ok(Self { columns, rows, refused: RefCell::default() })
    }

    /// The data rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row { sheet: self, line: *line, record })
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

    /// # Errors
    /// Everything refused, in the order of the file.
    pub fn finish(self) -> Result<(), Vec<Refusal>> {
        let mut refused = self.refused.into_inner();
        refused.sort_by_key(|refusal| refusal.line);
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
        self.sheet.refused.borrow_mut().push(Refusal { line: self.line, column, reason });
    }

    /// The cell, which may be empty.
    #[must_use]
    pub fn cell(&self, column: &str) -> &'a str {
        let place = self.sheet.columns.iter().position(|name| *name == column);
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
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
        Some(cell)
    }

    /// `yes` or `no`.
    #[must_use]
    pub fn flag(&self, column: &'static str) -> Option<bool> {
        match self.cell(column) {
            "yes" => Some(true),
            "no" => Some(false),
            other => {
                self.refuse(column, format!("“{other}”须为 yes 或 no"), format!("\"{other}\" should be yes or no"));
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

    /// One of an enumeration's stored names.
    #[must_use]
    pub fn choice<E: ActiveEnum<Value = String>>(&self, column: &'static str) -> Option<E> {
        let cell = self.cell(column);
        let choice = E::try_from_value(&cell.to_owned()).ok();
        if choice.is_none() {
            let choices = E::values().join(", ");
            self.refuse(
                column,
                format!("“{cell}”须为其中之一：{choices}"),
                format!("\"{cell}\" should be one of: {choices}"),
            );
        }
        choice
    }
}

/// The id of what a code names: the same each time, so that bringing a file in again changes nothing. Shaped as UUIDv7
/// of 2014-01-01, before anything made by the service itself.
#[must_use]
pub fn derived_id<T: From<Uuid>>(kind: &str, code: &str) -> T {
    const LONG_AGO: u64 = 1_388_534_400_000;
    let digest = digest::digest(&digest::SHA256, format!("{kind}:{code}").as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&digest.as_ref()[..10]);
    Builder::from_unix_timestamp_millis(LONG_AGO, &random).into_uuid().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Language;
    use entity::{id::SchoolId, school::SchoolStage};

    const COLUMNS: &[&str] = &["code", "stage", "from_on", "to_on"];

    fn refused(text: &str) -> Vec<(u64, &'static str, String)> {
        let sheet = Sheet::read(text, COLUMNS).expect("the shape is right");
        for row in sheet.rows() {
            let _ = (row.text("code"), row.choice::<SchoolStage>("stage"), row.period("from_on", "to_on"));
        }
        let refusals = sheet.finish().err().unwrap_or_default();
        refusals.into_iter().map(|r| (r.line, r.column, r.reason.in_language(Language::English).to_owned())).collect()
    }

    #[test]
    fn every_wrong_cell_is_named_with_its_line() {
        let header = "\u{feff}code,stage,from_on,to_on\n";
        assert!(refused(&format!("{header}a,primary,2026-03-02,\n")).is_empty());
        let wrong =
            refused(&format!("{header}a,primary,2026-03-02,\n ,infant,2026-3-2,\nb,senior,2026-03-02,2026-03-01\n"));
        let places: Vec<_> = wrong.iter().map(|(line, column, _)| (*line, *column)).collect();
        assert_eq!(places, [(3, "code"), (3, "stage"), (3, "from_on"), (4, "to_on")]);
        assert!(wrong[1].2.contains("kindergarten, primary, junior"), "{}", wrong[1].2);
    }

    #[test]
    fn a_wrong_header_and_a_short_row_are_refused() {
        let line = |text: &str| Sheet::read(text, COLUMNS).err().map(|refusals| refusals[0].line);
        assert_eq!(line("code,stage\n"), Some(1));
        assert_eq!(line("code,stage,from_on,to_on\na,primary\n"), Some(2));
    }

    #[test]
    fn the_same_code_has_the_same_id() {
        let id: SchoolId = derived_id("school", "demo-yunong");
        assert_eq!(id, derived_id("school", "demo-yunong"));
        assert_ne!(id, derived_id("canteen", "demo-yunong"));
        assert_eq!(id.0.get_version_num(), 7);
    }
}
