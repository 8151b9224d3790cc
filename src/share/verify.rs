//! Recomputes every total from the ledger, and the ledger from its receipts and declarations, its corrections from what they
//! correct and what returned goods took out of it from the returns, and names differences.

use super::{
    coverage::{COLUMNS, MONTHS, counts_of, spans_of, years_of},
    sums::SIGN,
    verify_packed::packed_differences,
};
use crate::{
    context::Ctx,
    ledger::{
        SCHOOL_KEY,
        packed::{PACKED, SUMMED},
    },
};
use sea_orm::{DbBackend, DbErr, FromQueryResult, Statement};
use std::fmt;

/// What was compared and what differed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Ledger lines read.
    pub lines: i64,
    /// Totals compared.
    pub totals: i64,
    /// The differences, at most [`NAMED`].
    pub differences: Vec<Difference>,
}

/// Differences named at most.
pub const NAMED: u64 = 1_000;

/// One total that is not what its lines add up to, or one line that is not what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub what: String,
    /// The stored value.
    pub stored: String,
    /// What it should be.
    pub recomputed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: stored {}, recomputed {}", self.what, self.stored, self.recomputed)
    }
}

#[derive(FromQueryResult)]
struct TotalRow {
    name: String,
    stored: String,
    recomputed: String,
}

#[derive(FromQueryResult)]
struct Count {
    lines: i64,
    totals: i64,
}

/// An id for reading; SQLite holds sixteen bytes.
pub(super) fn id_text(backend: DbBackend, column: &str) -> String {
    if backend == DbBackend::Postgres { format!("cast({column} as text)") } else { format!("lower(hex({column}))") }
}

const KEY: &str = "county_code, school_id, month, reporting_unit_code, category_code, channel, class";

/// Reads one consistent state of the database.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(ctx: &Ctx) -> Result<Verification, DbErr> {
    // One transaction, so that receipts written meanwhile are seen with their totals or not at all.
    let txn = ctx.store.begin_snapshot().await?;
    let backend = ctx.store.backend();
    let count = Count::find_by_statement(Statement::from_string(
        backend,
        "select (select count(*) from purchase_line) as lines, (select count(*) from school_month_total) as totals",
    ))
    .one(&txn)
    .await?
    .unwrap_or(Count { lines: 0, totals: 0 });
    let mut differences = Vec::new();
    let mut checks =
        vec![totals_sql(backend), receipts_sql(backend), declarations_sql(backend), corrections_sql(backend)];
    checks.extend([returns_sql(backend), given_back_sql(backend)]);
    checks.push(folded_sql(backend));
    checks.push(years_sql(backend));
    checks.extend(coverage_sql(backend));
    for sql in checks {
        let rows = TotalRow::find_by_statement(Statement::from_string(backend, sql)).all(&txn).await?;
        differences.extend(rows.into_iter().map(|row| Difference {
            what: row.name,
            stored: row.stored,
            recomputed: row.recomputed,
        }));
    }
    for packed in PACKED {
        differences.extend(packed_differences(&txn, packed).await?);
    }
    txn.rollback().await?;
    Ok(Verification { lines: count.lines, totals: count.totals, differences })
}

/// Two sides' sums for each key, named by `name`, kept where they differ. A key that only one side has differs from
/// nothing.
fn compared(name: &str, key: &str, stored: &str, recomputed: &str) -> String {
    let text = |side: &str| SUMMED.map(|column| format!("cast(sum({side}_{column}) as text)")).join(" || '/' || ");
    let of = |side: &str| match side {
        "s" => SUMMED.map(|column| format!("{column} as s_{column}, 0 as r_{column}")).join(", "),
        _ => SUMMED.map(|column| format!("0 as s_{column}, {column} as r_{column}")).join(", "),
    };
    let differs = SUMMED.map(|column| format!("sum(s_{column}) <> sum(r_{column})")).join(" or ");
    format!(
        "select {name} as name, {} as stored, {} as recomputed from (select {key}, {} from {stored} \
         union all select {key}, {} from {recomputed}) as both_sides \
         group by {key} having {differs} order by {key} limit {NAMED}",
        text("s"),
        text("r"),
        of("s"),
        of("r"),
    )
}

/// Totals of schools against the lines.
fn totals_sql(backend: DbBackend) -> String {
    let name = format!(
        "'total ' || county_code || ' school ' || {} || ' ' || month || ' ' || reporting_unit_code || ' ' \
         || category_code || ' ' || channel || ' class ' || class",
        id_text(backend, "school_id")
    );
    let lines = format!(
        "(select {KEY}, sum(amount_fen) as amount_fen, sum(coalesce(weight_gram, 0)) as weight_gram, \
         sum(case when weight_gram is null then amount_fen else 0 end) as unknown_weight_fen, \
         sum(case when weight_gram is null then {SIGN} else 0 end) as unknown_weight_lines, sum({SIGN}) as line_count \
         from purchase_line group by {KEY}) as l"
    );
    compared(&name, KEY, "school_month_total", &lines)
}

/// Folded totals of schools, with what is not folded yet, against their totals by category.
fn folded_sql(backend: DbBackend) -> String {
    let sums = SUMMED.join(", ");
    let of = |table: &str| format!("select {SCHOOL_KEY}, {sums} from {table}");
    let folded = format!("({} union all {}) as folded", of("school_total"), of("total_change"));
    let parts: Vec<String> = SCHOOL_KEY
        .split(", ")
        .map(|column| if column == "school_id" { id_text(backend, column) } else { column.to_owned() })
        .collect();
    compared(&format!("'school_total ' || {}", parts.join(" || ' ' || ")), SCHOOL_KEY, &folded, "school_month_total")
}

/// Months in which schools bought, with what is not folded yet, against their totals.
fn years_sql(backend: DbBackend) -> String {
    let of = |table: &str| {
        format!(
            "select school_id, month / 100 as year, county_code, reporting_unit_code, month % 100 as month from {table}"
        )
    };
    // The bits told apart again, so that both sides are sets of months.
    let folded = format!(
        "select y.school_id, y.year, y.county_code, y.reporting_unit_code, m.month from school_year y join ({MONTHS}) as m \
         on y.months & (1 << (m.month - 1)) <> 0 union {}",
        of("total_change")
    );
    let totals = of("school_month_total");
    let side = |these: &str, those: &str, stored: &str, recomputed: &str| {
        format!(
            "select 'months of school ' || {id} || ' ' || year || '-' || month || ' ' || county_code || ' ' || \
             reporting_unit_code as name, '{stored}' as stored, '{recomputed}' as recomputed from \
             (select * from ({these}) as a except select * from ({those}) as b) as d",
            id = id_text(backend, "school_id"),
        )
    };
    format!(
        "select * from ({} union all {}) as both_sides order by name limit {NAMED}",
        side(&folded, &totals, "bought", "nothing"),
        side(&totals, &folded, "nothing", "bought"),
    )
}

/// What coverage is counted by, against the facts, but for schools that wait to be counted anew; and the counts against it.
fn coverage_sql(backend: DbBackend) -> [String; 3] {
    let id = id_text(backend, "school_id");
    let settled = "school_id not in (select school_id from coverage_change)";
    let text = |columns: &str| {
        let parts: Vec<String> = columns.split(", ").map(|column| format!("cast({column} as text)")).collect();
        parts.join(" || ' ' || ")
    };
    let compared = |name: &str, columns: &str, stored: &str, recomputed: &str| {
        let side = |these: &str, those: &str, [stored, recomputed]: [&str; 2]| {
            format!(
                "select {name} as name, {stored} as stored, {recomputed} as recomputed from (select {columns} from {these} \
                 except select {columns} from {those}) as d"
            )
        };
        let said = text(columns.trim_start_matches("school_id, "));
        format!(
            "select * from ({} union all {}) as both_sides order by name limit {NAMED}",
            side(stored, recomputed, [&said, "'nothing'"]),
            side(recomputed, stored, ["'nothing'", &said]),
        )
    };
    let spans = spans_of(backend, "s.id not in (select school_id from coverage_change)");
    let years = years_of(&format!("y.{settled}"));
    let counts = counts_of(backend, "", "is not null", 1);
    let area = "year, county_code, reporting_unit_code, runs, from_on, to_on, opens, closes, months, schools";
    [
        compared(
            &format!("'coverage_span school ' || {id}"),
            COLUMNS,
            &format!("(select * from coverage_span where {settled}) as a"),
            &format!("{spans} as b"),
        ),
        compared(
            &format!("'coverage_year school ' || {id}"),
            "school_id, year, months",
            &format!("(select * from coverage_year where {settled}) as a"),
            &format!("{years} as b"),
        ),
        compared(
            "'coverage_count ' || county_code || ' ' || reporting_unit_code",
            area,
            "coverage_count",
            &format!("({counts}) as b"),
        ),
    ]
}

/// Each accepted receipt line has one ledger line with its amount and weight, and each such ledger line its receipt.
fn receipts_sql(backend: DbBackend) -> String {
    let id = id_text(backend, "r.id");
    format!(
        "select 'receipt line ' || {id} as name, \
         coalesce(cast(l.amount_fen as text), 'no ledger line') || '/' || coalesce(cast(l.weight_gram as text), '?') \
         as stored, cast(r.amount_fen as text) || '/' || coalesce(cast(r.weight_gram as text), '?') as recomputed \
         from receipt_line r left join purchase_line l on l.receipt_line_id = r.id \
         where r.accepted_base > 0 and (l.id is null or l.amount_fen <> r.amount_fen \
         or coalesce(l.weight_gram, -1) <> coalesce(r.weight_gram, -1)) limit {NAMED}"
    )
}

/// Each line that is corrected is taken back whole, once, and replaced once at most: by as much, unless a school said why it
/// corrects its own declaration or gave goods back.
fn corrections_sql(backend: DbBackend) -> String {
    let id = id_text(backend, "l.id");
    format!(
        "select 'corrected line ' || {id} as name, cast(c.lines as text) || ' lines, ' || cast(c.amount_fen as text) || '/' \
         || cast(c.weight_gram as text) as stored, '2 lines, 0/0' as recomputed from purchase_line l join \
         (select p.corrects_line_id, count(*) as lines, count(k.purchase_line_id) as stated, sum(p.amount_fen) as \
         amount_fen, sum(coalesce(p.weight_gram, 0)) as weight_gram, min(p.amount_fen) as least_fen, \
         min(coalesce(p.weight_gram, 0)) as least_gram from purchase_line p \
         left join line_correction k on k.purchase_line_id = p.id \
         where p.corrects_line_id is not null group by p.corrects_line_id) c on c.corrects_line_id = l.id \
         where c.least_fen <> -l.amount_fen or c.least_gram <> -coalesce(l.weight_gram, 0) or c.lines > 2 \
         or c.stated = 0 and (c.lines <> 2 or c.amount_fen <> 0 or c.weight_gram <> 0) limit {NAMED}"
    )
}

/// Each return of goods took as much out of the ledger as it says.
fn returns_sql(backend: DbBackend) -> String {
    let id = id_text(backend, "g.receipt_line_id");
    format!(
        "select 'return of receipt line ' || {id} as name, \
         cast(g.amount_fen as text) || '/' || coalesce(cast(g.weight_gram as text), '?') as stored, \
         cast(-b.amount_fen - coalesce(p.amount_fen, 0) as text) || '/' || \
         coalesce(cast(-b.weight_gram - coalesce(p.weight_gram, 0) as text), '?') as recomputed \
         from goods_return_line g join purchase_line b on b.id = g.reversing_line_id \
         left join purchase_line p on p.corrects_line_id = b.corrects_line_id and p.id <> b.id \
         where g.amount_fen <> -b.amount_fen - coalesce(p.amount_fen, 0) \
         or coalesce(g.weight_gram, -1) <> coalesce(-b.weight_gram - coalesce(p.weight_gram, 0), -1) limit {NAMED}"
    )
}

/// No more is given back of a line than was accepted.
fn given_back_sql(backend: DbBackend) -> String {
    let id = id_text(backend, "r.id");
    format!(
        "select 'goods given back of receipt line ' || {id} as name, cast(sum(g.quantity_base) as text) as stored, \
         'at most ' || cast(r.accepted_base as text) as recomputed from receipt_line r \
         join goods_return_line g on g.receipt_line_id = r.id group by r.id, r.accepted_base \
         having sum(g.quantity_base) > r.accepted_base limit {NAMED}"
    )
}

/// Each declaration is the sum of its lines.
fn declarations_sql(backend: DbBackend) -> String {
    let id = id_text(backend, "d.id");
    format!(
        "select 'declared purchase ' || {id} as name, cast(d.amount_fen as text) as stored, \
         cast(coalesce(l.amount_fen, 0) as text) as recomputed from declared_purchase d left join \
         (select declared_purchase_id, sum(amount_fen) as amount_fen from purchase_line \
         where declared_purchase_id is not null group by declared_purchase_id) l on l.declared_purchase_id = d.id \
         where d.amount_fen <> coalesce(l.amount_fen, 0) limit {NAMED}"
    )
}
