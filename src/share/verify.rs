//! Recomputes every total from the ledger, and the ledger from its receipts and declarations and its corrections from
//! what they correct, and names differences.

use super::sums::SIGN;
use crate::context::Ctx;
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
fn id_text(backend: DbBackend, column: &str) -> String {
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
    for sql in [totals_sql(backend), receipts_sql(backend), declarations_sql(backend), corrections_sql(backend)] {
        let rows = TotalRow::find_by_statement(Statement::from_string(backend, sql)).all(&txn).await?;
        differences.extend(rows.into_iter().map(|row| Difference {
            what: row.name,
            stored: row.stored,
            recomputed: row.recomputed,
        }));
    }
    txn.rollback().await?;
    Ok(Verification { lines: count.lines, totals: count.totals, differences })
}

/// Totals against the lines: each key's sums from both sides, kept where they differ. A key that only one side has
/// differs from nothing.
fn totals_sql(backend: DbBackend) -> String {
    let columns = ["amount_fen", "weight_gram", "unknown_weight_fen", "unknown_weight_lines", "line_count"];
    let sums = |side: &str| {
        let parts: Vec<String> = columns.iter().map(|column| format!("cast(sum({side}_{column}) as text)")).collect();
        parts.join(" || '/' || ")
    };
    let pick = |stored: bool| {
        let parts: Vec<String> = columns
            .iter()
            .map(|column| {
                let (s, r) = if stored { (*column, "0") } else { ("0", *column) };
                format!("{s} as s_{column}, {r} as r_{column}")
            })
            .collect();
        parts.join(", ")
    };
    let differs: Vec<String> = columns.iter().map(|column| format!("sum(s_{column}) <> sum(r_{column})")).collect();
    format!(
        "select 'total ' || county_code || ' school ' || {school} || ' ' || month || ' ' || reporting_unit_code || ' ' \
         || category_code || ' ' || channel || ' class ' || class as name, \
         {stored} as stored, {recomputed} as recomputed from ( \
         select {KEY}, {from_totals} from school_month_total \
         union all \
         select {KEY}, {from_lines} from ( \
         select {KEY}, sum(amount_fen) as amount_fen, sum(coalesce(weight_gram, 0)) as weight_gram, \
         sum(case when weight_gram is null then amount_fen else 0 end) as unknown_weight_fen, \
         sum(case when weight_gram is null then {SIGN} else 0 end) as unknown_weight_lines, sum({SIGN}) as line_count \
         from purchase_line group by {KEY}) as l) as both_sides \
         group by {KEY} having {differs} order by {KEY} limit {NAMED}",
        school = id_text(backend, "school_id"),
        stored = sums("s"),
        recomputed = sums("r"),
        from_totals = pick(true),
        from_lines = pick(false),
        differs = differs.join(" or "),
    )
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

/// Each line that is corrected is taken back whole, once, and replaced by as much, once.
fn corrections_sql(backend: DbBackend) -> String {
    let id = id_text(backend, "l.id");
    format!(
        "select 'corrected line ' || {id} as name, cast(c.lines as text) || ' lines, ' || cast(c.amount_fen as text) || '/' \
         || cast(c.weight_gram as text) as stored, '2 lines, 0/0' as recomputed from purchase_line l join \
         (select corrects_line_id, count(*) as lines, sum(amount_fen) as amount_fen, sum(coalesce(weight_gram, 0)) as \
         weight_gram, min(amount_fen) as least_fen, min(coalesce(weight_gram, 0)) as least_gram from purchase_line \
         where corrects_line_id is not null group by corrects_line_id) c on c.corrects_line_id = l.id \
         where c.lines <> 2 or c.amount_fen <> 0 or c.weight_gram <> 0 or c.least_fen <> -l.amount_fen \
         or c.least_gram <> -coalesce(l.weight_gram, 0) limit {NAMED}"
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
