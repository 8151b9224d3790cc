//! Rows written out as they come: CSV with a byte order mark, and XLSX with one sheet after another as each is full.
//!
//! An XLSX file is a ZIP of XML: written part by part into whatever takes bytes, it holds one row in memory. The
//! libraries that write it keep all rows, or a file of them on disk, until the end.

use std::io::{self, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

/// What a file of rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV in UTF-8
    Csv,
    /// XLSX
    Xlsx,
}

impl Format {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => super::XLSX,
        }
    }

    /// The end of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing
    Empty,
    /// A text, codes and long numbers among them
    Text(String),
    /// A decimal number to reckon with
    Number(String),
}

/// What a formula begins with, in spreadsheets that take full-width signs for plain ones too.
const SIGNS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A text that no spreadsheet computes: one that begins like a formula gets an apostrophe, plain numbers aside.
#[must_use]
pub fn harmless(text: &str) -> String {
    let number = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    if text.starts_with(SIGNS) && !number(text) { format!("'{text}") } else { text.to_owned() }
}

/// Writes rows.
pub struct SheetWriter<W: Write>(Writer<W>);

enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Xlsx(Box<Book<W>>),
}

impl<W: Write> SheetWriter<W> {
    /// Begins a file with the sheet `sheet`; CSV has no sheets.
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn new(format: Format, mut out: W, sheet: &str) -> io::Result<Self> {
        Ok(Self(match format {
            Format::Csv => {
                // Without the mark, spreadsheets in China take it for GBK.
                out.write_all("\u{feff}".as_bytes())?;
                let writer =
                    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(out);
                Writer::Csv(Box::new(writer))
            }
            Format::Xlsx => Writer::Xlsx(Box::new(Book::new(out, sheet)?)),
        }))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        match &mut self.0 {
            Writer::Csv(writer) => {
                let text = |cell: &Cell| match cell {
                    Cell::Empty => String::new(),
                    Cell::Text(text) | Cell::Number(text) => harmless(text),
                };
                writer.write_record(cells.iter().map(text)).map_err(io::Error::from)
            }
            Writer::Xlsx(book) => book.row(cells),
        }
    }

    /// The same of texts.
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        self.row(&texts.into_iter().map(|text| Cell::Text(text.to_owned())).collect::<Vec<_>>())
    }

    /// Hands what was written so far on; XLSX keeps what it is compressing.
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Writer::Csv(writer) => writer.flush(),
            Writer::Xlsx(_) => Ok(()),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Writer::Csv(mut writer) => writer.flush(),
            Writer::Xlsx(book) => book.finish(),
        }
    }
}

/// Rows of a sheet at most, the header with them: spreadsheets read no more.
const MOST_ROWS: u32 = 1_048_576;

const ROOT: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
/// Format 1 is text: a long number typed into such a column stays as it was typed.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font><sz val="11"/><name val="等线"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>"#;
const SHEET: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="64" width="18" style="1" customWidth="1"/></cols><sheetData>"#;
const SHEET_END: &[u8] = b"</sheetData></worksheet>";

/// A workbook whose sheets have as many rows as they may: what is more goes on in another, under the first row again.
struct Book<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    sheet: String,
    sheets: u32,
    /// Rows of the present sheet, and at most.
    rows: u32,
    most_rows: u32,
    first: Option<String>,
    row: String,
}

impl<W: Write> Book<W> {
    fn new(out: W, sheet: &str) -> io::Result<Self> {
        let mut name = String::new();
        escape(sheet, &mut name);
        let mut book = Self {
            zip: ZipWriter::new_stream(out),
            sheet: name,
            sheets: 0,
            rows: 0,
            most_rows: MOST_ROWS,
            first: None,
            row: String::new(),
        };
        book.part("_rels/.rels", ROOT)?;
        book.part("xl/styles.xml", STYLES)?;
        book.begin_sheet()?;
        Ok(book)
    }

    fn part(&mut self, name: &str, text: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.zip.start_file(name, options)?;
        self.zip.write_all(text.as_bytes())
    }

    fn begin_sheet(&mut self) -> io::Result<()> {
        (self.sheets, self.rows) = (self.sheets + 1, 0);
        self.part(&format!("xl/worksheets/sheet{}.xml", self.sheets), SHEET)
    }

    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.row.clear();
        self.row.push_str("<row>");
        for cell in cells {
            match cell {
                Cell::Empty => self.row.push_str("<c/>"),
                Cell::Number(number) => {
                    self.row.push_str("<c><v>");
                    escape(number, &mut self.row);
                    self.row.push_str("</v></c>");
                }
                // A text is shown and never computed, whatever it begins with.
                Cell::Text(text) => {
                    self.row.push_str(r#"<c s="1" t="inlineStr"><is><t xml:space="preserve">"#);
                    escape(text, &mut self.row);
                    self.row.push_str("</t></is></c>");
                }
            }
        }
        self.row.push_str("</row>");
        if self.rows == self.most_rows {
            self.zip.write_all(SHEET_END)?;
            self.begin_sheet()?;
            self.zip.write_all(self.first.as_deref().unwrap_or_default().as_bytes())?;
            self.rows = 1;
        }
        self.rows += 1;
        self.first.get_or_insert_with(|| self.row.clone());
        self.zip.write_all(self.row.as_bytes())
    }

    fn finish(mut self) -> io::Result<()> {
        self.zip.write_all(SHEET_END)?;
        // Only now is it known how many sheets there are.
        let (mut types, mut sheets, mut relations) = (String::new(), String::new(), String::new());
        for number in 1..=self.sheets {
            let name = if number == 1 { self.sheet.clone() } else { format!("{} ({number})", self.sheet) };
            types += &format!(
                r#"<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"#
            );
            sheets += &format!(r#"<sheet name="{name}" sheetId="{number}" r:id="sheet{number}"/>"#);
            relations += &format!(
                r#"<Relationship Id="sheet{number}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{number}.xml"/>"#
            );
        }
        self.part(
            "xl/workbook.xml",
            &format!(
                r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{sheets}</sheets></workbook>"#
            ),
        )?;
        self.part(
            "xl/_rels/workbook.xml.rels",
            &format!(
                r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}<Relationship Id="styles" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#
            ),
        )?;
        self.part(
            "[Content_Types].xml",
            &format!(
                r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{types}</Types>"#
            ),
        )?;
        self.zip.finish()?;
        Ok(())
    }
}

/// Text as XML writes it; what XML cannot hold is left out.
fn escape(text: &str, out: &mut String) {
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            control if control < ' ' && !matches!(control, '\t' | '\n' | '\r') => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::{Column, SheetKind, column, text_of};
    use calamine::{Reader, Xlsx, open_workbook_from_rs};
    use std::io::Cursor;

    const COLUMNS: &[Column] = &[column("a", "甲", "")];
    static KIND: SheetKind = SheetKind { name: "test", title: ("", ""), columns: COLUMNS, most_rows: 10 };

    fn written(format: Format) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = SheetWriter::new(format, &mut out, "A<B").expect("begins");
        writer.texts(["甲", "乙"]).expect("writes");
        let row = [Cell::Text("=1+1 & \"x\"".to_owned()), Cell::Empty, Cell::Number("-12.30".to_owned())];
        writer.row(&row).expect("writes");
        writer.finish().expect("ends");
        out
    }

    #[test]
    fn what_is_written_reads_back() {
        let csv = String::from_utf8(written(Format::Csv)).expect("UTF-8");
        assert_eq!(csv, "\u{feff}甲,乙\r\n\"'=1+1 & \"\"x\"\"\",,-12.30\r\n");
        let text = text_of(&written(Format::Xlsx), &KIND).expect("an XLSX file");
        assert_eq!(text, "甲,乙\n\"=1+1 & \"\"x\"\"\",,-12.3\n");
    }

    #[test]
    fn a_sheet_that_is_full_goes_on_in_another_under_the_same_header() {
        let mut out = Vec::new();
        let mut book = Book::new(&mut out, "A<B").expect("begins");
        book.most_rows = 3;
        for text in ["甲", "1", "2", "3", "4", "5"] {
            book.row(&[Cell::Text(text.to_owned())]).expect("writes");
        }
        book.finish().expect("ends");
        let mut read: Xlsx<_> = open_workbook_from_rs(Cursor::new(out)).expect("a workbook");
        let sheets = read
            .worksheets()
            .into_iter()
            .map(|(name, range)| (name, range.rows().map(|row| row[0].to_string()).collect::<Vec<_>>().join(" ")));
        let expected = [("A<B", "甲 1 2"), ("A<B (2)", "甲 3 4"), ("A<B (3)", "甲 5")];
        assert_eq!(sheets.collect::<Vec<_>>(), expected.map(|(name, rows)| (name.to_owned(), rows.to_owned())));
    }

    #[test]
    fn what_begins_like_a_formula_is_made_harmless() {
        for (text, told) in [
            ("=SUM(A1)", "'=SUM(A1)"),
            ("@x", "'@x"),
            ("＝HYPERLINK(1)", "'＝HYPERLINK(1)"),
            ("+86 139", "'+86 139"),
            ("-", "'-"),
            ("-12.30", "-12.30"),
            ("+5", "+5"),
            ("\tx", "'\tx"),
            ("王某", "王某"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), told);
        }
    }
}
