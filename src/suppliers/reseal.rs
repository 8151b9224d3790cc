//! Seals what is stored under older data keys anew, batch by batch, while the service runs.

use super::personal::SEALED;
use crate::{
    context::Ctx,
    store::bulk::{Kind, Rows},
    vault::VaultError,
};
use entity::{household, id::HouseholdId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};

/// Rows a batch holds: a few hundred kilobytes, and the time the write lock of SQLite is held for.
const BATCH: u64 = 200;

/// Rows with anything sealed under another key than that of `version`.
fn stale(version: i64) -> Condition {
    let current = format!("v{version}.%");
    let columns = household::COLUMN;
    // What is null is not unlike anything: rows without numbers are not among them.
    Condition::any()
        .add(columns.id_number_sealed.not_like(current.as_str()))
        .add(columns.phone_sealed.not_like(current.as_str()))
        .add(columns.bank_account_sealed.not_like(current.as_str()))
}

/// Households with anything sealed under another key than the present one.
///
/// # Errors
/// When the database does not answer or the keys cannot be read.
pub async fn households_to_reseal(ctx: &Ctx) -> Result<u64, VaultError> {
    let active = ctx.vault.open(ctx.store.primary()).await?.active();
    Ok(household::Entity::find().filter(stale(active)).count(ctx.store.primary()).await?)
}

/// Seals them under the present key; `done` hears how many after each batch. Each batch commits by itself, so that a run
/// that was cut short is taken up by the next one. A household changed meanwhile is left: the change sealed it anew.
///
/// # Errors
/// When the database does not answer or a sealed text cannot be opened; the batches before stay done.
pub async fn reseal_households(ctx: &Ctx, mut done: impl FnMut(u64)) -> Result<u64, VaultError> {
    let mut after: Option<HouseholdId> = None;
    let mut all = 0;
    loop {
        let txn = ctx.store.begin().await?;
        let keys = ctx.vault.open_to_seal(&txn, &ctx.ids, ctx.clock.now()).await?;
        let mut batch =
            household::Entity::find().filter(stale(keys.active())).order_by_asc(household::Column::Id).limit(BATCH);
        if let Some(after) = after {
            batch = batch.filter(household::Column::Id.gt(after));
        }
        let rows = batch.all(&txn).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = Some(last.id);
        let mut cells = Vec::with_capacity(rows.len());
        for mut row in rows {
            for field in SEALED {
                if let Some(number) = field.open(&keys, &row)? {
                    field.put(&keys, &ctx.ids, &mut row, Some(number.as_str()))?;
                }
            }
            cells.push(vec![
                row.id.into(),
                row.version.into(),
                row.id_number_sealed.into(),
                row.phone_sealed.into(),
                row.bank_account_sealed.into(),
            ]);
        }
        let names = ["id", "version", "id_number", "phone", "bank_account"];
        let kinds = [Kind::Uuid, Kind::Long, Kind::Text, Kind::Text, Kind::Text];
        let backend = txn.get_database_backend();
        let (relation, values) = Rows::new(&names, &kinds, cells).relation(backend)?;
        let sql = format!(
            "update household set id_number_sealed = r.id_number, phone_sealed = r.phone,
               bank_account_sealed = r.bank_account
             from {relation} where household.id = r.id and household.version = r.version"
        );
        let written = txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected();
        txn.commit().await?;
        all += written;
        done(all);
    }
}
