//! Folds what receipts changed into the totals of schools, counties and units.
//!
//! A receipt leaves its changes in its own transaction and touches no row of another school; they are folded in the
//! background, those of many receipts at once. A change is taken and folded in one transaction: it is counted either
//! as a change or in the folded totals, and whoever adds the two up is exact at any moment.

use crate::{
    context::Ctx,
    store::{Load, bulk},
};
use entity::{id::PurchaseLineId, total_change};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryOrder, QuerySelect, Statement,
    sea_query::{LockBehavior, LockType},
};

/// Changes folded in one transaction at most.
const BATCH: u64 = 4_000;

/// The tables of folded totals with the columns of their keys: each holds the totals of schools, summed over the columns
/// its key leaves out.
pub const FOLDED: [(&str, &str); 3] = [
    ("school_total", "county_code, month, school_id, reporting_unit_code, class"),
    ("area_total", "county_code, month, reporting_unit_code, class"),
    ("area_category_total", "county_code, month, reporting_unit_code, category_code, class"),
];

/// Columns that are summed.
const SUMMED: [&str; 5] = ["amount_fen", "weight_gram", "unknown_weight_fen", "unknown_weight_lines", "line_count"];

/// Folds what is waiting, a batch; answers how many changes that were.
///
/// # Errors
/// When the database refuses; the changes are then still waiting.
pub async fn fold(ctx: &Ctx) -> Result<usize, DbErr> {
    // On SQLite a transaction would hold up the writers even where there is nothing to do.
    if total_change::Entity::find().limit(1).one(ctx.store.primary()).await?.is_none() {
        return Ok(0);
    }
    let backend = ctx.store.backend();
    let txn = ctx.store.begin().await?;
    let mut waiting = total_change::Entity::find()
        .select_only()
        .column(total_change::Column::Id)
        .order_by_asc(total_change::Column::Id)
        .limit(BATCH);
    if backend == DbBackend::Postgres {
        // What another replica is folding.
        waiting = waiting.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let taken: Vec<PurchaseLineId> = waiting.into_tuple().all(&txn).await?;
    let (ids, values) = bulk::ids(backend, taken.iter().copied())?;
    let of_taken = format!("where id in (select id from {ids})");
    for (table, key) in FOLDED {
        let raised = SUMMED.map(|column| format!("{column} = {table}.{column} + excluded.{column}")).join(", ");
        // In key order: two replicas then meet their rows in the same order.
        let sql = format!(
            "{} {of_taken} group by {key} order by {key} on conflict ({key}) do update set {raised}",
            sums_into(table, key, "total_change")
        );
        txn.execute_raw(Statement::from_sql_and_values(backend, sql, values.clone())).await?;
    }
    // `|` of the months: both databases have it, unlike an aggregate of it.
    let years = format!(
        "{} on conflict ({YEAR_KEY}) do update set months = school_year.months | excluded.months",
        years_of("total_change", &of_taken)
    );
    txn.execute_raw(Statement::from_sql_and_values(backend, years, values.clone())).await?;
    let bought = format!("y.school_id in (select school_id from total_change {of_taken})");
    txn.execute_raw(Statement::from_sql_and_values(backend, marks(backend, &bought), values.clone())).await?;
    let sql = format!("delete from total_change {of_taken}");
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    txn.commit().await?;
    Ok(taken.len())
}

/// Folds the totals of the schools of a county that has none folded yet, as part of a load.
///
/// # Errors
/// When the database refuses, as it does where the county has folded totals.
pub async fn fold_county(load: &mut Load, county: &str) -> Result<(), DbErr> {
    for (table, key) in FOLDED {
        let sums = sums_into(table, key, "school_month_total");
        load.execute(&format!("{sums} where county_code = $1 group by {key}"), county).await?;
    }
    load.execute(&years_of("school_month_total", "where county_code = $1"), county).await?;
    load.execute(&marks(load.backend(), "y.county_code = $1"), county).await
}

/// Notes the schools of a condition on their years, `y`, that bought in months they are not counted in yet.
fn marks(backend: DbBackend, condition: &str) -> String {
    let id = if backend == DbBackend::Postgres { "gen_random_uuid()" } else { "randomblob(16)" };
    format!(
        "insert into coverage_change (id, school_id) select {id}, school_id from (select distinct y.school_id \
         from school_year y where {condition} and not exists (select 1 from coverage_year c where c.school_id = y.school_id \
         and c.year = y.year and c.months & y.months = y.months)) as newly"
    )
}

const YEAR_KEY: &str = "school_id, year, county_code, reporting_unit_code";

/// Notes in which months of which years schools bought, from the rows of a table where `condition` holds.
fn years_of(table: &str, condition: &str) -> String {
    format!(
        "insert into school_year ({YEAR_KEY}, months) \
         select school_id, month / 100, county_code, reporting_unit_code, sum(distinct 1 << (month % 100 - 1)) \
         from {table} {condition} group by school_id, month / 100, county_code, reporting_unit_code order by 1, 2, 3, 4"
    )
}

fn sums_into(table: &str, key: &str, from: &str) -> String {
    let sums = SUMMED.map(|column| format!("sum({column})")).join(", ");
    format!("insert into {table} ({key}, {}) select {key}, {sums} from {from}", SUMMED.join(", "))
}
