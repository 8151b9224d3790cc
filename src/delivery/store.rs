//! Queries on consignments and receipts.

use crate::access::Scope;
use entity::{
    certificate, consignment, consignment_line,
    id::{ConsignmentId, ConsignmentLineId, OrderId, OrderLineId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use std::collections::HashMap;
use uuid::Uuid;

/// A consignment within the scope.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: ConsignmentId,
) -> Result<Option<consignment::Model>, DbErr> {
    consignment::Entity::find_by_id(id)
        .filter(scope.rows(Some(consignment::Column::SchoolId), Some(consignment::Column::SupplierId)))
        .one(db)
        .await
}

/// Consignments within the scope, newest first.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    order: Option<OrderId>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<consignment::Model>, DbErr> {
    let mut select = consignment::Entity::find()
        .filter(scope.rows(Some(consignment::Column::SchoolId), Some(consignment::Column::SupplierId)));
    if let Some(order) = order {
        select = select.filter(consignment::Column::OrderId.eq(order));
    }
    if let Some(after) = after {
        select = select.filter(consignment::Column::Id.lt(after));
    }
    select.order_by_desc(consignment::Column::Id).limit(limit).all(db).await
}

/// Lines of these consignments, in order.
pub(super) async fn lines_of(
    db: &impl ConnectionTrait,
    consignments: impl IntoIterator<Item = ConsignmentId>,
) -> Result<Vec<consignment_line::Model>, DbErr> {
    consignment_line::Entity::find()
        .filter(consignment_line::Column::ConsignmentId.is_in(consignments))
        .order_by_asc(consignment_line::Column::ConsignmentId)
        .order_by_asc(consignment_line::Column::LineNo)
        .all(db)
        .await
}

/// Documents of these lines.
pub(super) async fn certificates_of(
    db: &impl ConnectionTrait,
    lines: impl IntoIterator<Item = ConsignmentLineId>,
) -> Result<Vec<certificate::Model>, DbErr> {
    certificate::Entity::find()
        .filter(certificate::Column::ConsignmentLineId.is_in(lines))
        .order_by_asc(certificate::Column::Id)
        .all(db)
        .await
}

#[derive(FromQueryResult)]
struct SentRow {
    order_line_id: OrderLineId,
    sent: i64,
}

/// How much of each line of an order was sent so far.
pub(super) async fn sent_by_line(
    db: &impl ConnectionTrait,
    order: OrderId,
) -> Result<HashMap<OrderLineId, i64>, DbErr> {
    let sql = "select cl.order_line_id, cast(coalesce(sum(cl.sent_base), 0) as bigint) as sent \
               from consignment c join consignment_line cl on cl.consignment_id = c.id \
               where c.order_id = $1 group by cl.order_line_id";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [order.into()]);
    let rows = SentRow::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.order_line_id, row.sent)).collect())
}
