//! Receipts as their two sides and the authorities see them: those that an inspector denies stand out (F3).

use super::store;
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::{AccountId, ConsignmentId, OrderId, ReceiptId, SchoolId, SupplierId},
    money::Fen,
    receipt,
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A receipt in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedReceipt {
    /// The receipt.
    pub id: ReceiptId,
    /// What was received.
    pub consignment_id: ConsignmentId,
    /// The order behind it.
    pub order_id: OrderId,
    /// School that received.
    pub school_id: SchoolId,
    /// Who is to be paid.
    pub supplier_id: SupplierId,
    /// Business day in China.
    pub received_on: NaiveDate,
    /// When.
    pub received_at: Timestamp,
    /// What was accepted, at the frozen prices.
    pub amount: Fen,
    /// By how much less is to be paid for goods that were given back since.
    #[schema(example = "0.00")]
    pub returned_amount: Fen,
    /// To be paid.
    pub to_pay: Fen,
    /// Whether somebody named as its inspector says otherwise.
    #[schema(example = false)]
    pub flagged: bool,
    /// Who is named as having inspected; for the school and its authorities, empty for suppliers.
    pub inspectors: Vec<NamedInspector>,
}

/// A person named in a receipt.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NamedInspector {
    /// The account.
    pub account_id: AccountId,
    /// Log-in name.
    #[schema(example = "yunong-2")]
    pub username: String,
    /// Whether this person recorded the receipt; the others are named in it.
    #[schema(example = false)]
    pub recorded: bool,
    /// When this person said they were not there; null where they did not.
    pub denied_at: Option<Timestamp>,
    /// What they said.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
}

/// Which receipts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReceiptQuery {
    /// Of this school only.
    pub school_id: Option<SchoolId>,
    /// `true` for those an inspector denies, `false` for the others, all unless given.
    pub flagged: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List receipts
///
/// Newest first. A receipt is recorded by one of its inspectors, who names the others; each of them is notified and may
/// deny having been there, which flags it.
#[utoipa::path(
    get, path = "/receipts", operation_id = "list_receipts", tag = "delivery", security(("bearer" = [])),
    params(ReceiptQuery),
    responses((status = 200, body = Page<ListedReceipt>, description = "A page"))
)]
pub async fn list_receipts(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ReceiptQuery>,
) -> Result<Json<Page<ListedReceipt>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Receipt)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let (limit, after) = (paging.limit()?, paging.after_id()?);
    let db = &ctx.store.read;
    let rows = store::receipts(db, &scope, query.school_id, query.flagged, after, limit + 1).await?;
    let views = views(db, &scope, rows).await?;
    Ok(Json(page(views, limit, |view| view.id.to_string(), |view| view)))
}

/// Receipts with their inspectors and what these say.
pub(super) async fn views(
    db: &impl ConnectionTrait,
    scope: &Scope,
    rows: Vec<receipt::Model>,
) -> Result<Vec<ListedReceipt>, DbErr> {
    let named = store::inspectors_of_receipts(db, rows.iter().map(|row| row.id)).await?;
    let returned = store::returned_amounts(db, rows.iter().map(|row| row.id)).await?;
    let view = |row: receipt::Model| {
        let returned = returned.get(&row.id).copied().unwrap_or_default();
        let inspectors: Vec<NamedInspector> = named
            .iter()
            .filter(|named| named.receipt_id == row.id)
            .map(|named| NamedInspector {
                account_id: named.account_id,
                username: named.username.clone(),
                recorded: named.account_id == row.received_by,
                denied_at: named.denied_at,
                reason: named.reason.clone(),
            })
            .collect();
        ListedReceipt {
            id: row.id,
            consignment_id: row.consignment_id,
            order_id: row.order_id,
            school_id: row.school_id,
            supplier_id: row.supplier_id,
            received_on: row.received_on,
            received_at: row.received_at,
            amount: row.amount_fen,
            returned_amount: returned,
            to_pay: Fen(row.amount_fen.0 - returned.0),
            flagged: inspectors.iter().any(|named| named.denied_at.is_some()),
            inspectors: if scope.sees_schools() { inspectors } else { Vec::new() },
        }
    };
    Ok(rows.into_iter().map(view).collect())
}
