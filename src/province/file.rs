//! Reads a CSV file of a bundle strictly: exact header, no short or long rows, every problem with its file and line.

use crate::http::hex;
use ring::digest;
use sea_orm::DbErr;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// A bundled file.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name, for messages.
    pub name: &'static str,
    /// What it holds.
    pub text: &'a str,
    /// Its columns, in order.
    pub columns: &'static [&'static str],
}

/// Why a bundled file is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}, line {line}: {problem}")]
pub struct FileError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong there.
    pub problem: String,
}

impl From<FileError> for DbErr {
    fn from(error: FileError) -> Self {
        Self::Custom(error.to_string())
    }
}

impl FileError {
    /// A problem on a line of a file.
    #[must_use]
    pub fn of(file: &str, line: u64, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, problem: problem.into() }
    }
}

impl File<'_> {
    /// A problem in this file.
    #[must_use]
    pub fn error(&self, line: u64, problem: impl Into<String>) -> FileError {
        FileError::of(self.name, line, problem)
    }

    /// Its rows, each with its line.
    ///
    /// # Errors
    /// [`FileError`] for the first row that is not a `T`.
    pub fn rows<T: DeserializeOwned>(&self) -> Result<Vec<(u64, T)>, FileError> {
        let broken =
            |error: &csv::Error| self.error(error.position().map_or(1, csv::Position::line), error.to_string());
        let mut reader = csv::Reader::from_reader(self.text.as_bytes());
        let header = reader.headers().map_err(|error| broken(&error))?.clone();
        if header.iter().ne(self.columns.iter().copied()) {
            return Err(self.error(1, format!("the columns must be {}", self.columns.join(","))));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| broken(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = record.deserialize(Some(&header)).map_err(|error| self.error(line, error.to_string()))?;
            rows.push((line, row));
        }
        Ok(rows)
    }
}

/// SHA-256 over the names and contents of `files`, in hex.
#[must_use]
pub fn digest_of(files: &[File<'_>]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for file in files {
        for part in [file.name, file.text] {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
    }
    hex(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[expect(dead_code, reason = "only read by the deserialiser")]
        code: String,
        #[expect(dead_code, reason = "only read by the deserialiser")]
        grams: Option<i64>,
    }

    fn refusal(text: &'static str) -> String {
        let file = File { name: "units.csv", text, columns: &["code", "grams"] };
        file.rows::<Row>().expect_err("refused").to_string()
    }

    #[test]
    fn a_malformed_row_is_refused_with_its_file_and_line() {
        assert!(refusal("code,gram\n").starts_with("units.csv, line 1: the columns must be code,grams"));
        assert!(refusal("code,grams\ng,1\nkg,much\n").starts_with("units.csv, line 3: "));
        assert!(refusal("code,grams\ng,1\nkg\n").starts_with("units.csv, line 3: "));
        assert!(refusal("code,grams\ng,1,2\n").starts_with("units.csv, line 2: "));
    }
}
