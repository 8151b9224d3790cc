//! What every change of a supplier shares: reach, the row under the optimistic lock, what the trail keeps.

use super::view::show;
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, IfMatch},
    registry::find_division,
    store::Work,
    suppliers::list::SupplierResponse,
};
use entity::{id::SupplierId, supplier};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

/// A supplier the scope holds, or that is registered in its divisions; whether by the latter, as its authority.
///
/// # Errors
/// 404 outside.
pub(in crate::suppliers) async fn in_reach(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: SupplierId,
) -> Result<(supplier::Model, bool), ApiError> {
    let found = supplier::Entity::find_by_id(id).one(db).await?.ok_or(ApiError::NotFound)?;
    let division = find_division(db, &found.division_code).await?.ok_or(ApiError::NotFound)?;
    let authority = scope.covers_division(&division);
    if authority || scope.covers_supplier(id) { Ok((found, authority)) } else { Err(ApiError::NotFound) }
}

/// The same in the version the caller saw.
///
/// # Errors
/// 404 outside the scope, 412 when somebody else was faster.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: SupplierId,
    version: &IfMatch,
) -> Result<(supplier::Model, bool), ApiError> {
    let (found, authority) = in_reach(db, scope, id).await?;
    version.check(found.version)?;
    Ok((found, authority))
}

/// Writes the supplier's columns unless somebody else changed it meanwhile.
///
/// # Errors
/// 412 when somebody else was faster; a duplicate where another has its code.
pub(super) async fn save(db: &impl ConnectionTrait, row: &mut supplier::Model) -> Result<(), ApiError> {
    use supplier::Column;
    let columns = supplier::COLUMN;
    let changed = supplier::Entity::update_many()
        .col_expr(Column::Name, Expr::value(row.name.clone()))
        .col_expr(Column::Kind, Expr::value(row.kind.to_value()))
        .col_expr(Column::DivisionCode, Expr::value(row.division_code.clone()))
        .col_expr(Column::SocialCreditCode, Expr::value(row.social_credit_code.clone()))
        .col_expr(Column::Village, Expr::value(row.village.clone()))
        .col_expr(Column::Version, Expr::value(row.version + 1))
        .filter(columns.id.eq(row.id))
        .filter(columns.version.eq(row.version))
        .exec(db)
        .await?;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: row.version + 1 });
    }
    row.version += 1;
    Ok(())
}

/// What the trail keeps of a supplier.
pub(super) fn tracked(row: &supplier::Model) -> serde_json::Value {
    json!({
        "name": row.name, "kind": row.kind, "division_code": row.division_code, "village": row.village,
        "social_credit_code": row.social_credit_code,
    })
}

/// Notes a change of a supplier and answers with it.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn told(
    (ctx, caller): (&Ctx, &Caller),
    work: &mut Work<'_>,
    action: &str,
    row: &supplier::Model,
    [before, after]: [&serde_json::Value; 2],
) -> Result<SupplierResponse, ApiError> {
    let facts = json!({ "supplier_id": row.id, "code": row.code });
    work.changed(action, "supplier", &row.id, &facts, before, after);
    let scope = caller.actor.may(Action::Read, Resource::Supplier)?;
    show(ctx, work.txn(), caller, &scope, row.clone()).await
}
