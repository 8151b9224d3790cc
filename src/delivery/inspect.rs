//! The inspected, weighed receipt: what the scale says and two inspectors sign, checked against what was sent.

use super::{
    receipt::{ReceiveRequest, ReceivedLineRequest, Recorded, RecordedLine},
    sent::Sent,
    weighing::{Weighing, WeighingError, accepted_amount},
};
use crate::{
    access::{Caller, InspectorView},
    catalogue::Conversions,
    context::Ctx,
    http::{ApiError, Check, IfMatch, Text},
};
use entity::{
    certificate,
    consignment::ConsignmentStatus,
    consignment_line,
    id::{AccountId, OrderLineId, ReceiptId},
    money::Fen,
    order_line,
    product::{self, Measure},
    receipt, receipt_inspector, receipt_line,
    time::Timestamp,
    weight::{BaseQuantity, GRAMS_PER_KG, Gram},
};
use std::collections::{BTreeSet, HashMap};

const MAX_LINES: usize = 200;
const MAX_INSPECTORS: usize = 10;

/// Checks what arrived against what was sent. Writes nothing.
///
/// # Errors
/// 409 when it was received before, 412 when stale, 422 for what does not fit.
pub fn inspect(
    ctx: &Ctx,
    at: Timestamp,
    caller: &Caller,
    version: &IfMatch,
    sent: &Sent,
    conversions: &Conversions,
    request: &ReceiveRequest,
) -> Result<Recorded, ApiError> {
    version.check(sent.consignment.version)?;
    if sent.consignment.status == ConsignmentStatus::Received {
        return Err(received_before());
    }
    let mut check = Check::default();
    let receipt_id: ReceiptId = check.client_id("/id", request.id).unwrap_or_else(|| ctx.ids.next());
    let note = check.optional_text("/note", request.note.as_deref(), 500);
    let inspectors = inspectors(&mut check, &sent.may_inspect, &request.inspectors);
    check.that(
        inspectors.is_empty() || inspectors.iter().any(|(id, _)| *id == caller.actor.account_id()),
        "/inspectors",
        "caller_not_inspecting",
        Text::new("提交验收的人须是验收人之一。", "Whoever records the receipt must be one of its inspectors."),
    );
    check.lines("/lines", &request.lines, MAX_LINES);
    let reader = Reader {
        receipt_id,
        batches: &sent.batches,
        ordered: sent.ordered.iter().map(|line| (line.id, line)).collect(),
        conversions,
        certificates: &sent.certificates,
        tolerance_bp: ctx.settings.bulk_tolerance_bp,
    };
    let lines = reader.lines(ctx, &mut check, &request.lines);
    check.finish()?;
    let amount = lines.iter().try_fold(Fen(0), |sum, line| sum.checked_add(line.line.amount_fen));
    let receipt = receipt::Model {
        id: receipt_id,
        consignment_id: sent.consignment.id,
        order_id: sent.order.id,
        school_id: sent.order.school_id,
        canteen_id: sent.order.canteen_id,
        supplier_id: sent.order.supplier_id,
        received_on: at.business_day(),
        received_at: at,
        received_by: caller.actor.account_id(),
        amount_fen: amount.ok_or_else(|| ApiError::internal("the amount of a receipt overflowed"))?,
        note,
    };
    let signed = inspectors
        .iter()
        .map(|(account_id, _)| receipt_inspector::Model { receipt_id, account_id: *account_id })
        .collect();
    Ok(Recorded { receipt, signed, inspectors: inspectors.into_iter().map(|(_, name)| name).collect(), lines })
}

pub(super) fn received_before() -> ApiError {
    ApiError::conflict(
        "consignment_received",
        Text::new("该批次已验收，不能重复验收。", "This consignment was received before."),
    )
}

/// The accounts behind the names: at least two, different, and people of this school that day (F3).
fn inspectors(check: &mut Check, present: &[InspectorView], names: &[String]) -> Vec<(AccountId, String)> {
    let lower: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    check.that(
        (2..=MAX_INSPECTORS).contains(&lower.len()),
        "/inspectors",
        "two_inspectors_needed",
        Text::new("须由两名以上人员联合验收。", "At least two people inspect a delivery."),
    );
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
    found
}

struct Reader<'a> {
    receipt_id: ReceiptId,
    batches: &'a [consignment_line::Model],
    ordered: HashMap<OrderLineId, &'a order_line::Model>,
    conversions: &'a Conversions,
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
