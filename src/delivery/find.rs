//! A receipt as it stands: what was accepted, what was given back since, and what is still to be paid.

use super::{
    read::in_measure,
    receipts::{ListedReceipt, views},
    received::{Received, ReceivedLine},
    store,
};
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, Path},
};
use axum::{Json, extract::State};
use entity::{
    goods_return, goods_return_line,
    id::{ConsignmentLineId, GoodsReturnId, PurchaseLineId, ReceiptId, ReceiptLineId},
    money::Fen,
    product::Measure,
    receipt,
    time::Timestamp,
    weight::{Gram, Quantity},
};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// A receipt with its lines and what was given back of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundReceipt {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: ListedReceipt,
    /// Remark; for the school and its authorities.
    #[schema(example = "外观良好")]
    pub note: Option<String>,
    /// Its lines.
    pub lines: Vec<FoundReceiptLine>,
    /// What was given back, oldest first.
    pub returns: Vec<GoodsReturnView>,
}

/// A weighed line. Quantities are kilograms, or pieces.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundReceiptLine {
    /// The line.
    pub id: ReceiptLineId,
    /// Line of the consignment.
    pub consignment_line_id: ConsignmentLineId,
    /// Product.
    #[schema(example = "potato")]
    pub product_code: String,
    /// Unit it was ordered in.
    #[schema(example = "jin")]
    pub order_unit: String,
    /// Accepted: gross − tare − deduction − rejected.
    pub accepted: Quantity,
    /// Refused at the door.
    pub rejected: Quantity,
    /// Given back since.
    pub returned: Quantity,
    /// Still accepted.
    pub left: Quantity,
    /// Accepted weight; null when unknown (S7).
    pub weight: Option<Gram>,
    /// Accepted quantity at the frozen price.
    pub amount: Fen,
    /// To be paid: what is still accepted at that price.
    pub to_pay: Fen,
}

/// Goods given back.
#[derive(Debug, Serialize, ToSchema)]
pub struct GoodsReturnView {
    /// The return.
    pub id: GoodsReturnId,
    /// Why, in own words.
    #[schema(example = "中午开袋发现霉变")]
    pub reason: String,
    /// When.
    pub returned_at: Timestamp,
    /// By how much less is to be paid.
    pub amount: Fen,
    /// What was given back of each line.
    pub lines: Vec<ReturnedLineView>,
}

/// What was given back of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReturnedLineView {
    /// Line of the receipt.
    pub receipt_line_id: ReceiptLineId,
    /// Kilograms, or pieces.
    pub quantity: Quantity,
    /// By how much the accepted weight falls; null when unknown (S7).
    pub weight: Option<Gram>,
    /// By how much less is to be paid.
    pub amount: Fen,
    /// Line of the ledger that takes back what stood for it.
    pub reversing_line_id: PurchaseLineId,
}

/// Read a receipt
///
/// With what was given back after it was accepted, when and why, and what is still to be paid.
#[utoipa::path(
    get, path = "/receipts/{id}", operation_id = "find_receipt", tag = "delivery", security(("bearer" = [])),
    params(("id" = ReceiptId, Path, description = "The receipt")),
    responses((status = 200, body = FoundReceipt, description = "The receipt"))
)]
pub async fn find_receipt(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ReceiptId>,
) -> Result<Json<FoundReceipt>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Receipt)?;
    let db = ctx.store.primary();
    let receipt = store::find_receipt(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    as_it_stands(db, &scope, receipt).await.map(Json)
}

/// The receipt with a fixed number of statements, however many lines and returns.
///
/// # Errors
/// When the database does not answer.
pub async fn as_it_stands(
    db: &impl ConnectionTrait,
    scope: &Scope,
    receipt: receipt::Model,
) -> Result<FoundReceipt, ApiError> {
    let received = Received::read(db, receipt.id).await?;
    let measures: HashMap<ReceiptLineId, Measure> =
        received.lines.iter().map(|line| (line.line.id, line.measure)).collect();
    let note = receipt.note.clone().filter(|_| scope.sees_schools());
    let receipt = views(db, scope, vec![receipt]).await?.pop().ok_or(ApiError::NotFound)?;
    Ok(FoundReceipt {
        receipt,
        note,
        lines: received.lines.iter().map(line_view).collect(),
        returns: received.returns.into_iter().map(|(one, lines)| return_view(one, &lines, &measures)).collect(),
    })
}

fn line_view(found: &ReceivedLine) -> FoundReceiptLine {
    let (line, measure) = (&found.line, found.measure);
    FoundReceiptLine {
        id: line.id,
        consignment_line_id: line.consignment_line_id,
        product_code: found.ordered.product_code.clone(),
        order_unit: found.ordered.unit_code.clone(),
        accepted: in_measure(line.accepted_base, measure),
        rejected: in_measure(line.rejected_base, measure),
        returned: in_measure(found.returned, measure),
        left: in_measure(found.left(), measure),
        weight: line.weight_gram,
        amount: line.amount_fen,
        to_pay: Fen(line.amount_fen.0 - found.returned_amount.0),
    }
}

fn return_view(
    one: goods_return::Model,
    lines: &[goods_return_line::Model],
    measures: &HashMap<ReceiptLineId, Measure>,
) -> GoodsReturnView {
    let line = |line: &goods_return_line::Model| ReturnedLineView {
        receipt_line_id: line.receipt_line_id,
        quantity: in_measure(line.quantity_base, measures.get(&line.receipt_line_id).copied().unwrap_or(Measure::Mass)),
        weight: line.weight_gram,
        amount: line.amount_fen,
        reversing_line_id: line.reversing_line_id,
    };
    GoodsReturnView {
        id: one.id,
        reason: one.reason,
        returned_at: one.returned_at,
        amount: Fen(lines.iter().map(|line| line.amount_fen.0).sum()),
        lines: lines.iter().map(line).collect(),
    }
}
