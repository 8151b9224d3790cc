//! Give received goods back: what stands for them in the ledger is taken back, and what is left of it stands in its place.

use super::{
    record::record,
    revocation::{in_place_of, take_back},
    standing::standing,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    delivery::{self, FoundReceipt, Received, ReceivedLine},
    http::{ApiError, Check, Command, Path, Reply, Text},
    store::{Begun, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    goods_return, goods_return_line,
    id::{GoodsReturnId, ReceiptId, ReceiptLineId},
    line_correction,
    money::Fen,
    purchase_line,
    weight::{BaseQuantity, Gram},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use utoipa::ToSchema;

/// What is given back, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnGoodsRequest {
    /// In own words, up to 200 characters, without anybody's number: the supplier reads it.
    #[schema(example = "中午开袋发现霉变")]
    pub reason: String,
    /// The lines, each once.
    #[schema(min_items = 1, max_items = 200)]
    pub lines: Vec<ReturnLineRequest>,
}

/// What is given back of one line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnLineRequest {
    /// Line of the receipt.
    pub receipt_line_id: ReceiptLineId,
    /// How much: above zero, and no more than is still accepted.
    #[schema(example = "2.5")]
    pub quantity: String,
    /// In which unit of the product; that of the order unless given.
    #[schema(example = "jin")]
    pub unit: Option<String>,
}

const MAX_LINES: usize = 200;

/// Give goods back
///
/// Goods that turn out spoiled after they were accepted are neither paid for nor counted (S1, F1). Nothing is changed: each
/// line's amount and weight are taken back by a reversing line of the ledger, and what is left of it stands in its place at
/// the frozen price and with the facts of the day it was received (S3), so that every figure follows. The supplier and the
/// school's authority are told. In a month that the reporting unit has closed, the return is shown in its next statement.
#[utoipa::path(
    post, path = "/receipts/{id}/returns", operation_id = "return_goods", tag = "ledger", security(("bearer" = [])),
    params(("id" = ReceiptId, Path, description = "The receipt")),
    request_body = ReturnGoodsRequest,
    responses((status = 201, body = FoundReceipt, description = "Given back; the receipt as it stands now"))
)]
pub async fn return_goods(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ReceiptId>,
    command: Command<ReturnGoodsRequest, true>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Receipt)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let receipt = delivery::hold_receipt(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let received = Received::read(work.txn(), id).await?;
    let ledger = ledger_of(work.txn(), &received).await?;
    let mut check = Check::default();
    let reason = check.text("/reason", &command.body.reason, 200);
    let given_back = given_back(&mut check, &received, &ledger, &command.body.lines);
    check.finish()?;
    let return_id: GoodsReturnId = ctx.ids.next();
    let (mut written, mut reasons, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for one in &given_back {
        let rest = BaseQuantity(one.line.left().0 - one.quantity.0);
        let worth = one.line.worth(rest);
        let (amount, weight) = worth.ok_or_else(|| ApiError::internal("a part costs more than the whole"))?;
        let back = take_back(&ctx.ids, one.before, work.at);
        reasons.push(line_correction::Model {
            purchase_line_id: back.id,
            reason: reason.clone(),
            corrected_by: caller.actor.account_id(),
            corrected_at: work.at,
        });
        lines.push(goods_return_line::Model {
            goods_return_id: return_id,
            receipt_line_id: one.line.line.id,
            quantity_base: one.quantity,
            weight_gram: one.before.weight_gram.map(|before| Gram(before.0 - weight.unwrap_or_default().0)),
            amount_fen: Fen(one.before.amount_fen.0 - amount.0),
            reversing_line_id: back.id,
        });
        written.push(back);
        if counts(amount, weight) {
            written.push(in_place_of(&ctx.ids, one.before, work.at, (amount, weight)));
        }
    }
    record(work.txn(), &written).await.map_err(corrected_at_once)?;
    bulk::insert(work.txn(), &reasons).await?;
    let row = goods_return::Model {
        id: return_id,
        receipt_id: id,
        reason: reason.clone(),
        returned_by: caller.actor.account_id(),
        returned_at: work.at,
    };
    bulk::insert(work.txn(), &[row]).await?;
    bulk::insert(work.txn(), &lines).await?;
    let (school_id, supplier_id) = (receipt.school_id, receipt.supplier_id);
    let amount = Fen(lines.iter().map(|line| line.amount_fen.0).sum());
    let units: BTreeSet<&str> = written.iter().map(|line| line.reporting_unit_code.as_str()).collect();
    let told = json!({
        "goods_return_id": return_id, "school_id": school_id, "supplier_id": supplier_id, "reason": reason,
        "amount": amount, "lines": lines.len(),
    });
    work.audit("receipt.return", "receipt", &id, &told);
    work.event("ledger.corrected", &json!({"subject": id, "school_id": school_id}));
    // Who is paid less learns of it, and so does who watches what a school takes back.
    work.event("goods.returned", &json!({"subject": id, "supplier_id": supplier_id, "units": units}));
    let view = delivery::as_it_stands(work.txn(), &scope, receipt).await?;
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.pages.changed(Topic::School(school_id));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// Goods of a line that go back.
struct GivenBack<'a> {
    line: &'a ReceivedLine,
    /// What stands for the line in the ledger.
    before: &'a purchase_line::Model,
    quantity: BaseQuantity,
}

/// What stands in the ledger for each line of the receipt; a line that was revoked or whose sale was denied stands in the
/// denominator still, and what is given back of it leaves that.
async fn ledger_of(
    db: &impl ConnectionTrait,
    received: &Received,
) -> Result<HashMap<ReceiptLineId, purchase_line::Model>, DbErr> {
    let ids = received.lines.iter().map(|line| line.line.id);
    let made = purchase_line::Entity::find().filter(purchase_line::Column::ReceiptLineId.is_in(ids)).all(db).await?;
    let firsts: Vec<_> = made.iter().filter_map(|line| Some((line.receipt_line_id?, line.id))).collect();
    let mut standing = standing(db, made).await?;
    standing.retain(|_, line| counts(line.amount_fen, line.weight_gram));
    Ok(firsts.into_iter().filter_map(|(receipt_line, first)| Some((receipt_line, standing.remove(&first)?))).collect())
}

/// Whether a line of so much is one: nothing is taken back of what comes to nothing, because it could not be told from what
/// takes it back.
fn counts(amount: Fen, weight: Option<Gram>) -> bool {
    amount.0 > 0 || weight.is_some_and(|weight| weight.0 > 0)
}

fn given_back<'a>(
    check: &mut Check,
    received: &'a Received,
    ledger: &'a HashMap<ReceiptLineId, purchase_line::Model>,
    asked: &[ReturnLineRequest],
) -> Vec<GivenBack<'a>> {
    check.lines("/lines", asked, MAX_LINES);
    let mut named = HashSet::new();
    let mut found = Vec::new();
    for (index, asked) in asked.iter().enumerate().take(MAX_LINES) {
        let at = |field: &str| format!("/lines/{index}/{field}");
        let Some(line) = received.lines.iter().find(|line| line.line.id == asked.receipt_line_id) else {
            let detail = Text::new("该验收单没有这一行。", "The receipt has no such line.");
            check.refuse(at("receipt_line_id"), "line_unknown", detail);
            continue;
        };
        if !named.insert(line.line.id) {
            let detail = Text::new("该行重复。", "The line is there twice.");
            check.refuse(at("receipt_line_id"), "line_repeated", detail);
            continue;
        }
        match stands(line, ledger.get(&line.line.id)) {
            Err((code, detail)) => check.refuse(at("receipt_line_id"), code, detail),
            Ok(before) => {
                let quantity = quantity(check, &at, received, line, asked);
                found.extend(quantity.map(|quantity| GivenBack { line, before, quantity }));
            }
        }
    }
    found
}

/// The ledger line that stands for a received one, or why nothing of it can be given back.
fn stands<'a>(
    line: &ReceivedLine,
    before: Option<&'a purchase_line::Model>,
) -> Result<&'a purchase_line::Model, (&'static str, Text)> {
    if line.line.accepted_base.0 == 0 {
        let detail = Text::new("该行验收数量为零，无可退回。", "Nothing of this line was accepted.");
        return Err(("nothing_accepted", detail));
    }
    if line.left().0 <= 0 {
        let detail = Text::new("该行已全部退回。", "All of this line was given back before.");
        return Err(("nothing_left", detail));
    }
    before.ok_or_else(|| {
        let detail = Text::new(
            "该行在台账中已因其他原因冲销，无可退回。",
            "The line does not stand in the ledger any more: it was taken back for another reason.",
        );
        ("line_corrected", detail)
    })
}

/// How much is given back, in grams or pieces.
fn quantity(
    check: &mut Check,
    at: &impl Fn(&str) -> String,
    received: &Received,
    line: &ReceivedLine,
    asked: &ReturnLineRequest,
) -> Option<BaseQuantity> {
    let (unit, per) = match &asked.unit {
        None => (line.ordered.unit_code.as_str(), line.ordered.unit_base.0),
        Some(unit) => {
            let product = &line.ordered.product_code;
            let Some(per) = received.conversions.base_per_unit(product, unit) else {
                check.note(received.conversions.unknown_unit(at("unit"), product, unit));
                return None;
            };
            (unit.as_str(), per)
        }
    };
    let quantity = check.positive_quantity(&at("quantity"), &asked.quantity, per)?;
    let left = line.left();
    let most = left.in_units(BaseQuantity(per));
    check.that(
        quantity <= left,
        at("quantity"),
        "more_than_left",
        Text::new(
            format!("超过仍在验收数内的数量，最多可退 {most} {unit}。"),
            format!("More than is still accepted; at most {most} {unit} can be given back."),
        ),
    );
    (quantity <= left).then_some(quantity)
}

/// A revocation or a decided denial corrected the line in the same moment: the next try finds it so.
fn corrected_at_once(error: DbErr) -> ApiError {
    if is_duplicate(&error) { ApiError::Unavailable } else { error.into() }
}
