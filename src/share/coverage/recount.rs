//! Counts schools anew of which something changed.
//!
//! What is counted of a school is kept beside the counts, and taken off them before it is counted again: both change in one
//! transaction, and nobody else changes either.

use super::spans::{COLUMNS, spans_of, years_of};
use crate::{
    context::Ctx,
    store::{Alone, bulk},
};
use entity::{coverage_change, id::SchoolId};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryOrder, QuerySelect, Statement,
};

/// Schools counted in one transaction at most.
const BATCH: u64 = 1_000;

/// Key of the counts.
const KEY: &str = "year, county_code, reporting_unit_code, runs, from_on, to_on, opens, closes, months";

/// Counts a batch of schools anew; answers how many they were, none while another replica counts.
///
/// # Errors
/// When the database refuses; the schools then still wait.
pub async fn recount(ctx: &Ctx) -> Result<usize, DbErr> {
    // On SQLite a transaction would hold up the writers even where there is nothing to do.
    if coverage_change::Entity::find().limit(1).one(ctx.store.primary()).await?.is_none() {
        return Ok(0);
    }
    let txn = ctx.store.begin().await?;
    if !Alone::Count.begin(&txn).await? {
        txn.rollback().await?;
        return Ok(0);
    }
    let taken: Vec<SchoolId> = coverage_change::Entity::find()
        .select_only()
        .column(coverage_change::Column::SchoolId)
        .distinct()
        .order_by_asc(coverage_change::Column::SchoolId)
        .limit(BATCH)
        .into_tuple()
        .all(&txn)
        .await?;
    // First the notes: what is noted after this is seen by the next batch, whatever of it is seen by this one.
    run(&txn, &taken, "delete from coverage_change where school_id in (select id from {taken})").await?;
    run(&txn, &taken, &added(txn.get_database_backend(), -1)).await?;
    run(&txn, &taken, "delete from coverage_span where school_id in (select id from {taken})").await?;
    run(&txn, &taken, "delete from coverage_year where school_id in (select id from {taken})").await?;
    let spans = spans_of(txn.get_database_backend(), "s.id in (select id from {taken})");
    run(&txn, &taken, &format!("insert into coverage_span ({COLUMNS}) select {COLUMNS} from {spans} as a")).await?;
    let years = years_of("y.school_id in (select id from {taken})");
    let sql =
        format!("insert into coverage_year (school_id, year, months) select school_id, year, months from {years} as a");
    run(&txn, &taken, &sql).await?;
    run(&txn, &taken, &added(txn.get_database_backend(), 1)).await?;
    txn.execute_unprepared("delete from coverage_count where schools = 0").await?;
    txn.commit().await?;
    Ok(taken.len())
}

/// Runs a statement in which `{taken}` stands for the schools, once.
async fn run(txn: &DatabaseTransaction, taken: &[SchoolId], sql: &str) -> Result<(), DbErr> {
    let backend = txn.get_database_backend();
    let (relation, values) = bulk::ids(backend, taken.iter().copied())?;
    let sql = sql.replace("{taken}", &relation);
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// Adds what is kept of the schools to the counts, so many times.
fn added(backend: DbBackend, times: i32) -> String {
    format!(
        "insert into coverage_count ({KEY}, schools) {} on conflict ({KEY}) \
         do update set schools = coverage_count.schools + excluded.schools",
        counts(backend, "with taken as (select id from {taken})", "in (select id from taken)", times)
    )
}

/// The counts of the schools whose ids meet a condition, each so many times, from what is kept of them.
pub(in crate::share) fn counts(backend: DbBackend, with: &str, of: &str, times: i32) -> String {
    let day = |year: &str, day: &str| match backend {
        DbBackend::Postgres => format!("to_date({year} || '{day}', 'YYYY-MM-DD')"),
        _ => format!("printf('%04d{day}', {year})"),
    };
    // Of a year and the next only the spans that reach into them.
    let (first, last) = (day("y.year", "-01-01"), day("(y.year + 1)", "-12-31"));
    format!(
        "{with} select {KEY}, {times} * count(*) as schools from (select 0 as year, county_code, reporting_unit_code, \
         runs, from_on, to_on, opens, closes, 0 as months from coverage_span where school_id {of} \
         union all select y.year, c.county_code, c.reporting_unit_code, c.runs, c.from_on, c.to_on, c.opens, c.closes, \
         y.months from coverage_span c join coverage_year y on y.school_id = c.school_id where c.school_id {of} and c.runs \
         and c.from_on <= {last} and c.to_on >= {first}) as each_one group by {KEY} order by {KEY}"
    )
}
