//! The kinds of file that come in.

use crate::{access, households, ledger, registry, sheets::SheetKind, suppliers};

/// All of them, as templates are named.
pub static KINDS: [&SheetKind; 9] = [
    &registry::DIVISIONS,
    &registry::COUNTY_LIST,
    &registry::SCHOOLS,
    &suppliers::SUPPLIERS,
    &suppliers::HOUSEHOLDS,
    &suppliers::LINKS,
    &households::HOUSEHOLD_LIST,
    &ledger::DECLARED_PURCHASES,
    &access::accounts::ACCOUNTS,
];
