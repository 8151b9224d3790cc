//! Clears what has served its time, a little at once so that nobody waits for it.

use crate::{context::Ctx, documents, http::ApiError};
use entity::{objection::FORGOTTEN, time::Timestamp};
use sea_orm::{ConnectionTrait, Statement, Value};
use uuid::Builder;

/// How long a key answers for a retry, and a passed-on event can be looked up.
const KEEP_MILLIS: i64 = 30 * DAY_MILLIS;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;
/// Rows deleted in one transaction.
const BATCH: u64 = 1_000;

/// Deletes keys, passed-on events, sessions that ended by themselves, lists of households that were never applied and imports of files, all
/// of more than 30 days ago, and notes on changed access of yesterday; forgets who may be called about objections answered as long ago;
/// answers how many rows went.
///
/// # Errors
/// When the database refuses; what went before stays gone.
pub async fn purge(ctx: &Ctx) -> Result<u64, ApiError> {
    let before = Timestamp(ctx.clock.now().0 - KEEP_MILLIS);
    // Ids begin with their instant, so a bound on them spares a walk over the events of the last days.
    let millis = u64::try_from(before.0).unwrap_or_default();
    let first_kept = Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    let keys = format!(
        "delete from idempotency where (account_id, key) in \
         (select account_id, key from idempotency where created_at < $1 order by created_at limit {BATCH})"
    );
    let events = format!(
        "delete from outbox where id in \
         (select id from outbox where id < $1 and delivered_at < $2 order by id limit {BATCH})"
    );
    let sessions = format!(
        "delete from session where id in \
         (select id from session where expires_at < $1 order by expires_at limit {BATCH})"
    );
    // Read within a minute of being written; kept a day for whoever asks why someone was logged out.
    let changes = format!(
        "delete from access_change where id in \
         (select id from access_change where at < $1 order by at limit {BATCH})"
    );
    let rows = format!(
        "delete from household_list_row where (list_id, line) in \
         (select r.list_id, r.line from household_list l join household_list_row r on r.list_id = l.id \
          where l.created_at < $1 and l.state <> 'applied' limit {BATCH})"
    );
    let lists = format!(
        "delete from household_list where id in \
         (select id from household_list where created_at < $1 and state <> 'applied' order by created_at limit {BATCH})"
    );
    // Rows of files nobody applied, and what was refused of all.
    let [parts, refusals] = ["file_import_part", "file_import_refusal"].map(|table| {
        let key = if table == "file_import_part" { "import_id, number" } else { "import_id, line, place" };
        let columns = key.split(", ").map(|column| format!("r.{column}")).collect::<Vec<_>>().join(", ");
        format!(
            "delete from {table} where ({key}) in (select {columns} from file_import i join {table} r \
             on r.import_id = i.id where i.created_at < $1 and i.state <> 'applying' limit {BATCH})"
        )
    });
    let imports = format!(
        "delete from file_import where id in (select id from file_import where created_at < $1 \
         and state <> 'applying' and not exists (select 1 from file_import_part p where p.import_id = file_import.id) \
         and not exists (select 1 from file_import_refusal f where f.import_id = file_import.id) limit {BATCH})"
    );
    // What was said and answered stays; whom to ask about it has served its purpose (P2).
    let contacts = format!(
        "update objection set contact_sealed = '{FORGOTTEN}' where id in (select id from objection \
         where contact_sealed <> '{FORGOTTEN}' and answered_at < $1 order by answered_at limit {BATCH})"
    );
    let yesterday = Timestamp(ctx.clock.now().0 - DAY_MILLIS);
    let gone = in_batches(ctx, &keys, &[before.into()]).await?
        + in_batches(ctx, &sessions, &[before.into()]).await?
        + in_batches(ctx, &rows, &[before.into()]).await?
        + in_batches(ctx, &lists, &[before.into()]).await?
        + in_batches(ctx, &parts, &[before.into()]).await?
        + in_batches(ctx, &refusals, &[before.into()]).await?
        + in_batches(ctx, &imports, &[before.into()]).await?
        + in_batches(ctx, &contacts, &[before.into()]).await?
        + in_batches(ctx, &changes, &[yesterday.into()]).await?;
    let gone = gone + documents::clear(ctx).await?;
    Ok(gone + in_batches(ctx, &events, &[first_kept.into(), before.into()]).await?)
}

async fn in_batches(ctx: &Ctx, sql: &str, values: &[Value]) -> Result<u64, ApiError> {
    let mut gone = 0;
    loop {
        let txn = ctx.store.begin().await?;
        let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values.iter().cloned());
        let deleted = txn.execute_raw(statement).await?.rows_affected();
        txn.commit().await?;
        gone += deleted;
        if deleted < BATCH {
            return Ok(gone);
        }
    }
}
