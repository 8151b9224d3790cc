//! The chain: committed rows get their place, and a day that is over gets its head signed.
//!
//! Not in the writer's transaction: one row shared by all writers would make them queue. A row may commit after one
//! with a higher id, so each look goes back a little and takes what has no seal; a place once given stays.

use super::{
    canon::{GENESIS, Row, day_message, link},
    store,
};
use crate::{
    context::Ctx,
    http::ApiError,
    store::{Alone, bulk, is_duplicate},
};
use chrono::NaiveDate;
use entity::{audit_day, audit_entry, audit_seal, id::AuditEntryId, time::Timestamp};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

/// Rows sealed in one transaction: on SQLite everybody waits for it.
const BATCH: u64 = 500;
/// Batches of one look: the other jobs have their turn too.
const BATCHES: u32 = 20;
/// How far every look goes back behind the newest sealed row.
const RECENT_MILLIS: i64 = 5_000;
/// How far a thorough look goes back: far longer than any request may take.
const WINDOW_MILLIS: i64 = 3_600_000;
/// How long after midnight a day may still get rows; what commits later goes into the next day's chain.
const GRACE_MILLIS: i64 = 120_000;

/// How far back to look for rows without a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A few seconds: every look.
    Recent,
    /// An hour: now and then, and before a day is signed.
    Window,
    /// Everything: after playing past days, and by hand.
    All,
}

/// Seals what waits and signs the days that are over; answers how many rows were sealed.
///
/// # Errors
/// When the database refuses; then the rows wait on.
pub async fn seal(ctx: &Ctx, reach: Reach) -> Result<u64, ApiError> {
    let (mut sealed, mut all) = seal_waiting(ctx, reach).await?;
    // With more rows waiting, a day's last ones may be among them.
    while all && let Some(day) = day_to_sign(ctx, ctx.store.primary()).await? {
        // Whatever of that day came late, as far as anything can.
        let (late, complete) = seal_waiting(ctx, Reach::Window).await?;
        sealed += late;
        all = complete && sign(ctx, day).await?;
    }
    Ok(sealed)
}

/// How many rows were sealed, and whether those were all.
async fn seal_waiting(ctx: &Ctx, reach: Reach) -> Result<(u64, bool), ApiError> {
    let last = store::last_seal(ctx.store.primary()).await?;
    let mut from = start(ctx, last.as_ref(), reach);
    let (mut sealed, mut batches) = (0, 0);
    loop {
        let rows = seal_batch(ctx, from).await?;
        sealed += u64::try_from(rows.len()).unwrap_or_default();
        batches += 1;
        match rows.last() {
            Some(last) if u64::try_from(rows.len()).is_ok_and(|count| count == BATCH) => {
                // Not from the start again: a long backlog would be walked over once for each batch.
                from = AuditEntryId(Uuid::from_u128(last.entry_id.0.as_u128().saturating_add(1)));
            }
            _ => return Ok((sealed, true)),
        }
        if batches == BATCHES && reach != Reach::All {
            return Ok((sealed, false));
        }
    }
}

async fn seal_batch(ctx: &Ctx, from: AuditEntryId) -> Result<Vec<audit_seal::Model>, ApiError> {
    let end = AuditEntryId(Uuid::max());
    // Most looks find nothing; they should not take the write lock to find it.
    if store::waiting(ctx.store.primary(), from, end, 1).await?.is_empty() {
        return Ok(Vec::new());
    }
    let txn = ctx.store.begin().await?;
    if !Alone::Seal.begin(&txn).await? {
        return Ok(Vec::new());
    }
    let last = store::last_seal(&txn).await?;
    let signed = store::last_day(&txn).await?.map(|day| day.day);
    let rows = store::waiting(&txn, from, end, BATCH).await?;
    let seals = chain(rows, last, signed, ctx.clock.now().business_day());
    match bulk::insert(&txn, &seals).await {
        Ok(()) => txn.commit().await?,
        // Somebody sealed without our lock and was faster; the next look finds what is left.
        Err(error) if is_duplicate(&error) => {
            txn.rollback().await?;
            return Ok(Vec::new());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(seals)
}

/// Where the look begins. A clock that ran ahead must not hide the rows of the others.
fn start(ctx: &Ctx, last: Option<&audit_seal::Model>, reach: Reach) -> AuditEntryId {
    let back = match reach {
        Reach::Recent => RECENT_MILLIS,
        Reach::Window => WINDOW_MILLIS,
        Reach::All => return AuditEntryId(Uuid::nil()),
    };
    last.map_or(AuditEntryId(Uuid::nil()), |last| {
        let newest = store::instant_of(last.entry_id).min(ctx.clock.now());
        store::first_id(Timestamp(newest.0 - back))
    })
}

/// The next links. Days never run backwards along the chain, and none follows its own signature.
fn chain(
    rows: Vec<audit_entry::Model>,
    last: Option<audit_seal::Model>,
    signed: Option<NaiveDate>,
    today: NaiveDate,
) -> Vec<audit_seal::Model> {
    let open = signed.and_then(|day| day.succ_opt());
    let mut earliest = last.as_ref().map(|last| last.day).max(open);
    let (mut seq, mut before) = last.map_or((0, GENESIS.to_owned()), |last| (last.seq, last.hash));
    rows.into_iter()
        .map(|entry| {
            let (entry_id, row) = (entry.id, Row::from(entry));
            let own = row.day().min(today);
            let day = earliest.map_or(own, |earliest| earliest.max(own));
            earliest = Some(day);
            seq += 1;
            let row_hash = row.hash();
            before = link(&before, seq, day, row.id, &row_hash);
            audit_seal::Model { seq, day, entry_id, row_hash, hash: before.clone() }
        })
        .collect()
}

/// The oldest day of the chain that is over and not signed.
async fn day_to_sign(ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Option<NaiveDate>, DbErr> {
    let signed = store::last_day(db).await?.map_or(0, |day| day.last_seq);
    let first = store::seal_from(db, signed + 1).await?;
    let settled = Timestamp(ctx.clock.now().0 - GRACE_MILLIS).business_day();
    Ok(first.map(|first| first.day).filter(|day| *day < settled))
}

/// Signs the head of a day; `false` when another replica holds the chain or was faster.
async fn sign(ctx: &Ctx, day: NaiveDate) -> Result<bool, ApiError> {
    let txn = ctx.store.begin().await?;
    if !Alone::Seal.begin(&txn).await? || day_to_sign(ctx, &txn).await? != Some(day) {
        return Ok(false);
    }
    let signed = store::last_day(&txn).await?.map_or(0, |day| day.last_seq);
    let first = store::seal_from(&txn, signed + 1).await?;
    let last = store::last_of_day(&txn, day).await?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(false) };
    let message = day_message(day, last.seq, &last.hash);
    let signed_at = ctx.clock.now();
    let signed = ctx.tokens.sign(message.as_bytes(), signed_at);
    let (key_id, signature) = signed.ok_or_else(|| ApiError::internal("the audit day could not be signed"))?;
    let row = audit_day::Model {
        day,
        first_seq: first.seq,
        last_seq: last.seq,
        head: last.hash,
        key_id,
        signature,
        signed_at,
    };
    bulk::insert(&txn, std::slice::from_ref(&row)).await?;
    txn.commit().await?;
    // Also outside the database: whoever rewrites the tables does not rewrite the log.
    tracing::info!(%day, last_seq = row.last_seq, head = row.head, signature = row.signature, "audit day signed");
    Ok(true)
}
