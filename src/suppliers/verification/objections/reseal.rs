//! Contacts of those who objected, sealed anew under the present key.

use super::place;
use crate::{
    context::Ctx,
    store::bulk::{Kind, Rows},
    vault::VaultError,
};
use entity::{
    id::ObjectionId,
    objection::{self, Column},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};

/// Contacts sealed anew in one transaction.
const BATCH: u64 = 500;

fn stale(active: i64) -> Condition {
    Condition::all()
        .add(Column::ContactSealed.is_not_null())
        .add(Column::ContactSealed.ne(objection::FORGOTTEN))
        .add(Column::ContactSealed.not_like(format!("v{active}.%").as_str()))
}

/// Objections whose contact is sealed under another key than the present one.
///
/// # Errors
/// When the database does not answer or the keys cannot be read.
pub async fn objections_to_reseal(ctx: &Ctx) -> Result<u64, VaultError> {
    let active = ctx.vault.open(ctx.store.primary()).await?.active();
    Ok(objection::Entity::find().filter(stale(active)).count(ctx.store.primary()).await?)
}

/// Seals them under the present key; answers how many. Each batch commits by itself, so that a run that was cut short is
/// taken up by the next one.
///
/// # Errors
/// When the database does not answer or a sealed text cannot be opened; the batches before stay done.
pub async fn reseal_objections(ctx: &Ctx) -> Result<u64, VaultError> {
    let mut all = 0;
    let mut after: Option<ObjectionId> = None;
    loop {
        let txn = ctx.store.begin().await?;
        let keys = ctx.vault.open_to_seal(&txn, &ctx.ids, ctx.clock.now()).await?;
        let mut batch = objection::Entity::find().filter(stale(keys.active())).order_by_asc(Column::Id).limit(BATCH);
        if let Some(after) = after {
            batch = batch.filter(Column::Id.gt(after));
        }
        let rows = batch.all(&txn).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = Some(last.id);
        let mut cells = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(sealed) = &row.contact_sealed {
                let plain = keys.open(place(row.id), sealed)?;
                cells.push(vec![row.id.into(), keys.seal(&ctx.ids, place(row.id), &plain)?.into()]);
            }
        }
        let backend = txn.get_database_backend();
        let (relation, values) = Rows::new(&["id", "contact"], &[Kind::Uuid, Kind::Text], cells).relation(backend)?;
        let sql = format!("update objection set contact_sealed = r.contact from {relation} where objection.id = r.id");
        all += txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected();
        txn.commit().await?;
    }
}
