//! The kinds of file that are imported in parts, and who may bring them.

use crate::{
    access::{Action, Resource},
    registry::SCHOOLS,
    sheets::{Row, SheetKind},
    suppliers::{HOUSEHOLDS, LINKS, SUPPLIERS},
    vault::{Place, redact},
};
use entity::{file_import::FileImportKind, id::FileImportId};

/// Rows of a part.
pub(super) const PART: usize = 1_000;

/// Columns of a kind of file.
pub(super) fn sheet_of(kind: FileImportKind) -> &'static SheetKind {
    match kind {
        FileImportKind::Schools => &SCHOOLS,
        FileImportKind::Suppliers => &SUPPLIERS,
        FileImportKind::Households => &HOUSEHOLDS,
        FileImportKind::Links => &LINKS,
    }
}

/// What whoever brings such a file must be allowed to do one by one.
pub(super) fn needs(kind: FileImportKind) -> (Action, Resource) {
    match kind {
        FileImportKind::Schools => (Action::Create, Resource::School),
        FileImportKind::Suppliers => (Action::Create, Resource::Supplier),
        FileImportKind::Households => (Action::Create, Resource::Household),
        FileImportKind::Links => (Action::Manage, Resource::SupplierPaper),
    }
}

/// What tells a row of a file from the others; a second one of the same is a mistake.
pub(super) fn key_of(kind: FileImportKind, row: Row<'_>) -> String {
    let columns: &[&str] = match kind {
        FileImportKind::Schools | FileImportKind::Suppliers => &["code"],
        FileImportKind::Households => &["code", "history", "from_on"],
        FileImportKind::Links => &["supplier_code", "household_code", "kind", "from_on"],
    };
    columns.iter().map(|column| row.cell(column)).collect::<Vec<_>>().join("\u{1f}")
}

/// What a row is called by who made the file, fit to be shown.
pub(super) fn external_id(kind: FileImportKind, row: Row<'_>) -> String {
    let column = if kind == FileImportKind::Links { "supplier_code" } else { "code" };
    let shown: String = row.cell(column).chars().filter(|one| !one.is_control()).take(100).collect();
    redact(&shown)
}

/// Where a part is sealed for.
pub(super) fn place(id: FileImportId) -> Place {
    Place { column: "file_import_part.rows", row: id.0 }
}
