//! The pairs to look at.

use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    declared_purchase,
    double_count::{self, Column, DoubleCountOutcome},
    id::{DeclaredPurchaseId, DoubleCountId, ReceiptId, SchoolId, SupplierId},
    money::Fen,
    receipt,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// A declared purchase and a receipt that may be the same goods.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoubleCountView {
    /// The pair.
    pub id: DoubleCountId,
    /// School of both.
    pub school_id: SchoolId,
    /// What was declared.
    pub declared_purchase_id: DeclaredPurchaseId,
    /// On which day.
    pub purchased_on: NaiveDate,
    /// From whom, as on the voucher.
    #[schema(example = "高原云薯合作社")]
    pub seller_name: String,
    /// Number of the voucher.
    #[schema(example = "No. 0031877")]
    pub invoice_number: Option<String>,
    /// For how much.
    pub declared_amount: Fen,
    /// What was received here.
    pub receipt_id: ReceiptId,
    /// On which day.
    pub received_on: NaiveDate,
    /// From whom.
    pub supplier_id: SupplierId,
    /// For how much.
    pub received_amount: Fen,
    /// Whether seller and amount are the same, within three days; else they are only close.
    #[schema(example = false)]
    pub certain: bool,
    /// When the pair was found.
    pub found_at: Timestamp,
    /// What the school found; null while it has not.
    pub outcome: Option<DoubleCountOutcome>,
    /// In own words.
    #[schema(example = "同一车货，平台已验收")]
    pub note: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Optimistic lock.
    #[schema(example = 1)]
    pub version: i64,
}

/// Which pairs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DoubleCountsQuery {
    /// `true` for those that wait for a decision, `false` for those decided; all unless given.
    #[param(example = true)]
    open: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List possible double counts
///
/// Purchases a school declared that look like goods it received here, in the order they were found. Until one is decided both
/// count.
#[utoipa::path(
    get, path = "/double-counts", operation_id = "list_double_counts", tag = "ledger", security(("bearer" = [])),
    params(DoubleCountsQuery),
    responses((status = 200, body = Page<DoubleCountView>, description = "A page"))
)]
pub async fn list_double_counts(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<DoubleCountsQuery>,
) -> Result<Json<Page<DoubleCountView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::DeclaredPurchase)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut rows = double_count::Entity::find()
        .filter(scope.rows(Some(Column::SchoolId), None::<Column>))
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    rows = match query.open {
        Some(true) => rows.filter(Column::DecidedAt.is_null()),
        Some(false) => rows.filter(Column::DecidedAt.is_not_null()),
        None => rows,
    };
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(Column::Id.gt(after));
    }
    let rows = rows.all(&ctx.store.read).await?;
    let views = views(&ctx.store.read, rows).await?;
    Ok(Json(page(views, limit, |view| view.id.to_string(), |view| view)))
}

/// Pairs with both their sides: a statement each.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn views(
    db: &impl ConnectionTrait,
    rows: Vec<double_count::Model>,
) -> Result<Vec<DoubleCountView>, DbErr> {
    let declared = declared_purchase::Entity::find()
        .filter(declared_purchase::Column::Id.is_in(rows.iter().map(|row| row.declared_purchase_id)))
        .all(db)
        .await?;
    let declared: HashMap<_, _> = declared.into_iter().map(|row| (row.id, row)).collect();
    let receipts = receipt::Entity::find()
        .filter(receipt::Column::Id.is_in(rows.iter().map(|row| row.receipt_id)))
        .all(db)
        .await?;
    let receipts: HashMap<_, _> = receipts.into_iter().map(|row| (row.id, row)).collect();
    let view = |row: double_count::Model| {
        let (declared, receipt) = (declared.get(&row.declared_purchase_id)?, receipts.get(&row.receipt_id)?);
        Some(DoubleCountView {
            id: row.id,
            school_id: row.school_id,
            declared_purchase_id: row.declared_purchase_id,
            purchased_on: declared.purchased_on,
            seller_name: declared.seller_name.clone(),
            invoice_number: declared.invoice_number.clone(),
            declared_amount: declared.amount_fen,
            receipt_id: row.receipt_id,
            received_on: receipt.received_on,
            supplier_id: receipt.supplier_id,
            received_amount: receipt.amount_fen,
            certain: row.certain,
            found_at: row.found_at,
            outcome: row.outcome,
            note: row.note,
            decided_at: row.decided_at,
            version: row.version,
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}
