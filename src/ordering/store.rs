//! Queries on orders: reads take a scope, writes take the transaction and the version they saw.

use super::read::OrderQuery;
use crate::{
    access::Scope,
    http::ApiError,
    store::bulk::{Kind, Rows},
};
use entity::{
    id::{OrderId, OrderLineId},
    order_line,
    purchase_order::{self, OrderStatus},
    time::Timestamp,
    weight::BaseQuantity,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    sea_query::Expr,
};
use uuid::Uuid;

/// An order within the scope.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: OrderId,
) -> Result<Option<purchase_order::Model>, DbErr> {
    purchase_order::Entity::find_by_id(id)
        .filter(scope.rows(Some(purchase_order::Column::SchoolId), Some(purchase_order::Column::SupplierId)))
        .one(db)
        .await
}

pub(super) async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    query: &OrderQuery,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<purchase_order::Model>, DbErr> {
    let mut select = purchase_order::Entity::find()
        .filter(scope.rows(Some(purchase_order::Column::SchoolId), Some(purchase_order::Column::SupplierId)));
    if let Some(status) = query.status {
        select = select.filter(purchase_order::Column::Status.eq(status.to_value()));
    }
    if let Some(day) = query.deliver_on {
        select = select.filter(purchase_order::Column::DeliverOn.eq(day));
    }
    if let Some(after) = after {
        select = select.filter(purchase_order::Column::Id.lt(after));
    }
    select.order_by_desc(purchase_order::Column::Id).limit(limit).all(db).await
}

/// Lines of these orders, in order.
///
/// # Errors
/// When the database does not answer.
pub async fn lines_of(
    db: &impl ConnectionTrait,
    orders: impl IntoIterator<Item = OrderId>,
) -> Result<Vec<order_line::Model>, DbErr> {
    order_line::Entity::find()
        .filter(order_line::Column::OrderId.is_in(orders))
        .order_by_asc(order_line::Column::OrderId)
        .order_by_asc(order_line::Column::LineNo)
        .all(db)
        .await
}

/// What changes in an order.
pub struct Change {
    /// The new state.
    pub status: OrderStatus,
    /// When it was answered, if this is the answer.
    pub answered_at: Option<Timestamp>,
    /// Why it was declined or cancelled.
    pub reason: Option<String>,
}

/// Moves an order on, if nobody else did meanwhile.
///
/// # Errors
/// 412 when the version is no longer the one that was read.
pub async fn update(
    db: &impl ConnectionTrait,
    order: &purchase_order::Model,
    change: Change,
) -> Result<purchase_order::Model, ApiError> {
    let mut next = order.clone();
    next.status = change.status;
    next.answered_at = change.answered_at.or(order.answered_at);
    next.reason = change.reason.or_else(|| order.reason.clone());
    next.version = order.version + 1;
    let updated = purchase_order::Entity::update_many()
        .col_expr(purchase_order::Column::Status, Expr::value(next.status.to_value()))
        .col_expr(purchase_order::Column::AnsweredAt, Expr::value(next.answered_at))
        .col_expr(purchase_order::Column::Reason, Expr::value(next.reason.clone()))
        .col_expr(purchase_order::Column::Version, Expr::value(next.version))
        .filter(purchase_order::Column::Id.eq(order.id))
        .filter(purchase_order::Column::Version.eq(order.version))
        .exec(db)
        .await?;
    if updated.rows_affected == 1 { Ok(next) } else { Err(ApiError::Stale { version: next.version }) }
}

/// Writes each line's confirmed quantity, in one statement.
///
/// # Errors
/// When the database refuses.
pub async fn confirm_lines(db: &impl ConnectionTrait, confirmed: &[(OrderLineId, BaseQuantity)]) -> Result<(), DbErr> {
    let cells = confirmed.iter().map(|(id, quantity)| vec![(*id).into(), (*quantity).into()]).collect();
    let backend = db.get_database_backend();
    let (relation, values) = Rows::new(&["id", "quantity"], &[Kind::Uuid, Kind::Long], cells).relation(backend)?;
    let sql = format!("update order_line set confirmed_base = r.quantity from {relation} where order_line.id = r.id");
    db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// Gives stock back to the offers it was reserved from, in id order and in one statement.
///
/// # Errors
/// When the database refuses.
pub async fn return_stock(
    db: &impl ConnectionTrait,
    lines: impl IntoIterator<Item = (entity::id::ListingId, BaseQuantity)>,
) -> Result<(), DbErr> {
    let mut back: Vec<_> = lines.into_iter().filter(|(_, quantity)| quantity.0 > 0).collect();
    if back.is_empty() {
        return Ok(());
    }
    back.sort_unstable();
    let cells = back.into_iter().map(|(id, quantity)| vec![id.into(), quantity.into()]).collect();
    let backend = db.get_database_backend();
    let (relation, values) = Rows::new(&["id", "quantity"], &[Kind::Uuid, Kind::Long], cells).relation(backend)?;
    if backend == sea_orm::DbBackend::Postgres {
        let lock =
            format!("select l.id from listing l join {relation} on l.id = r.id order by l.id for no key update of l");
        db.execute_raw(Statement::from_sql_and_values(backend, lock, values.clone())).await?;
    }
    let sql =
        format!("update listing set stock_base = stock_base + r.quantity from {relation} where listing.id = r.id");
    db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}
