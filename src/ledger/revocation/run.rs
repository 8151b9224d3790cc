//! Writes the correcting lines of revocations, a few hundred at once.

use super::{
    correction::{correct, without_producer},
    extent::{Doubted, next_lines},
};
use crate::{
    audit::machine_line,
    cache::Topic,
    context::Ctx,
    http::ApiError,
    ledger::record::record,
    store::{bulk, outbox_line},
};
use entity::{
    id::SchoolId,
    supplier,
    supplier_revocation::{self, Column},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use serde_json::json;
use std::collections::BTreeSet;

/// Lines corrected in one transaction.
const BATCH: u64 = 500;

/// Corrects the lines of revocations that are under way; answers how many lines were. Each batch commits with its totals
/// and with how far it has come, so that a process that dies is taken up by the next look, and no figure is ever half
/// corrected. A line is taken back once: the table's key sees to it.
///
/// # Errors
/// When the database refuses; the batches before stay.
pub async fn correct_revoked(ctx: &Ctx) -> Result<u64, ApiError> {
    let mut all = 0;
    while let Some(corrected) = correct_batch(ctx, BATCH).await? {
        all += corrected;
    }
    Ok(all)
}

/// One batch of the oldest revocation, `most` lines; none where nothing is under way.
///
/// # Errors
/// When the database refuses; then the batch was not written.
pub async fn correct_batch(ctx: &Ctx, most: u64) -> Result<Option<u64>, ApiError> {
    let under_way = supplier_revocation::Entity::find().filter(Column::FinishedAt.is_null());
    // Most looks find nothing; they should not take the write lock to find it.
    if under_way.clone().one(ctx.store.primary()).await?.is_none() {
        return Ok(None);
    }
    let txn = ctx.store.begin().await?;
    let run = under_way
        .order_by_asc(Column::Id)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(&txn)
        .await?;
    let Some(run) = run else { return Ok(None) };
    let at = ctx.clock.now();
    let supplier = supplier::Entity::find_by_id(run.supplier_id).one(&txn).await?;
    let doubted = Doubted {
        supplier: run.supplier_id,
        household: supplier.and_then(|supplier| supplier.household_id),
        from: run.effective_from,
        before: run.ended_on,
    };
    let lines = next_lines(&txn, &run, doubted, most).await?;
    let of_run = supplier_revocation::Entity::update_many().filter(Column::Id.eq(run.id));
    let Some(last) = lines.last() else {
        if run.reached_id.is_some() {
            // Once more from the first line: what is found then was written meanwhile.
            of_run
                .col_expr(Column::ReachedOn, Expr::value(None::<chrono::NaiveDate>))
                .col_expr(Column::ReachedId, Expr::value(None::<uuid::Uuid>))
                .exec(&txn)
                .await?;
        } else {
            of_run.col_expr(Column::FinishedAt, Expr::value(at.0)).exec(&txn).await?;
            let facts = json!({
                "supplier_id": run.supplier_id, "revocation_id": run.id, "effective_from": run.effective_from,
                "corrected": run.corrected,
            });
            let done = machine_line(ctx, "revocation.finish", "verification", "jobs", facts);
            bulk::insert(&txn, &[done]).await?;
        }
        txn.commit().await?;
        return Ok(Some(0));
    };
    of_run
        .col_expr(Column::ReachedOn, Expr::value(last.purchased_on))
        .col_expr(Column::ReachedId, Expr::value(last.id.0))
        .col_expr(Column::Corrected, Expr::value(run.corrected + i64::try_from(lines.len()).unwrap_or_default()))
        .exec(&txn)
        .await?;
    let corrected = lines.len() as u64;
    let schools: BTreeSet<SchoolId> = lines.iter().map(|line| line.school_id).collect();
    let events: Vec<_> = schools
        .iter()
        .map(|school| {
            let told = json!({"school_id": school, "supplier_id": run.supplier_id, "subject": run.supplier_id});
            outbox_line(ctx, at, "ledger.corrected", &told)
        })
        .collect();
    bulk::insert(&txn, &events).await?;
    let (sold, named): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.supplier_id == Some(run.supplier_id));
    let corrections = [correct(&ctx.ids, &sold, at), without_producer(&ctx.ids, &named, at)].concat();
    record(&txn, &corrections).await?;
    txn.commit().await?;
    for school in schools {
        ctx.pages.changed(Topic::School(school));
    }
    ctx.pages.changed(Topic::Ledger);
    Ok(Some(corrected))
}
