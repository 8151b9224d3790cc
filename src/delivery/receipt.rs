//! The inspected, weighed receipt: what the scale says and two inspectors sign, checked against what was sent.
//!
//! The use case that answers the call is in the ledger, because a receipt is only complete with its ledger lines.

use super::{
    store,
    weighing::{Weighing, WeighingError, accepted_amount},
};
use crate::{
    access::{Action, Resource},
    catalogue::Conversions,
    context::Ctx,
    http::{ApiError, Check, IfMatch, Text},
    ordering,
    store::{Work, bulk},
};
use chrono::NaiveDate;
use entity::{
    certificate,
    consignment::{self, ConsignmentStatus},
    consignment_line,
    id::{AccountId, ConsignmentId, ConsignmentLineId, OrderLineId, ReceiptId},
    money::Fen,
    order_line,
    product::{self, Measure},
    purchase_order::{self, OrderStatus},
    receipt, receipt_inspector,
    receipt_line::{self, RejectAction},
    weight::{BaseQuantity, GRAMS_PER_KG, Gram},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, LockType},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// What arrived.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveRequest {
    /// Id chosen by the client (UUIDv7), for receipts taken down offline.
    pub id: Option<Uuid>,
    /// Log-in names of the two or more different people who inspected (F3).
    #[schema(min_items = 2, max_items = 10, example = json!(["yunong", "yunong-2"]))]
    pub inspectors: Vec<String>,
    /// Remark.
    #[schema(example = "外观良好")]
    pub note: Option<String>,
    /// One line for every line of the consignment.
    #[schema(min_items = 1, max_items = 200)]
    pub lines: Vec<ReceivedLineRequest>,
}

/// What arrived of one batch. Kilograms for goods sold by weight, pieces for goods sold by count.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedLineRequest {
    /// Line of the consignment.
    pub consignment_line_id: ConsignmentLineId,
    /// On the scale; `"0"` when nothing arrived.
    #[schema(example = "10.300")]
    pub gross: String,
    /// Packaging.
    #[schema(example = "0.300")]
    pub tare: Option<String>,
    /// Dirt, water, ice.
    #[schema(example = "0.200")]
    pub deduction: Option<String>,
    /// Needed with a deduction.
    #[schema(example = "泥土")]
    pub deduction_reason: Option<String>,
    /// Refused goods.
    #[schema(example = "0.500")]
    pub rejected: Option<String>,
    /// Needed with refused goods.
    #[schema(example = "发芽")]
    pub reject_reason: Option<String>,
    /// What happened to them; needed with refused goods.
    pub reject_action: Option<RejectAction>,
    /// For goods sold by count: the weight of what was accepted, where it was weighed.
    pub weight: Option<Gram>,
}

/// A receipt as it was recorded, with what the ledger needs.
pub struct Recorded {
    /// The receipt.
    pub receipt: receipt::Model,
    /// Its inspectors, by log-in name.
    pub inspectors: Vec<String>,
    /// Its lines with everything behind them.
    pub lines: Vec<RecordedLine>,
    /// Status of consignment and order before and after.
    pub moved: [(ConsignmentStatus, OrderStatus); 2],
}

/// A receipt line with the batch, the order line and the documents behind it.
pub struct RecordedLine {
    /// The weighed line.
    pub line: receipt_line::Model,
    /// The batch.
    pub batch: consignment_line::Model,
    /// Documents that came with it.
    pub certificates: Vec<certificate::Model>,
    /// Origin of the goods as they were ordered.
    pub listed_origin: String,
    /// Category of the product.
    pub category_code: String,
    /// The product.
    pub product_code: String,
    /// Grams or pieces.
    pub measure: Measure,
}

const MAX_LINES: usize = 200;
const MAX_INSPECTORS: usize = 10;

/// Checks and records a receipt in `work`, and moves consignment and order on.
///
/// # Errors
/// 404 outside the scope, 409 when it was received before, 412 when stale, 422 for what does not fit.
pub async fn record(
    ctx: &Ctx,
    caller: &crate::access::Caller,
    work: &mut Work<'_>,
    version: &IfMatch,
    id: ConsignmentId,
    request: &ReceiveRequest,
) -> Result<Recorded, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Receipt)?;
    let txn = work.txn();
    let sent = store::find(txn, &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(sent.version)?;
    if sent.status == ConsignmentStatus::Received {
        return Err(received_before());
    }
    // Held until the end: of two receipts of one order at once, the later sees the earlier and closes the order.
    let order = purchase_order::Entity::find_by_id(sent.order_id).lock(LockType::NoKeyUpdate).one(txn).await?;
    let order = order.ok_or(ApiError::NotFound)?;
    let batches = store::lines_of(txn, [id]).await?;
    let certificates = store::certificates_of(txn, batches.iter().map(|line| line.id)).await?;
    let ordered = ordering::lines_of(txn, [order.id]).await?;
    let products: BTreeSet<String> = ordered.iter().map(|line| line.product_code.clone()).collect();
    let products: Vec<String> = products.into_iter().collect();
    let today = work.at.business_day();
    let mut check = Check::default();
    let receipt_id: ReceiptId = check.client_id("/id", request.id).unwrap_or_else(|| ctx.ids.next());
    let note = check.optional_text("/note", request.note.as_deref(), 500);
    let inspectors = inspectors(txn, &mut check, &order, today, &request.inspectors).await?;
    check.that(
        inspectors.is_empty() || inspectors.iter().any(|(id, _)| *id == caller.actor.account_id()),
        "/inspectors",
        "caller_not_inspecting",
        Text::new("提交验收的人须是验收人之一。", "Whoever records the receipt must be one of its inspectors."),
    );
    check.lines("/lines", &request.lines, MAX_LINES);
    let reader = Reader {
        receipt_id,
        batches: &batches,
        ordered: ordered.iter().map(|line| (line.id, line)).collect(),
        conversions: Conversions::load(txn, &products).await?,
        certificates: &certificates,
        tolerance_bp: ctx.settings.bulk_tolerance_bp,
    };
    let lines = reader.lines(ctx, &mut check, &request.lines);
    check.finish()?;
    let amount = lines.iter().try_fold(Fen(0), |sum, line| sum.checked_add(line.line.amount_fen));
    let receipt = receipt::Model {
        id: receipt_id,
        consignment_id: id,
        order_id: order.id,
        school_id: order.school_id,
        canteen_id: order.canteen_id,
        supplier_id: order.supplier_id,
        received_on: today,
        received_at: work.at,
        received_by: caller.actor.account_id(),
        amount_fen: amount.ok_or_else(|| ApiError::internal("the amount of a receipt overflowed"))?,
        note,
    };
    let signed: Vec<receipt_inspector::Model> = inspectors
        .iter()
        .map(|(account_id, _)| receipt_inspector::Model { receipt_id, account_id: *account_id })
        .collect();
    let order_after = close(txn, &sent, &order).await?;
    let moved = [(sent.status, order.status), (ConsignmentStatus::Received, order_after)];
    bulk::insert(txn, std::slice::from_ref(&receipt)).await.map_err(store::taken)?;
    bulk::insert(txn, &signed).await?;
    let rows: Vec<receipt_line::Model> = lines.iter().map(|line| line.line.clone()).collect();
    bulk::insert(txn, &rows).await?;
    Ok(Recorded { receipt, inspectors: inspectors.into_iter().map(|(_, name)| name).collect(), lines, moved })
}

fn received_before() -> ApiError {
    ApiError::conflict(
        "consignment_received",
        Text::new("该批次已验收，不能重复验收。", "This consignment was received before."),
    )
}

/// Marks the consignment received, and the order too once nothing of it is on its way; answers the order's status.
async fn close(
    db: &impl ConnectionTrait,
    sent: &consignment::Model,
    order: &purchase_order::Model,
) -> Result<OrderStatus, ApiError> {
    let closed = consignment::Entity::update_many()
        .col_expr(consignment::Column::Status, Expr::value(ConsignmentStatus::Received.to_value()))
        .col_expr(consignment::Column::Version, Expr::value(sent.version + 1))
        .filter(consignment::Column::Id.eq(sent.id))
        .filter(consignment::Column::Version.eq(sent.version))
        .exec(db)
        .await?;
    if closed.rows_affected != 1 {
        return Err(received_before());
    }
    let under_way = consignment::Entity::find()
        .filter(consignment::Column::OrderId.eq(order.id))
        .filter(consignment::Column::Status.eq(ConsignmentStatus::Sent.to_value()))
        .one(db)
        .await?;
    if under_way.is_none() {
        let change = ordering::Change { status: OrderStatus::Received, answered_at: None, reason: None };
        return Ok(ordering::update_order(db, order, change).await?.status);
    }
    Ok(order.status)
}

/// The accounts behind the names: at least two, different, and people of this school that day (F3).
async fn inspectors(
    db: &impl ConnectionTrait,
    check: &mut Check,
    order: &purchase_order::Model,
    today: NaiveDate,
    names: &[String],
) -> Result<Vec<(AccountId, String)>, ApiError> {
    let lower: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    check.that(
        (2..=MAX_INSPECTORS).contains(&lower.len()),
        "/inspectors",
        "two_inspectors_needed",
        Text::new("须由两名以上人员联合验收。", "At least two people inspect a delivery."),
    );
    let present = crate::access::inspectors_of(db, order.school_id, today).await?;
    let mut found: Vec<(AccountId, String)> = Vec::with_capacity(lower.len());
    for (index, name) in lower.iter().enumerate().take(MAX_INSPECTORS) {
        let pointer = format!("/inspectors/{index}");
        if found.iter().any(|(_, other)| other == name) {
            check.refuse(
                pointer,
                "inspector_repeated",
                Text::new("验收人须为不同的人。", "The inspectors must be different people."),
            );
        } else if let Some(person) = present.iter().find(|person| person.username == *name) {
            found.push((person.id, name.clone()));
        } else {
            check.refuse(
                pointer,
                "inspector_unknown",
                Text::new("不是本校的验收人员。", "Nobody of this school who may inspect has this name."),
            );
        }
    }
    Ok(found)
}

struct Reader<'a> {
    receipt_id: ReceiptId,
    batches: &'a [consignment_line::Model],
    ordered: HashMap<OrderLineId, &'a order_line::Model>,
    conversions: Conversions,
    certificates: &'a [certificate::Model],
    tolerance_bp: i64,
}

impl Reader<'_> {
    fn lines(&self, ctx: &Ctx, check: &mut Check, wanted: &[ReceivedLineRequest]) -> Vec<RecordedLine> {
        let mut lines: Vec<RecordedLine> = Vec::with_capacity(wanted.len());
        let mut named = BTreeSet::new();
        for (index, want) in wanted.iter().enumerate() {
            let at = |field: &str| format!("/lines/{index}/{field}");
            let Some(batch) = self.batches.iter().find(|batch| batch.id == want.consignment_line_id) else {
                let detail = Text::new("到货单没有这一行。", "The consignment has no such line.");
                check.refuse(at("consignment_line_id"), "line_unknown", detail);
                continue;
            };
            if !named.insert(batch.id) {
                let detail = Text::new("同一行只能验收一次。", "The same line is there twice.");
                check.refuse(at("consignment_line_id"), "line_repeated", detail);
                continue;
            }
            lines.extend(self.line(ctx, check, &at, batch, want));
        }
        let missing = self.batches.iter().filter(|batch| !named.contains(&batch.id)).count();
        check.that(
            missing == 0,
            "/lines",
            "line_missing",
            Text::new(
                format!("还有 {missing} 行未填；未到货请填毛重 0。"),
                format!("{missing} lines are missing; give a gross of 0 for what did not arrive."),
            ),
        );
        lines
    }

    fn line(
        &self,
        ctx: &Ctx,
        check: &mut Check,
        at: &impl Fn(&str) -> String,
        batch: &consignment_line::Model,
        want: &ReceivedLineRequest,
    ) -> Option<RecordedLine> {
        // Foreign keys keep both there; a row without them is left to the database to refuse.
        let ordered = self.ordered.get(&batch.order_line_id)?;
        let product = self.conversions.product(&ordered.product_code)?;
        let per = if product.measure == Measure::Mass { GRAMS_PER_KG } else { 1 };
        let mut read = |field: &str, value: &str| check.quantity(&at(field), value, per);
        let weighing = Weighing {
            gross: read("gross", &want.gross)?,
            tare: read("tare", want.tare.as_deref().unwrap_or("0"))?,
            deduction: read("deduction", want.deduction.as_deref().unwrap_or("0"))?,
            rejected: read("rejected", want.rejected.as_deref().unwrap_or("0"))?,
        };
        let deduction_reason =
            reason(check, &at("deduction_reason"), want.deduction_reason.as_deref(), weighing.deduction);
        let reject_reason = reason(check, &at("reject_reason"), want.reject_reason.as_deref(), weighing.rejected);
        check.that(
            want.reject_action.is_some() == (weighing.rejected.0 > 0),
            at("reject_action"),
            "reject_action_mismatch",
            Text::new(
                "有拒收时须注明退回或销毁，否则留空。",
                "Say returned or destroyed exactly when goods are refused.",
            ),
        );
        let tolerance = if product.measure == Measure::Mass { self.tolerance_bp } else { 0 };
        // The tolerance counts once: more sent than confirmed does not raise what may be received.
        let expected = ordered.confirmed_base.map_or(batch.sent_base, |confirmed| confirmed.min(batch.sent_base));
        let accepted = match weighing.accept(expected, tolerance) {
            Ok(accepted) => accepted,
            Err(error) => {
                refuse(check, at, error, per, product);
                return None;
            }
        };
        let Some(amount) = accepted_amount(ordered.price_fen, ordered.price_base, accepted) else {
            check.refuse(at("gross"), "amount_too_large", Text::new("金额过大。", "The amount is too large."));
            return None;
        };
        let weight = self.weight(check, at, product, accepted, amount, want.weight);
        Some(RecordedLine {
            line: receipt_line::Model {
                id: ctx.ids.next(),
                receipt_id: self.receipt_id,
                consignment_line_id: batch.id,
                gross_base: weighing.gross,
                tare_base: weighing.tare,
                deduction_base: weighing.deduction,
                deduction_reason,
                rejected_base: weighing.rejected,
                reject_reason,
                reject_action: want.reject_action,
                accepted_base: accepted,
                weight_gram: weight,
                amount_fen: amount,
            },
            batch: batch.clone(),
            certificates: self.certificates.iter().filter(|it| it.consignment_line_id == batch.id).cloned().collect(),
            listed_origin: ordered.origin_division_code.clone(),
            category_code: product.category_code.clone(),
            product_code: product.code.clone(),
            measure: product.measure,
        })
    }

    /// Goods sold by weight weigh what was accepted; others what the scale said, else what a piece weighs on average,
    /// else it is unknown, never zero (S7).
    fn weight(
        &self,
        check: &mut Check,
        at: &impl Fn(&str) -> String,
        product: &product::Model,
        accepted: BaseQuantity,
        amount: Fen,
        weighed: Option<Gram>,
    ) -> Option<Gram> {
        check.that(
            weighed.is_none() || product.measure == Measure::Count,
            at("weight"),
            "weight_not_needed",
            Text::new("按重量计的商品无需填写。", "Not for goods sold by weight."),
        );
        let average = self.conversions.weight_of(&product.code, accepted);
        if let Some(weight) = weighed {
            check.typed_weight(&at("weight"), weight, average, amount);
        }
        weighed.or(average)
    }
}

fn reason(check: &mut Check, pointer: &str, given: Option<&str>, quantity: BaseQuantity) -> Option<String> {
    match (given, quantity.0 > 0) {
        (Some(text), true) => Some(check.text(pointer, text, 200)),
        (None, true) => {
            check.refuse(pointer, "required", Text::new("须注明原因。", "A reason is needed."));
            None
        }
        (Some(_), false) => {
            check.refuse(pointer, "reason_without_quantity", Text::new("数量为零时应留空。", "Leave empty at zero."));
            None
        }
        (None, false) => None,
    }
}

fn refuse(check: &mut Check, at: &impl Fn(&str) -> String, error: WeighingError, per: i64, product: &product::Model) {
    let (code, detail) = match error {
        WeighingError::NegativeNet => (
            "net_negative",
            Text::new("皮重、扣重与拒收之和超过毛重。", "Tare, deduction and refused goods exceed the gross."),
        ),
        WeighingError::AboveSent { most } => {
            let most = most.in_units(BaseQuantity(per));
            let unit = if product.measure == Measure::Mass { "kg" } else { "piece" };
            (
                "net_above_sent",
                Text::new(
                    format!("净重超过发货量与允差，最多 {most} {unit}。"),
                    format!("More than was sent and the tolerance allows; at most {most} {unit}."),
                ),
            )
        }
    };
    check.refuse(at("gross"), code, detail);
}
