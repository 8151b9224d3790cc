//! Receive a consignment: the inspected, weighed receipt and its ledger lines, in one transaction.

use super::{
    facts::{Claim, Day},
    record::record,
};
use crate::{
    access::Caller,
    cache::Topic,
    context::Ctx,
    delivery::{self, ReceiveRequest, Recorded, RecordedLine, in_measure},
    http::{ApiError, Command, IfMatch, Path, Reply},
    store::{Begun, IdempotencyKey},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    id::{ConsignmentId, ConsignmentLineId, OrderId, PurchaseLineId, ReceiptId, ReceiptLineId, SchoolId, SupplierId},
    money::Fen,
    purchase_line::{self, Channel},
    school,
    time::{Timestamp, month_of},
    weight::{Gram, Quantity},
};
use sea_orm::EntityTrait;
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
    /// Purchase class: origin, producer and evidence, a digit each; null when nothing was accepted.
    #[schema(example = 741)]
    pub class: Option<i32>,
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
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConsignmentId>,
    version: IfMatch,
    command: Command<ReceiveRequest, true>,
) -> Result<Reply, ApiError> {
    receive(&ctx, &caller, command.key, &version, id, &command.body).await
}

/// Receives a consignment for its school.
///
/// # Errors
/// As [`delivery::record`].
pub async fn receive(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    version: &IfMatch,
    id: ConsignmentId,
    request: &ReceiveRequest,
) -> Result<Reply, ApiError> {
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let recorded = delivery::record(ctx, caller, &mut work, version, id, request).await?;
    let receipt = &recorded.receipt;
    let school = school::Entity::find_by_id(receipt.school_id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let claims: Vec<Claim> = recorded.lines.iter().map(|line| claim(receipt.supplier_id, line)).collect();
    let day = Day::read(work.txn(), &claims, receipt.received_on).await?;
    let lines: Vec<Option<purchase_line::Model>> = recorded
        .lines
        .iter()
        .zip(&claims)
        .map(|(line, claim)| ledger_line(ctx, &school, &recorded, line, claim, &day))
        .collect();
    let view = view(&recorded, &lines);
    let told = serde_json::json!({
        "receipt_id": receipt.id, "consignment_id": id, "order_id": receipt.order_id,
        "school_id": receipt.school_id, "supplier_id": receipt.supplier_id, "amount": receipt.amount_fen,
        "inspectors": recorded.inspectors,
    });
    let [before, after] =
        recorded.moved.map(|(consignment, order)| serde_json::json!({ "consignment": consignment, "order": order }));
    work.changed("consignment.receive", "receipt", &receipt.id, &told, &before, &after);
    work.event("consignment.received", &told);
    // Totals last: their rows are the ones another receipt of this school may wait for.
    let written: Vec<purchase_line::Model> = lines.into_iter().flatten().collect();
    record(work.txn(), &written).await?;
    let school_id = receipt.school_id;
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.pages.changed(Topic::School(school_id));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

fn claim(supplier_id: SupplierId, line: &RecordedLine) -> Claim {
    Claim {
        supplier_id: Some(supplier_id),
        origin_division_code: Some(line.batch.origin_division_code.clone()),
        producer_household_id: line.batch.producer_household_id,
        documents: line.certificates.iter().map(|it| (it.kind, it.origin_division_code.clone())).collect(),
        listed_origin: Some(line.listed_origin.clone()),
    }
}

/// The ledger line of a receipt line; none where nothing was accepted (S1).
fn ledger_line(
    ctx: &Ctx,
    school: &school::Model,
    recorded: &Recorded,
    line: &RecordedLine,
    claim: &Claim,
    day: &Day,
) -> Option<purchase_line::Model> {
    if line.line.accepted_base.0 == 0 {
        return None;
    }
    let receipt = &recorded.receipt;
    let frozen = day.freeze(claim);
    Some(purchase_line::Model {
        id: ctx.ids.next(),
        county_code: school.county_code.clone(),
        reporting_unit_code: school.reporting_unit_code.clone(),
        school_id: school.id,
        canteen_id: receipt.canteen_id,
        purchased_on: receipt.received_on,
        month: month_of(receipt.received_on),
        channel: Channel::Marketplace,
        receipt_line_id: Some(line.line.id),
        declared_purchase_id: None,
        corrects_line_id: None,
        supplier_id: Some(receipt.supplier_id),
        product_code: Some(line.product_code.clone()),
        category_code: line.category_code.clone(),
        amount_fen: line.line.amount_fen,
        weight_gram: line.line.weight_gram,
        class: frozen.class.code(),
        origin_division_code: claim.origin_division_code.clone(),
        origin_lists: frozen.origin_lists,
        producer_household_id: claim.producer_household_id,
        producer_status: frozen.producer_status,
        linked_households: frozen.linked_households,
        evidence: frozen.evidence,
        recorded_at: receipt.received_at,
    })
}

fn view(recorded: &Recorded, ledger: &[Option<purchase_line::Model>]) -> ReceiptView {
    let receipt = &recorded.receipt;
    let lines = recorded
        .lines
        .iter()
        .zip(ledger)
        .map(|(line, ledger)| ReceiptLineView {
            id: line.line.id,
            consignment_line_id: line.batch.id,
            ledger_line_id: ledger.as_ref().map(|ledger| ledger.id),
            product_code: line.product_code.clone(),
            accepted: in_measure(line.line.accepted_base, line.measure),
            rejected: in_measure(line.line.rejected_base, line.measure),
            weight: line.line.weight_gram,
            amount: line.line.amount_fen,
            class: ledger.as_ref().map(|ledger| ledger.class),
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
