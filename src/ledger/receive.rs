//! Receive a consignment: the inspected, weighed receipt and the ledger lines it makes.

use super::{
    class::{OriginClass, PurchaseClass},
    receiver::{Arrived, Receiver},
};
use crate::{
    access::{Action, Caller, Resource},
    delivery::{ReceiveRequest, Recorded, in_measure},
    http::{ApiError, Command, IfMatch, Path, Reply},
};
use axum::extract::State;
use chrono::NaiveDate;
use entity::{
    id::{ConsignmentId, ConsignmentLineId, OrderId, PurchaseLineId, ReceiptId, ReceiptLineId, SchoolId, SupplierId},
    money::Fen,
    purchase_line,
    time::Timestamp,
    weight::{Gram, Quantity},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A receipt and the ledger lines it made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptView {
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
    /// Log-in names of the people who inspected.
    #[schema(example = json!(["yunong", "yunong-2"]))]
    pub inspectors: Vec<String>,
    /// To be paid: accepted goods at the frozen prices.
    pub amount: Fen,
    /// Remark.
    #[schema(example = "外观良好")]
    pub note: Option<String>,
    /// Its lines.
    pub lines: Vec<ReceiptLineView>,
}

/// A weighed line and what it counts as.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptLineView {
    /// The line.
    pub id: ReceiptLineId,
    /// Line of the consignment.
    pub consignment_line_id: ConsignmentLineId,
    /// Line of the ledger it made; null when nothing was accepted.
    pub ledger_line_id: Option<PurchaseLineId>,
    /// Product.
    #[schema(example = "potato")]
    pub product_code: String,
    /// Accepted: gross − tare − deduction − rejected.
    pub accepted: Quantity,
    /// Refused.
    pub rejected: Quantity,
    /// Accepted weight; null when unknown (S7).
    pub weight: Option<Gram>,
    /// Accepted quantity at the frozen price.
    pub amount: Fen,
    /// Where it was grown, from the lists that held that day; null when nothing was accepted.
    pub origin_class: Option<OriginClass>,
    /// Whether documents prove the origin; null when nothing was accepted. The producer's part of the class is not the
    /// school's to know (P1).
    #[schema(example = true)]
    pub evidence: Option<bool>,
}

/// Receive a consignment
///
/// Two or more people inspect and weigh; what is accepted goes into the ledger with the facts of the day, and the
/// share of the school and of everything above it moves at once.
#[utoipa::path(
    post, path = "/consignments/{id}/receipt", operation_id = "receive_consignment", tag = "delivery",
    security(("bearer" = [])),
    params(("id" = ConsignmentId, Path, description = "The consignment")),
    request_body = ReceiveRequest,
    responses((status = 201, body = ReceiptView, description = "Received"))
)]
pub async fn receive_consignment(
    State(receiver): State<Receiver>,
    caller: Caller,
    Path(id): Path<ConsignmentId>,
    version: IfMatch,
    command: Command<ReceiveRequest, true>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Receipt)?;
    let key = command.key.ok_or_else(|| ApiError::internal("a receipt came without a key"))?;
    let wanted = Arrived { caller, scope, key, version, consignment_id: id, request: command.body };
    receiver.submit(wanted).await
}

pub(super) fn view(recorded: &Recorded, ledger: &[Option<purchase_line::Model>]) -> ReceiptView {
    let receipt = &recorded.receipt;
    let lines = recorded
        .lines
        .iter()
        .zip(ledger)
        .map(|(line, ledger)| (line, ledger, ledger.as_ref().and_then(|ledger| PurchaseClass::from_code(ledger.class))))
        .map(|(line, ledger, class)| ReceiptLineView {
            id: line.line.id,
            consignment_line_id: line.batch.id,
            ledger_line_id: ledger.as_ref().map(|ledger| ledger.id),
            product_code: line.product_code.clone(),
            accepted: in_measure(line.line.accepted_base, line.measure),
            rejected: in_measure(line.line.rejected_base, line.measure),
            weight: line.line.weight_gram,
            amount: line.line.amount_fen,
            origin_class: class.map(|class| class.origin),
            evidence: class.map(|class| class.evidence),
        })
        .collect();
    ReceiptView {
        id: receipt.id,
        consignment_id: receipt.consignment_id,
        order_id: receipt.order_id,
        school_id: receipt.school_id,
        supplier_id: receipt.supplier_id,
        received_on: receipt.received_on,
        received_at: receipt.received_at,
        inspectors: recorded.inspectors.clone(),
        amount: receipt.amount_fen,
        note: receipt.note.clone(),
        lines,
    }
}
