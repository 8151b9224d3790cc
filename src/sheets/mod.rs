//! Files of rows, as offices send and want them: CSV in UTF-8 or GB18030, and XLSX.
//!
//! Owns how a file is read, what its columns are called, templates, and how rows are written out. What a file is, its
//! content says and not its name. Refuses, naming the row: mixed or broken encodings, a header with missing, unknown or
//! repeated columns, formulas, more rows than the kind of file may have, and files made to fill the memory.

mod column;
mod decode;
mod header;
mod refusal;
mod sheet;
mod take;
mod template;
mod write;
mod xlsx;

pub use column::{Column, SheetKind, column};
pub use refusal::Refusal;
pub use sheet::{Row, Rows, Sheet};
pub use take::{CSV, XLSX, format_of, take_file, text_of, text_of_async};
pub use template::template;
pub use write::{Cell, Format, SheetWriter, harmless};
