//! Spans of schools: days on which one was open, lay in one place, and ran a kitchen or did not.

use sea_orm::DbBackend;

/// Condition on terms of kitchens of alias `k`: a school that has one of these reports (S12).
const KITCHEN: &str = "k.kind in ('own', 'contracted')";

/// Columns of a span.
pub(in crate::share) const COLUMNS: &str =
    "school_id, from_on, to_on, division_code, county_code, reporting_unit_code, runs, opens, closes";

/// The spans of the schools whose id, `s.id`, meets a condition, worked out from their facts: a relation.
///
/// A seat is cut where a kitchen begins and on the day after one ends; neighbours may be alike.
pub(in crate::share) fn spans_of(backend: DbBackend, condition: &str) -> String {
    let postgres = backend == DbBackend::Postgres;
    let far = if postgres { "date '9999-12-31'" } else { "'9999-12-31'" };
    let shifted =
        |day: &str, by: &str| if postgres { format!("{day} {by} 1") } else { format!("date({day}, '{by}1 day')") };
    let (eve, after) = (shifted("c.next_on", "-"), shifted("k.to_on", "+"));
    format!(
        "(with seats as (select s.id as school_id, a.division_code, a.county_code, a.reporting_unit_code, s.opened_on, \
         s.closed_on, case when a.from_on < s.opened_on then s.opened_on else a.from_on end as from_on, \
         case when coalesce(a.to_on, {far}) > s.closed_on then s.closed_on else coalesce(a.to_on, {far}) end as to_on \
         from school s join school_affiliation a on a.school_id = s.id where {condition}), \
         cuts as (select school_id, from_on as seat_on, from_on from seats where from_on <= to_on \
         union select t.school_id, t.from_on, k.from_on from seats t join canteen_term k on k.school_id = t.school_id \
         and {KITCHEN} and k.from_on > t.from_on and k.from_on <= t.to_on \
         union select t.school_id, t.from_on, {after} from seats t join canteen_term k on k.school_id = t.school_id \
         and {KITCHEN} and k.to_on >= t.from_on and k.to_on < t.to_on) \
         select c.school_id, c.from_on, case when c.next_on is null then t.to_on else {eve} end as to_on, \
         t.division_code, t.county_code, t.reporting_unit_code, exists (select 1 from canteen_term k \
         where k.school_id = c.school_id and {KITCHEN} and k.from_on <= c.from_on \
         and (k.to_on is null or k.to_on >= c.from_on)) as runs, c.from_on = t.opened_on as opens, \
         c.next_on is null and t.closed_on is not null and t.to_on = t.closed_on as closes \
         from (select cuts.*, lead(from_on) over (partition by school_id, seat_on order by from_on) as next_on from cuts) \
         as c join seats t on t.school_id = c.school_id and t.from_on = c.seat_on where t.from_on <= t.to_on)"
    )
}

/// Condition on spans of `alias`: that they are the ones their schools are counted by. Bound to [`super::Days::bound`].
///
/// That is the span of the day; of a school that was over before it, the last one; of one that opens later, the first.
pub(super) fn counted_by(alias: &str) -> String {
    format!(
        "({alias}.from_on <= $5 and {alias}.to_on >= $5 or {alias}.closes and {alias}.to_on < $5 and {alias}.to_on >= $3 \
         or {alias}.opens and {alias}.from_on > $5 and {alias}.from_on <= $4)"
    )
}

/// Schools of which something changed and that have not been counted anew: a common table.
pub(super) const MARKED: &str = "marked as (select distinct school_id from coverage_change)";

/// Condition on rows of `alias`: whether their school is one of [`MARKED`].
pub(super) fn is_marked(alias: &str) -> String {
    format!("exists (select 1 from marked m where m.school_id = {alias}.school_id)")
}

/// The spans of those, as their facts stand.
pub(super) fn of_marked(backend: DbBackend) -> String {
    spans_of(backend, "s.id in (select school_id from marked)")
}

/// The months of a year.
pub(in crate::share) const MONTHS: &str = "select 1 as month union all select 2 union all select 3 union all select 4 \
    union all select 5 union all select 6 union all select 7 union all select 8 union all select 9 union all select 10 \
    union all select 11 union all select 12";

/// The months in which the schools of a condition on `y.school_id` bought, as their years are counted: a relation.
pub(in crate::share) fn years_of(condition: &str) -> String {
    format!(
        "(select school_id, year, sum(months) as months from (select b.school_id, b.year + o.year as year, \
         1 << (b.month - 1 - 12 * o.year) as months from (select distinct y.school_id, y.year, m.month from school_year y \
         join ({MONTHS}) as m on y.months & (1 << (m.month - 1)) <> 0 where {condition}) as b \
         join (select 0 as year union all select -1) as o on true) as of_months group by school_id, year)"
    )
}
