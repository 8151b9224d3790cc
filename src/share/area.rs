//! Which totals a place is summed up from, and how they are told apart.

use sea_orm::{DbBackend, Value};

/// Where the totals of many schools are taken from.
#[derive(Clone, Debug)]
pub enum Area {
    /// Everything.
    All,
    /// Schools that reported to these units.
    Units(Vec<String>),
    /// Schools in these counties.
    Counties(Vec<String>),
    /// Schools in a township of a county, under all codes either has had.
    Township {
        /// Codes of the county.
        counties: Vec<String>,
        /// Codes of the township.
        townships: Vec<String>,
    },
}

/// By what the totals are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Not at all.
    None,
    /// County.
    County,
    /// Prefecture around the county.
    Prefecture,
    /// Reporting unit.
    Unit,
    /// School.
    School,
    /// Category.
    Category,
}

/// What the totals of each key are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Nothing.
    Whole,
    /// Month.
    Month,
    /// Category.
    Category,
}

impl Area {
    /// Condition on totals of alias `t`, with values bound from `$next` on.
    ///
    /// Totals know the county and the unit of their day. In a township they are those of the schools whose last seat in
    /// that county, up to the end of the month, was in the township: each total belongs to one.
    pub(super) fn condition(&self, backend: DbBackend, next: usize) -> (String, Vec<Value>) {
        match self {
            Self::All => ("true".to_owned(), Vec::new()),
            Self::Units(codes) => one_of("t.reporting_unit_code", codes, next),
            Self::Counties(codes) => one_of("t.county_code", codes, next),
            Self::Township { counties, townships } => {
                let end = month_end(backend);
                let (in_counties, mut values) = one_of("t.county_code", counties, next);
                let (in_townships, codes) = one_of("a.division_code", townships, next + values.len());
                values.extend(codes);
                let seat = format!(
                    "{in_counties} and exists (select 1 from school_affiliation a \
                     where a.school_id = t.school_id and a.county_code = t.county_code and {in_townships} \
                     and a.from_on <= {end} and not exists (select 1 from school_affiliation b \
                     where b.school_id = a.school_id and b.county_code = a.county_code and b.from_on > a.from_on \
                     and b.from_on <= {end}))"
                );
                (seat, values)
            }
        }
    }

    /// Condition on the seats of schools, alias `a`.
    pub(super) fn seats(&self, next: usize) -> (String, Vec<Value>) {
        match self {
            Self::All => ("true".to_owned(), Vec::new()),
            Self::Units(codes) => one_of("a.reporting_unit_code", codes, next),
            Self::Counties(codes) => one_of("a.county_code", codes, next),
            Self::Township { townships, .. } => one_of("a.division_code", townships, next),
        }
    }
}

fn one_of(column: &str, codes: &[String], next: usize) -> (String, Vec<Value>) {
    let marks: Vec<String> = (next..).take(codes.len().max(1)).map(|number| format!("${number}")).collect();
    let mut values: Vec<Value> = codes.iter().map(|code| code.as_str().into()).collect();
    if values.is_empty() {
        // Nothing held, nothing found.
        values.push("".into());
    }
    (format!("{column} in ({})", marks.join(", ")), values)
}

/// Last day of the month of a total.
fn month_end(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres {
        "cast(make_date(t.month / 100, t.month % 100, 1) + interval '1 month' - interval '1 day' as date)"
    } else {
        "date(printf('%04d-%02d-01', t.month / 100, t.month % 100), '+1 month', '-1 day')"
    }
}
