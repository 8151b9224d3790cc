//! What a kind of file holds, said once: its reader, its template and its documentation come from this.

use crate::http::Text;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name in English, as pointers and reasons call it.
    pub name: &'static str,
    /// Name in Chinese, as templates call it.
    pub zh: &'static str,
    /// What belongs into it, in Chinese and English.
    pub about: (&'static str, &'static str),
    /// Stored names it takes, each with its Chinese one; none where it takes any text.
    pub choices: &'static [(&'static str, &'static str)],
    /// A cell as it could be.
    pub example: &'static str,
    /// Whether the header must have it.
    pub required: bool,
}

/// A column that a file may leave out.
#[must_use]
pub const fn column(name: &'static str, zh: &'static str, example: &'static str) -> Column {
    Column { name, zh, about: ("", ""), choices: &[], example, required: false }
}

impl Column {
    /// The header must have it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Says what belongs into it.
    #[must_use]
    pub const fn about(mut self, zh: &'static str, en: &'static str) -> Self {
        self.about = (zh, en);
        self
    }

    /// Says which stored names it takes, and what they are called in Chinese.
    #[must_use]
    pub const fn one_of(mut self, choices: &'static [(&'static str, &'static str)]) -> Self {
        self.choices = choices;
        self
    }

    /// The stored name a cell means, by either name.
    #[must_use]
    pub fn stored<'a>(&self, cell: &'a str) -> &'a str {
        self.choices.iter().find(|(_, zh)| *zh == cell).map_or(cell, |(stored, _)| stored)
    }

    /// What it takes, for people.
    #[must_use]
    pub fn takes(&self) -> Text {
        let zh: Vec<_> = self.choices.iter().map(|(stored, zh)| format!("{zh}（{stored}）")).collect();
        let en: Vec<_> = self.choices.iter().map(|(stored, _)| *stored).collect();
        Text::new(zh.join("、"), en.join(", "))
    }

    /// Whether a header's cell means this column: by either name, with or without the star of a template.
    #[must_use]
    pub fn is_called(&self, header: &str) -> bool {
        let header = header.trim().trim_end_matches(['*', '＊']).trim_end();
        header == self.zh || header.eq_ignore_ascii_case(self.name)
    }
}

/// A kind of file.
#[derive(Debug)]
pub struct SheetKind {
    /// Its name in paths and file names.
    pub name: &'static str,
    /// What it is called, in Chinese and English.
    pub title: (&'static str, &'static str),
    /// Its columns, in the order of the template.
    pub columns: &'static [Column],
    /// Rows a file may have besides the header.
    pub most_rows: usize,
}

impl SheetKind {
    /// The problem's sentence for a file with too many rows.
    #[must_use]
    pub fn too_many(&self) -> Text {
        let most = self.most_rows;
        Text::new(
            format!("一次最多 {most} 行，请分成几个文件。"),
            format!("At most {most} rows at once; send several files."),
        )
    }
}
