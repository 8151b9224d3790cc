//! What the calendar does: approvals run out, and who is next is told that a notice is over or an approval about to end.

use super::{
    history,
    rules::{Deed, Step},
};
use crate::{
    audit::machine_line,
    cache::Topic,
    context::Ctx,
    finding,
    http::ApiError,
    registry::Authorities,
    store::{
        bulk::{self, Kind, Rows},
        outbox_line,
    },
};
use chrono::{Days, NaiveDate};
use entity::{
    id::{SupplierId, VerificationId},
    outbox, supplier,
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, Statement, Value};
use serde_json::json;

/// Verifications settled in one transaction.
const BATCH: usize = 200;
/// Days ahead of its end that an approval is spoken of.
const AHEAD: u64 = 30;

#[derive(FromQueryResult)]
struct Due {
    id: VerificationId,
    supplier_id: SupplierId,
    division_code: String,
    steps: i32,
}

/// Lets approvals whose last day is over expire, and reminds of notices that are over and approvals that end within 30
/// days; answers how many verifications that were.
///
/// # Errors
/// When the database refuses; what was settled before stays.
pub async fn settle_due(ctx: &Ctx) -> Result<u64, ApiError> {
    let today = ctx.clock.now().business_day();
    let soon = today.checked_add_days(Days::new(AHEAD)).unwrap_or(today);
    let mut settled = 0;
    for (topic, condition, day) in [
        ("verification.expired", "v.state in ('approved', 'suspended') and v.expires_on < $1", today),
        ("verification.expiring", "v.state = 'approved' and v.reminded_on is null and v.expires_on <= $1", soon),
        ("verification.notice_over", "v.state = 'noticed' and v.reminded_on is null and v.notice_until_on < $1", today),
    ] {
        loop {
            let count = batch(ctx, topic, condition, (day, today)).await?;
            settled += count as u64;
            if count < BATCH {
                break;
            }
        }
    }
    if settled > 0 {
        ctx.pages.changed(Topic::Listings);
    }
    Ok(settled)
}

async fn batch(
    ctx: &Ctx,
    topic: &str,
    condition: &str,
    (day, today): (NaiveDate, NaiveDate),
) -> Result<usize, ApiError> {
    // Most looks find nothing; they should not take the write lock to find it.
    if due(ctx.store.primary(), condition, day, "").await?.is_empty() {
        return Ok(0);
    }
    let txn = ctx.store.begin().await?;
    let postgres = txn.get_database_backend() == DbBackend::Postgres;
    let due = due(&txn, condition, day, if postgres { " for update of v skip locked" } else { "" }).await?;
    let at = ctx.clock.now();
    if topic == "verification.expired" {
        expire(&txn, &due, at).await?;
    } else {
        let values = vec![today.into()];
        change(&txn, &due, "update verification set reminded_on = $2 from {r} where verification.id = r.id", values)
            .await?;
    }
    let authorities = Authorities::load(&txn, due.iter().map(|one| one.division_code.as_str())).await?;
    let events: Vec<outbox::Model> = due
        .iter()
        .map(|one| {
            let units = authorities.of(&one.division_code, topic == "verification.notice_over");
            let told = json!({"verification_id": one.id, "supplier_id": one.supplier_id, "units": units});
            outbox_line(ctx, at, topic, &told)
        })
        .collect();
    bulk::insert(&txn, &events).await?;
    if topic == "verification.expired" {
        let lines: Vec<_> = due
            .iter()
            .map(|one| {
                let facts = json!({"supplier_id": one.supplier_id, "verification_id": one.id});
                machine_line(ctx, "verification.expire", "verification", "jobs", facts)
            })
            .collect();
        bulk::insert(&txn, &lines).await?;
    }
    txn.commit().await?;
    Ok(due.len())
}

async fn due(db: &impl ConnectionTrait, condition: &str, day: NaiveDate, lock: &str) -> Result<Vec<Due>, DbErr> {
    let sql = format!(
        "select v.id, v.supplier_id, s.division_code, \
         cast((select count(*) from verification_step t where t.verification_id = v.id) as integer) as steps \
         from verification v join supplier s on s.id = v.supplier_id where {condition} order by v.id limit {BATCH}{lock}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [day.into()]);
    Due::find_by_statement(statement).all(db).await
}

async fn expire(txn: &DatabaseTransaction, due: &[Due], at: Timestamp) -> Result<(), DbErr> {
    let steps: Vec<_> = due
        .iter()
        .map(|one| {
            let number = usize::try_from(one.steps).unwrap_or_default() + 1;
            history::row(one.id, number, &Step::Expire, Deed { by: None, at }, None, None)
        })
        .collect();
    bulk::insert(txn, &steps).await?;
    change(
        txn,
        due,
        "update verification set state = 'expired', version = verification.version + 1 from {r} where verification.id = r.id",
        Vec::new(),
    )
    .await?;
    change(
        txn,
        due,
        "update supplier set status = 'expired', version = supplier.version + 1 from {r} where supplier.id = r.supplier_id",
        Vec::new(),
    )
    .await?;
    let expired: Vec<_> = due.iter().map(|one| one.supplier_id.0).collect();
    finding::renew::<supplier::Model>(txn, &expired).await
}

/// Runs a statement over the verifications that are due, `{r}` with their ids.
async fn change(txn: &DatabaseTransaction, due: &[Due], sql: &str, more: Vec<Value>) -> Result<(), DbErr> {
    let backend = txn.get_database_backend();
    let cells = due.iter().map(|one| vec![one.id.into(), one.supplier_id.into()]).collect();
    let (names, kinds) = (["id", "supplier_id"], [Kind::Uuid, Kind::Uuid]);
    let (relation, mut values) = Rows::new(&names, &kinds, cells).relation(backend)?;
    // SQLite binds the rows as one value, PostgreSQL as one a column.
    let first = values.len() + 1;
    values.extend(more);
    let sql = sql.replace("$2", &format!("${first}")).replace("{r}", &relation);
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}
