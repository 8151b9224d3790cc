//! Seals what suppliers' rows hold under older data keys anew, batch by batch, while the service runs.

use super::contact;
use crate::{context::Ctx, store::bulk, suppliers::personal::SEALED, vault::VaultError};
use entity::{id::SupplierId, supplier_contact};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

/// Rows a batch holds.
const BATCH: u64 = 200;

/// Rows with anything sealed under another key than that of `version`; what is null is not unlike anything.
fn stale(version: i64) -> Condition {
    let current = format!("v{version}.%");
    let columns = supplier_contact::COLUMN;
    Condition::any()
        .add(columns.id_number_sealed.not_like(current.as_str()))
        .add(columns.phone_sealed.not_like(current.as_str()))
        .add(columns.bank_account_sealed.not_like(current.as_str()))
}

/// Suppliers with anything sealed under another key than the present one.
///
/// # Errors
/// When the database does not answer or the keys cannot be read.
pub async fn suppliers_to_reseal(ctx: &Ctx) -> Result<u64, VaultError> {
    let active = ctx.vault.open(ctx.store.primary()).await?.active();
    Ok(supplier_contact::Entity::find().filter(stale(active)).count(ctx.store.primary()).await?)
}

/// Seals them under the present key; returns how many. Each batch commits by itself. The suppliers of a batch are locked
/// while it is sealed, as a change of their numbers raises their version first.
///
/// # Errors
/// When the database does not answer or a sealed text cannot be opened; the batches before stay done.
pub async fn reseal_suppliers(ctx: &Ctx) -> Result<u64, VaultError> {
    let mut after: Option<SupplierId> = None;
    let mut all = 0;
    loop {
        let txn = ctx.store.begin().await?;
        let keys = ctx.vault.open_to_seal(&txn, &ctx.ids, ctx.clock.now()).await?;
        let mut batch = supplier_contact::Entity::find()
            .filter(stale(keys.active()))
            .order_by_asc(supplier_contact::Column::SupplierId)
            .limit(BATCH);
        if let Some(after) = after {
            batch = batch.filter(supplier_contact::Column::SupplierId.gt(after));
        }
        let ids: Vec<SupplierId> = batch.all(&txn).await?.iter().map(|row| row.supplier_id).collect();
        let Some(last) = ids.last() else { return Ok(all) };
        after = Some(*last);
        if txn.get_database_backend() == DbBackend::Postgres {
            let (relation, values) = bulk::ids(DbBackend::Postgres, ids.iter().copied())?;
            let sql = format!(
                "select s.id from supplier s join {relation} on s.id = r.id order by s.id for no key update of s"
            );
            txn.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        }
        // Read again behind the lock.
        let rows =
            supplier_contact::Entity::find().filter(supplier_contact::Column::SupplierId.is_in(ids)).all(&txn).await?;
        for mut row in rows {
            for field in SEALED {
                if let Some(number) = contact::open(field, &keys, &row)? {
                    contact::put(field, &keys, &ctx.ids, &mut row, Some(number.as_str()))?;
                }
            }
            contact::store(&txn, &row).await?;
            all += 1;
        }
        txn.commit().await?;
    }
}
