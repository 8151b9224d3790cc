//! Folds what receipts changed into the totals of schools, counties and units.
//!
//! A receipt leaves its changes in its own transaction and touches no row of another school; they are folded in the
//! background, those of many receipts at once. A change is taken and folded in one transaction: it is counted either
//! as a change or in the folded totals, and whoever adds the two up is exact at any moment.

use super::packed::{self, OF_CATEGORIES, PACKED, SUMMED, made_up};
use crate::{
    context::Ctx,
    store::{Alone, Load, bulk},
};
use entity::total_change;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryOrder, QuerySelect, Statement};

/// Changes folded in one transaction at most.
const BATCH: u64 = 4_000;

/// The key of the totals of schools by class, which their ranking is read from; roll-ups read [`packed`].
pub const SCHOOL_KEY: &str = "county_code, month, school_id, reporting_unit_code, class";

/// Folds what is waiting, a batch; answers how many changes that were. Another replica that folds meanwhile has nothing to
/// do.
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
    if !Alone::Fold.begin(&txn).await? {
        return Ok(0);
    }
    let taken = total_change::Entity::find().order_by_asc(total_change::Column::Id).limit(BATCH).all(&txn).await?;
    packed::raise(&txn, &taken).await?;
    let (ids, values) = bulk::ids(backend, taken.iter().map(|change| change.id))?;
    let of_taken = format!("where id in (select id from {ids})");
    let raised = SUMMED.map(|column| format!("{column} = school_total.{column} + excluded.{column}")).join(", ");
    // In key order, so that neighbours are written together.
    let totals = format!(
        "{} {of_taken} group by {SCHOOL_KEY} order by {SCHOOL_KEY} on conflict ({SCHOOL_KEY}) do update set {raised}",
        totals_of("total_change")
    );
    // `|` of the months: both databases have it, unlike an aggregate of it.
    let years = format!(
        "{} on conflict ({YEAR_KEY}) do update set months = school_year.months | excluded.months",
        years_of("total_change", &of_taken)
    );
    let bought = format!("y.school_id in (select school_id from total_change {of_taken})");
    for sql in [totals, years, marks(backend, &bought), format!("delete from total_change {of_taken}")] {
        txn.execute_raw(Statement::from_sql_and_values(backend, sql, values.clone())).await?;
    }
    txn.commit().await?;
    Ok(taken.len())
}

/// Folds the totals of the schools of a county that has none folded yet, as part of a load.
///
/// # Errors
/// When the database refuses, as it does where the county has folded totals.
pub async fn fold_county(load: &mut Load, county: &str) -> Result<(), DbErr> {
    let totals = totals_of("school_month_total");
    load.execute(&format!("{totals} where county_code = $1 group by {SCHOOL_KEY}"), county).await?;
    for packed in PACKED {
        let from = if packed == OF_CATEGORIES { "school_month_total" } else { "school_total" };
        let rows = made_up(load.backend(), packed, &format!("(select * from {from} where county_code = $1) as totals"));
        let columns = packed.key.join(", ");
        load.execute(&format!("insert into {} ({columns}, sums) {rows}", packed.table), county).await?;
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

fn totals_of(table: &str) -> String {
    let sums = SUMMED.map(|column| format!("sum({column})")).join(", ");
    let columns = SUMMED.join(", ");
    format!("insert into school_total ({SCHOOL_KEY}, {columns}) select {SCHOOL_KEY}, {sums} from {table}")
}
