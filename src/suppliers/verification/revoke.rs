//! An approval is taken back: what the ledger makes of it is the ledger's.

use super::{
    advance::record,
    rules::Step,
    store::{self, Found, HOLDS},
};
use crate::{
    access::{Caller, Scope},
    http::{ApiError, Text},
    store::{Work, bulk},
};
use chrono::NaiveDate;
use entity::{
    id::{HouseholdId, SupplierId},
    supplier, supplier_revocation,
    verification::VerificationState,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, Statement,
    sea_query::Expr,
};
use std::collections::{BTreeSet, HashSet};

/// A supplier of `scope`: its own, or registered in the scope's divisions.
///
/// # Errors
/// When the database does not answer.
pub async fn find_verified(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: SupplierId,
) -> Result<Option<supplier::Model>, DbErr> {
    let held = scope.on_registered(supplier::Column::Id, supplier::Column::DivisionCode);
    supplier::Entity::find_by_id(id).filter(held).one(db).await
}

/// The approval of a supplier of `scope` that can be revoked: one that holds, suspended or not, else the last that ran out.
///
/// # Errors
/// 404 outside the scope, 409 where there is none.
pub async fn find_revocable(db: &impl ConnectionTrait, scope: &Scope, id: SupplierId) -> Result<Found, ApiError> {
    let supplier = find_verified(db, scope, id).await?.ok_or(ApiError::NotFound)?;
    if let Some(held) = store::find_held(db, &supplier, &HOLDS).await? {
        return Ok(held);
    }
    let expired = store::find_held(db, &supplier, &[VerificationState::Expired]).await?;
    expired.ok_or_else(|| {
        ApiError::conflict(
            "nothing_to_revoke",
            Text::new("该主体没有可撤销的批准。", "The supplier has no approval that could be revoked."),
        )
    })
}

/// Takes an approval back, within the change of whoever corrects the ledger.
///
/// # Errors
/// 409 in the wrong state, 412 where somebody else was faster.
pub async fn revoke(
    work: &mut Work<'_>,
    caller: &Caller,
    found: &mut Found,
    effective_from: NaiveDate,
    reason: String,
) -> Result<(), ApiError> {
    record(work, caller, found, &Step::Revoke { effective_from }, Some(reason)).await
}

/// The revocations of a supplier end with its next approval: what it sells from that day on counts again.
pub(super) async fn end_revocations(
    db: &impl ConnectionTrait,
    supplier: SupplierId,
    today: NaiveDate,
) -> Result<(), DbErr> {
    use supplier_revocation::Column;
    supplier_revocation::Entity::update_many()
        .col_expr(Column::EndedOn, Expr::value(today))
        .filter(Column::SupplierId.eq(supplier))
        .filter(Column::EndedOn.is_null())
        .exec(db)
        .await
        .map(drop)
}

/// Keeps these suppliers, and those that these households are, from being revoked until the transaction ends: what it
/// writes into the ledger is either seen by a revocation or knows of it.
///
/// # Errors
/// When the database does not answer.
pub async fn hold(
    txn: &impl ConnectionTrait,
    suppliers: &BTreeSet<SupplierId>,
    households: &BTreeSet<HouseholdId>,
) -> Result<(), DbErr> {
    let backend = txn.get_database_backend();
    // On SQLite the transaction holds the write lock already.
    if backend != DbBackend::Postgres || suppliers.is_empty() && households.is_empty() {
        return Ok(());
    }
    let wanted = suppliers.iter().map(|id| id.0).chain(households.iter().map(|id| id.0));
    let (relation, values) = bulk::ids(backend, wanted)?;
    let sql = format!(
        "select s.id from supplier s where s.id in (select r.id from {relation} union \
         select k.id from {relation} join supplier k on k.household_id = r.id) order by s.id for share of s"
    );
    txn.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// Those of these suppliers whose sales of `day` count for nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn revoked_on(
    db: &impl ConnectionTrait,
    suppliers: &BTreeSet<SupplierId>,
    day: NaiveDate,
) -> Result<HashSet<SupplierId>, DbErr> {
    use supplier_revocation::Column;
    if suppliers.is_empty() {
        return Ok(HashSet::new());
    }
    let found: Vec<SupplierId> = supplier_revocation::Entity::find()
        .select_only()
        .column(Column::SupplierId)
        .filter(Column::SupplierId.is_in(suppliers.iter().copied()))
        .filter(Column::EffectiveFrom.lte(day))
        .filter(Condition::any().add(Column::EndedOn.is_null()).add(Column::EndedOn.gt(day)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}
