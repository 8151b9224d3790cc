//! Templates: a file with the columns of its kind, and an example row to be replaced.

use super::{
    column::SheetKind,
    write::{Format, SheetWriter},
};
use crate::http::Language;
use std::io;

/// The template of a kind: Chinese names for Chinese readers, else the English ones; a star marks what a file must have.
///
/// # Errors
/// Never for files in memory.
pub fn template(kind: &SheetKind, format: Format, language: Language) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = SheetWriter::new(format, &mut out, kind.title.0)?;
    let names: Vec<String> = kind
        .columns
        .iter()
        .map(|column| {
            let name = if language == Language::Chinese { column.zh } else { column.name };
            format!("{name}{}", if column.required { "*" } else { "" })
        })
        .collect();
    writer.texts(names.iter().map(String::as_str))?;
    writer.texts(kind.columns.iter().map(|column| column.example))?;
    writer.finish()?;
    Ok(out)
}
