//! Speaks of licences that are about to run out.

use crate::{
    context::Ctx,
    http::ApiError,
    registry::Authorities,
    store::{bulk, outbox_line},
};
use chrono::Days;
use entity::{
    id::{LicenceId, SupplierId},
    outbox,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use serde_json::json;

/// Licences spoken of in one transaction.
const BATCH: usize = 200;
/// Days ahead of its end that a licence is spoken of.
const AHEAD: u64 = 30;

#[derive(FromQueryResult)]
struct Due {
    id: LicenceId,
    supplier_id: SupplierId,
    division_code: String,
}

/// Tells suppliers and their authorities, once each, of licences that end within 30 days; answers how many those were.
///
/// # Errors
/// When the database refuses; what was told before stays told.
pub async fn remind_of_licences(ctx: &Ctx) -> Result<usize, ApiError> {
    let mut told = 0;
    loop {
        let count = batch(ctx).await?;
        told += count;
        if count < BATCH {
            return Ok(told);
        }
    }
}

async fn batch(ctx: &Ctx) -> Result<usize, ApiError> {
    let today = ctx.clock.now().business_day();
    let soon = today.checked_add_days(Days::new(AHEAD)).unwrap_or(today);
    let days = [today.into(), soon.into()];
    // Most looks find nothing; they should not take the write lock to find it.
    if due(ctx.store.primary(), &days, "").await?.is_empty() {
        return Ok(0);
    }
    let txn = ctx.store.begin().await?;
    let backend = txn.get_database_backend();
    let lock = if backend == DbBackend::Postgres { " for update of l skip locked" } else { "" };
    let due = due(&txn, &days, lock).await?;
    let authorities = Authorities::load(&txn, due.iter().map(|one| one.division_code.as_str())).await?;
    let at = ctx.clock.now();
    let event = |one: &Due| {
        let units = authorities.of(&one.division_code, false);
        let told = json!({"licence_id": one.id, "supplier_id": one.supplier_id, "units": units});
        outbox_line(ctx, at, "licence.expiring", &told)
    };
    let events: Vec<outbox::Model> = due.iter().map(event).collect();
    bulk::insert(&txn, &events).await?;
    let (relation, mut values) = bulk::ids(backend, due.iter().map(|one| one.id))?;
    values.push(today.into());
    let sql = format!("update licence set reminded_on = ${} where id in (select id from {relation})", values.len());
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    txn.commit().await?;
    Ok(due.len())
}

async fn due(db: &impl ConnectionTrait, days: &[Value; 2], lock: &str) -> Result<Vec<Due>, DbErr> {
    let sql = format!(
        "select l.id, l.supplier_id, s.division_code from licence l join supplier s on s.id = l.supplier_id \
         where l.valid_to between $1 and $2 and l.reminded_on is null order by l.valid_to, l.id limit {BATCH}{lock}"
    );
    Due::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, days.clone())).all(db).await
}
