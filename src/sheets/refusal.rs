//! A cell, row or file that cannot be taken.

use crate::http::{ApiError, FieldError, Text};

/// Wrong fields a problem names at most; the rest is counted.
const NAMED: usize = 200;

/// A cell that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Line in the file, from 1; the header is line 1, and 0 stands for the file.
    pub line: u64,
    /// Column by its English name; empty for the whole row.
    pub column: &'static str,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub reason: Text,
}

impl Refusal {
    /// A row that cannot be taken.
    pub fn row(line: u64, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { line, column: "", code, reason: Text::new(zh.into(), en.into()) }
    }

    /// As a field of a problem, under `/rows/{line}/{column}`.
    #[must_use]
    pub fn field(self) -> FieldError {
        let pointer = match (self.line, self.column) {
            (0, _) => "/rows".to_owned(),
            (line, "") => format!("/rows/{line}"),
            (line, column) => format!("/rows/{line}/{column}"),
        };
        FieldError::new(pointer, self.code, self.reason)
    }

    /// The problem of these refusals; those beyond 200 are counted.
    #[must_use]
    pub fn problem(refusals: Vec<Self>) -> ApiError {
        let more = refusals.len().saturating_sub(NAMED);
        let mut fields: Vec<FieldError> = refusals.into_iter().take(NAMED).map(Self::field).collect();
        if more > 0 {
            let detail = Text::new(format!("另有 {more} 处错误。"), format!("{more} more are not named."));
            fields.push(FieldError::new("", "more_errors", detail));
        }
        ApiError::Invalid(fields)
    }
}
