//! Clears what nobody needs any more: uploads that prove nothing after a day, documents the law lets go (F2), and
//! content that no document has.

use super::upload::unkept;
use crate::{audit, context::Ctx, http::ApiError, store::bulk};
use chrono::NaiveDate;
use entity::{document, document_content, document_link, id::DocumentId, time::Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Query},
};

/// Documents taken in one transaction.
const BATCH: u64 = 200;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// Clears documents and their content; answers how many documents went.
///
/// # Errors
/// When the database or the store of files refuses; what went before stays gone.
pub async fn clear(ctx: &Ctx) -> Result<u64, ApiError> {
    let now = ctx.clock.now();
    let yesterday = Timestamp(now.0 - DAY_MILLIS);
    let unused =
        Condition::all().add(document::Column::LinkedAt.is_null()).add(document::Column::UploadedAt.lt(yesterday));
    let gone =
        in_batches(ctx, &unused, "unused").await? + in_batches(ctx, &expired(now.business_day()), "kept").await?;
    clear_content(ctx, yesterday).await?;
    Ok(gone)
}

/// Documents all of whose links have had their time.
fn expired(today: NaiveDate) -> Condition {
    use document_link::{Column, Entity};
    let links = || Query::select().column(Column::DocumentId).from(Entity).to_owned();
    let past = links().and_where(Column::KeepUntil.lt(today)).to_owned();
    let held = links().and_where(Column::KeepUntil.is_null().or(Column::KeepUntil.gte(today))).to_owned();
    Condition::all().add(document::Column::Id.in_subquery(past)).add(document::Column::Id.not_in_subquery(held))
}

async fn in_batches(ctx: &Ctx, which: &Condition, why: &str) -> Result<u64, ApiError> {
    let mut gone = 0;
    loop {
        let txn = ctx.store.begin().await?;
        let rows = document::Entity::find()
            .filter(which.clone())
            .order_by_asc(document::Column::Id)
            .limit(BATCH)
            .all(&txn)
            .await?;
        if rows.is_empty() {
            return Ok(gone);
        }
        let ids: Vec<DocumentId> = rows.iter().map(|row| row.id).collect();
        document_link::Entity::delete_many()
            .filter(document_link::Column::DocumentId.is_in(ids.iter().copied()))
            .exec(&txn)
            .await?;
        // Asked again with the rows in hand: one of them may have come into use meanwhile.
        document::Entity::delete_many().filter(document::Column::Id.is_in(ids.iter().copied())).exec(&txn).await?;
        note_unused(&txn, rows.iter().map(|row| row.sha256.as_str()), ctx.clock.now()).await?;
        let told = serde_json::json!({ "why": why, "documents": ids });
        let line = audit::machine_line(ctx, "document.clear", "document", "clearing", told);
        bulk::insert(&txn, &[line]).await?;
        txn.commit().await?;
        gone += u64::try_from(rows.len()).unwrap_or_default();
    }
}

/// Notes since when content is no document's, where that is so.
pub(super) async fn note_unused<'a>(
    db: &impl ConnectionTrait,
    hashes: impl IntoIterator<Item = &'a str>,
    at: Timestamp,
) -> Result<(), DbErr> {
    let used = document::Entity::find().select_only().column(document::Column::Sha256).into_query();
    document_content::Entity::update_many()
        .col_expr(document_content::Column::UnusedSince, Expr::value(at))
        .filter(document_content::Column::Sha256.is_in(hashes))
        .filter(document_content::Column::Sha256.not_in_subquery(used))
        .exec(db)
        .await
        .map(drop)
}

/// Removes content a day after its last document went. The row is locked until the file is gone: an upload of the same
/// content waits and puts it again.
async fn clear_content(ctx: &Ctx, before: Timestamp) -> Result<(), ApiError> {
    use document_content::{Column, Entity};
    let used = || {
        document::Entity::find()
            .select_only()
            .column(document::Column::Sha256)
            .filter(Expr::col((document::Entity, document::Column::Sha256)).equals((Entity, Column::Sha256)))
            .into_query()
    };
    let hashes: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Sha256)
        .filter(Column::UnusedSince.lt(before))
        .filter(Expr::exists(used()).not())
        .limit(BATCH)
        .into_tuple()
        .all(ctx.store.primary())
        .await?;
    for hash in hashes {
        let txn = ctx.store.begin().await?;
        let taken = Entity::delete_many()
            .filter(Column::Sha256.eq(hash.as_str()))
            .filter(Column::UnusedSince.lt(before))
            .filter(Expr::exists(used()).not())
            .exec(&txn)
            .await?;
        if taken.rows_affected == 1 {
            ctx.files.remove(&hash).await.map_err(unkept)?;
        }
        txn.commit().await?;
    }
    Ok(())
}
