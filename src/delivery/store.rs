//! Queries on consignments and receipts.

use crate::{access::Scope, store::bulk};
use entity::{
    certificate, consignment, consignment_line,
    id::{AccountId, ConsignmentId, ConsignmentLineId, OrderId, OrderLineId, ReceiptId, SchoolId},
    money::Fen,
    receipt, receipt_denial,
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Statement, sea_query::LockType,
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

/// A receipt within the scope.
pub(super) async fn find_receipt(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: ReceiptId,
) -> Result<Option<receipt::Model>, DbErr> {
    receipt::Entity::find_by_id(id)
        .filter(scope.rows(Some(receipt::Column::SchoolId), Some(receipt::Column::SupplierId)))
        .one(db)
        .await
}

/// The same, held until the transaction ends: of two who give goods of it back, the later sees what the earlier left.
///
/// # Errors
/// When the database does not answer.
pub async fn hold_receipt(
    txn: &DatabaseTransaction,
    scope: &Scope,
    id: ReceiptId,
) -> Result<Option<receipt::Model>, DbErr> {
    receipt::Entity::find_by_id(id)
        .filter(scope.rows(Some(receipt::Column::SchoolId), Some(receipt::Column::SupplierId)))
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await
}

/// Receipts within the scope, newest first; `flagged` tells those an inspector denies from the others.
pub(super) async fn receipts(
    db: &impl ConnectionTrait,
    scope: &Scope,
    school: Option<SchoolId>,
    flagged: Option<bool>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<receipt::Model>, DbErr> {
    use receipt::Column;
    let mut select = receipt::Entity::find().filter(scope.rows(Some(Column::SchoolId), Some(Column::SupplierId)));
    if let Some(school) = school {
        select = select.filter(Column::SchoolId.eq(school));
    }
    if let Some(flagged) = flagged {
        let denied = receipt_denial::Entity::find().select_only().column(receipt_denial::Column::ReceiptId);
        let denied = denied.into_query();
        select =
            select.filter(if flagged { Column::Id.in_subquery(denied) } else { Column::Id.not_in_subquery(denied) });
    }
    if let Some(after) = after {
        select = select.filter(Column::Id.lt(after));
    }
    select.order_by_desc(Column::Id).limit(limit).all(db).await
}

#[derive(FromQueryResult)]
struct ReturnedRow {
    receipt_id: ReceiptId,
    amount: Fen,
}

/// By how much less is to be paid for these receipts, in one statement; without those nothing was given back of.
pub(super) async fn returned_amounts(
    db: &impl ConnectionTrait,
    receipts: impl IntoIterator<Item = ReceiptId>,
) -> Result<HashMap<ReceiptId, Fen>, DbErr> {
    let backend = db.get_database_backend();
    let (relation, values) = bulk::ids(backend, receipts)?;
    let sql = format!(
        "select g.receipt_id, cast(sum(l.amount_fen) as bigint) as amount from {relation} \
         join goods_return g on g.receipt_id = r.id join goods_return_line l on l.goods_return_id = g.id \
         group by g.receipt_id"
    );
    let rows = ReturnedRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.receipt_id, row.amount)).collect())
}

/// A person named in a receipt, and what they say.
#[derive(FromQueryResult)]
pub(super) struct NamedRow {
    pub receipt_id: ReceiptId,
    pub account_id: AccountId,
    pub username: String,
    pub denied_at: Option<Timestamp>,
    pub reason: Option<String>,
}

/// The inspectors of these receipts by log-in name, in one statement.
pub(super) async fn inspectors_of_receipts(
    db: &impl ConnectionTrait,
    receipts: impl IntoIterator<Item = ReceiptId>,
) -> Result<Vec<NamedRow>, DbErr> {
    let backend = db.get_database_backend();
    let (relation, values) = bulk::ids(backend, receipts)?;
    let sql = format!(
        "select i.receipt_id, i.account_id, a.username, d.denied_at, d.reason from {relation} \
         join receipt_inspector i on i.receipt_id = r.id join account a on a.id = i.account_id \
         left join receipt_denial d on d.receipt_id = i.receipt_id and d.account_id = i.account_id \
         order by i.receipt_id, a.username"
    );
    NamedRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await
}
