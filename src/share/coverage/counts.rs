//! Coverage from the counts of areas: a few hundred rows of a province, however many schools it has.

use super::{
    BITS, BOUGHT, YEAR, held,
    spans::{MARKED, is_marked, of_marked},
};
use crate::share::{area::Area, indicators::Population};
use sea_orm::{DbBackend, Value};

/// Common tables, a statement with what each row adds to the coverage of a place, and the values from `$6` on.
///
/// Beside what is counted: schools whose first purchases in the months are not folded yet, and schools of which something
/// changed, which are taken off as they were counted and added as their facts stand. The population names no schools.
pub(super) fn of_area(backend: DbBackend, area: &Area, population: &Population) -> (String, String, Vec<Value>) {
    let (held, values) = held(area, population);
    let waiting = "exists (select 1 from total_change t where t.school_id = a.school_id and t.month between $1 and $2)";
    let counted = format!(
        "exists (select 1 from coverage_year y where y.school_id = a.school_id and y.year = {YEAR} and y.months & {BITS} <> 0)"
    );
    let did =
        format!("(exists (select 1 from school_year y where y.school_id = a.school_id and {BOUGHT}) or {waiting})");
    let (marked, live) = (is_marked("a"), of_marked(backend));
    let with = format!(
        "{MARKED}, bought as (select distinct t.school_id from total_change t where t.month between $1 and $2)"
    );
    let place = "a.county_code, a.reporting_unit_code";
    let from = format!(
        "select {place}, case when a.runs then a.schools else 0 end as should_report, 0 as reported, \
         case when a.runs then 0 else a.schools end as exempt from coverage_count a where a.year = 0 and {held} \
         union all select {place}, 0, a.schools, 0 from coverage_count a \
         where a.year = {YEAR} and a.months & {BITS} <> 0 and {held} \
         union all select {place}, 0, 1, 0 from bought b join coverage_span a on a.school_id = b.school_id \
         where a.runs and {held} and not {marked} and not {counted} \
         union all select {place}, case when a.runs then -1 else 0 end, case when a.runs and {counted} then -1 else 0 end, \
         case when a.runs then 0 else -1 end from marked m join coverage_span a on a.school_id = m.school_id where {held} \
         union all select {place}, case when a.runs then 1 else 0 end, case when a.runs and {did} then 1 else 0 end, \
         case when a.runs then 0 else 1 end from {live} a where {held}"
    );
    (with, from, values)
}
