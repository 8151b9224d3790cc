//! The sums of all classes in one value, for each month, quarter and half-year of schools, areas, and areas by category.
//!
//! What roll-ups are read from: a province's year by county is some hundred rows, where a row for each class of each month
//! would be twenty thousand. Folding writes them ([`raise`]); both databases can make them up themselves from totals by
//! class ([`made_up`]), which loads and verification do.

mod raise;
mod spans;
mod value;

pub use raise::raise;
pub use spans::{made_of, months_of, spans_of};
pub use value::{ClassSums, pack, unpack};

use sea_orm::DbBackend;

/// What is summed, in the order of a value. The amount of lines whose weight is unknown and how many these are stand beside
/// the known weight (S7).
pub const SUMMED: [&str; 5] = ["amount_fen", "weight_gram", "unknown_weight_fen", "unknown_weight_lines", "line_count"];

/// A table of such values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its name.
    pub table: &'static str,
    /// Its key, in order.
    pub key: &'static [&'static str],
}

/// Of schools over all categories.
pub const OF_SCHOOLS: Packed =
    Packed { table: "school_class_sums", key: &["span", "county_code", "school_id", "reporting_unit_code"] };
/// Of the schools that lay in a county and reported to a unit, over all categories.
pub const OF_AREAS: Packed = Packed { table: "area_class_sums", key: &["span", "county_code", "reporting_unit_code"] };
/// The same by category.
pub const OF_CATEGORIES: Packed =
    Packed { table: "area_category_class_sums", key: &["span", "county_code", "reporting_unit_code", "category_code"] };
/// All of them.
pub const PACKED: [Packed; 3] = [OF_SCHOOLS, OF_AREAS, OF_CATEGORIES];

/// A statement with the rows a table should have, its key and `sums`, made up from totals by class and month: a relation
/// with the other columns of the key and those that are summed.
#[must_use]
pub fn made_up(backend: DbBackend, packed: Packed, totals: &str) -> String {
    let (span, kinds) = (spans::IN_SQL, spans::KINDS_IN_SQL);
    let key = packed.key.join(", ");
    let sums = SUMMED.map(|column| format!("cast(sum({column}) as bigint) as {column}")).join(", ");
    let something = SUMMED.map(|column| format!("sum({column}) <> 0")).join(" or ");
    let of_key = packed.key.iter().filter(|column| **column != "span").copied().collect::<Vec<_>>().join(", ");
    let columns = SUMMED.join(", ");
    let value = value::in_sql(backend);
    format!(
        "select {key}, {value} as sums from (select {key}, class, {sums} from (select {span} as span, {of_key}, class, \
         {columns} from {totals} cross join ({kinds}) as kinds) as spans group by {key}, class having {something}) as classes \
         group by {key}"
    )
}
