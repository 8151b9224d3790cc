//! Correct declared purchases: a line is taken back by a reversing one, and another may stand in its place.

use super::{
    class::PurchaseClass,
    closed::last_statements,
    declaration::{Batch, Purchaser, Rows},
    declare::{DeclarePurchaseRequest, DeclaredLineRequest, DeclaredLineView},
    double_counts::found_of_corrected,
    record::record,
    revocation::{reverses, take_back},
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    registry,
    store::{Begun, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    declared_purchase,
    id::{DeclaredPurchaseId, PurchaseLineId},
    line_correction,
    money::Fen,
    purchase_line,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use utoipa::ToSchema;

/// What is corrected, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectPurchaseRequest {
    /// In own words, up to 500 characters.
    #[schema(example = "金额录入错误，凭证为 63.00 元")]
    pub reason: String,
    /// The lines, each once.
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<CorrectLineRequest>,
}

/// One line of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectLineRequest {
    /// The ledger line that is taken back.
    pub line_id: PurchaseLineId,
    /// What stands in its place; nothing unless given. Its facts are those of the day of the purchase.
    pub instead: Option<DeclaredLineRequest>,
}

/// A corrected purchase.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectedPurchaseView {
    /// The purchase.
    pub id: DeclaredPurchaseId,
    /// What the corrected lines came to.
    pub amount_before: Fen,
    /// What stands in their place comes to.
    pub amount: Fen,
    /// Lines that were taken back.
    pub taken_back: Vec<PurchaseLineId>,
    /// Lines that stand in their place.
    pub lines: Vec<DeclaredLineView>,
}

const MAX_LINES: usize = 100;

/// Correct a declared purchase
///
/// Nothing is changed: a line is taken back by one that reverses it, and another may stand in its place, both on the day of
/// the purchase, so that every figure follows. A line is corrected once; what stands in its place can be corrected in turn.
/// Its authority is told. In a month that the reporting unit has closed, the correction is shown in its next statement, and
/// what takes a line's place may not cost, weigh or count for more.
#[utoipa::path(
    post, path = "/declared-purchases/{id}/corrections", operation_id = "correct_purchase", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = DeclaredPurchaseId, Path, description = "The purchase")),
    request_body = CorrectPurchaseRequest,
    responses((status = 201, body = CorrectedPurchaseView, description = "Corrected"))
)]
pub async fn correct_purchase(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<DeclaredPurchaseId>,
    command: Command<CorrectPurchaseRequest, true>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::DeclaredPurchase)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = declared_purchase::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let kitchen = registry::find_canteen(work.txn(), &scope, found.canteen_id).await?.ok_or(ApiError::NotFound)?;
    let purchaser = Purchaser { canteen: kitchen.0, school: kitchen.1 };
    let mut check = Check::default();
    let reason = check.text("/reason", &command.body.reason, 500);
    check.lines("/lines", &command.body.lines, MAX_LINES);
    let lines = lines_of(work.txn(), &found).await?;
    let mut named = HashSet::new();
    for (index, asked) in command.body.lines.iter().enumerate().take(MAX_LINES) {
        let pointer = format!("/lines/{index}/line_id");
        check.that(
            named.insert(asked.line_id),
            pointer.as_str(),
            "line_repeated",
            Text::new("该行重复。", "The line is there twice."),
        );
        check.that(
            lines.contains_key(&asked.line_id),
            pointer.as_str(),
            "line_unknown",
            Text::new(
                "该采购没有这一行，或该行已被更正。",
                "The purchase has no such line, or it was corrected before.",
            ),
        );
    }
    let closed = is_closed(work.txn(), lines.values(), work.at).await?;
    let request = as_declared(&found, &command.body);
    let requests = [(String::new(), request)];
    let batch = Batch::read(work.txn(), &purchaser, &requests, work.at).await?;
    let mut rows = Rows::default();
    let mut written = Vec::new();
    let mut reasons = Vec::new();
    let mut view =
        CorrectedPurchaseView { id, amount_before: Fen(0), amount: Fen(0), taken_back: Vec::new(), lines: Vec::new() };
    for (index, asked) in command.body.lines.iter().enumerate().take(MAX_LINES) {
        let before = lines.get(&asked.line_id);
        if let Some(instead) = &asked.instead {
            let pointer = format!("/lines/{index}/instead");
            let row = batch.one(&ctx, &mut check, &pointer, (id, &requests[0].1), instead, &mut rows);
            if let Some((row, before)) = row.zip(before) {
                let row = purchase_line::Model {
                    corrects_line_id: Some(before.id),
                    declared_purchase_id: None,
                    // Where the school belonged that day was written down then.
                    county_code: before.county_code.clone(),
                    reporting_unit_code: before.reporting_unit_code.clone(),
                    ..row
                };
                check.that(
                    !closed || only_lowers(before, &row),
                    pointer.as_str(),
                    "month_closed",
                    raises_what_is_closed(),
                );
                view.amount = Fen(view.amount.0.saturating_add(row.amount_fen.0));
                view.lines.push(DeclaredLineView::of(&row, instead));
                written.push(row);
            }
        }
        if let Some(before) = before {
            let back = take_back(&ctx.ids, before, work.at);
            view.amount_before = Fen(view.amount_before.0.saturating_add(before.amount_fen.0));
            view.taken_back.push(before.id);
            reasons.push(line_correction::Model {
                purchase_line_id: back.id,
                reason: reason.clone(),
                corrected_by: caller.actor.account_id(),
                corrected_at: work.at,
            });
            written.push(back);
        }
    }
    check.finish()?;
    record(work.txn(), &written).await.map_err(corrected_at_once)?;
    bulk::insert(work.txn(), &reasons).await?;
    bulk::insert(work.txn(), &rows.stated).await?;
    bulk::insert(work.txn(), &rows.documents).await?;
    // What stands now may look like a delivery that the first declaration did not.
    let standing: i64 = lines.values().map(|line| line.amount_fen.0).sum();
    let standing = Fen(standing - view.amount_before.0 + view.amount.0);
    let twice = found_of_corrected(&ctx, work.txn(), work.at, (id, standing)).await?;
    bulk::insert(work.txn(), &twice).await?;
    let school_id = found.school_id;
    let units: BTreeSet<&str> = written.iter().map(|line| line.reporting_unit_code.as_str()).collect();
    let (before, amount) = (view.amount_before, view.amount);
    let told = json!({"school_id": school_id, "reason": reason, "amount_before": before, "amount": amount, "taken_back": view.taken_back});
    work.audit("purchase.correct", "declared_purchase", &id, &told);
    work.event("ledger.corrected", &json!({"subject": id, "school_id": school_id}));
    // A school takes back what it said itself: its authority knows of it.
    work.event("purchase.corrected", &json!({"subject": id, "units": units}));
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.pages.changed(Topic::School(school_id));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// The lines of a purchase that stand: those declared and those that stand in the place of others, without what was taken
/// back. A handful: each correction leads to at most one more.
async fn lines_of(
    db: &impl ConnectionTrait,
    purchase: &declared_purchase::Model,
) -> Result<HashMap<PurchaseLineId, purchase_line::Model>, DbErr> {
    use purchase_line::Column;
    let declared = purchase_line::Entity::find().filter(Column::DeclaredPurchaseId.eq(purchase.id)).all(db).await?;
    let mut standing: HashMap<PurchaseLineId, purchase_line::Model> = HashMap::new();
    let mut latest = declared;
    while !latest.is_empty() {
        let ids: Vec<PurchaseLineId> = latest.iter().map(|line| line.id).collect();
        standing.extend(latest.into_iter().map(|line| (line.id, line)));
        let after = purchase_line::Entity::find().filter(Column::CorrectsLineId.is_in(ids)).all(db).await?;
        for line in &after {
            standing.retain(|id, _| Some(*id) != line.corrects_line_id);
        }
        // What was put in the place of a line that nobody vouches for any more is no declaration of the school's.
        let stated = line_correction::Entity::find()
            .filter(line_correction::Column::PurchaseLineId.is_in(after.iter().map(|line| line.id)))
            .all(db)
            .await?;
        let stated: HashSet<PurchaseLineId> = stated.into_iter().map(|row| row.purchase_line_id).collect();
        let own: HashSet<Option<PurchaseLineId>> =
            after.iter().filter(|line| stated.contains(&line.id)).map(|line| line.corrects_line_id).collect();
        latest = after.into_iter().filter(|line| !reverses(line) && own.contains(&line.corrects_line_id)).collect();
    }
    Ok(standing)
}

/// What takes back all that stands of a purchase, with the reason of each line.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn take_back_all(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    caller: &Caller,
    purchase: &declared_purchase::Model,
    (reason, at): (&str, Timestamp),
) -> Result<(Vec<purchase_line::Model>, Vec<line_correction::Model>), DbErr> {
    let standing = lines_of(db, purchase).await?;
    let back: Vec<purchase_line::Model> = standing.values().map(|line| take_back(&ctx.ids, line, at)).collect();
    let of = |line: &purchase_line::Model| line_correction::Model {
        purchase_line_id: line.id,
        reason: reason.to_owned(),
        corrected_by: caller.actor.account_id(),
        corrected_at: at,
    };
    let reasons = back.iter().map(of).collect();
    Ok((back, reasons))
}

/// The purchase with the lines that take the places of others, as it would be declared.
fn as_declared(found: &declared_purchase::Model, body: &CorrectPurchaseRequest) -> DeclarePurchaseRequest {
    DeclarePurchaseRequest {
        id: None,
        canteen_id: found.canteen_id,
        purchased_on: found.purchased_on,
        seller_name: found.seller_name.clone(),
        supplier_id: found.supplier_id,
        invoice_number: found.invoice_number.clone(),
        external_id: found.external_id.clone(),
        separate_delivery: true,
        lines: body.lines.iter().take(MAX_LINES).filter_map(|line| line.instead.clone()).collect(),
    }
}

/// Whether the unit has closed the month of these lines, which are of one day, and nobody has opened it again.
async fn is_closed<'a>(
    txn: &DatabaseTransaction,
    lines: impl Iterator<Item = &'a purchase_line::Model>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let as_of_now: Vec<_> = lines.map(|line| purchase_line::Model { recorded_at: now, ..line.clone() }).collect();
    Ok(last_statements(txn, &as_of_now).await?.values().any(|last| !last.is_open))
}

fn raises_what_is_closed() -> Text {
    Text::new(
        "该月已结账：更正后的金额、重量不得高于原数，产地与生产者不得改得更有利；否则请主管部门重新开放该月。",
        "The month is closed: what takes the line's place may not cost or weigh more nor count for more; else ask the \
         authority to open the month again.",
    )
}

/// Whether a line in the place of another raises no figure that was signed: it costs and weighs no more, and is of the same
/// class or of one that counts for nothing without evidence (S6).
fn only_lowers(before: &purchase_line::Model, instead: &purchase_line::Model) -> bool {
    let weight = |line: &purchase_line::Model| line.weight_gram.map_or(0, |weight| weight.0);
    let counts = PurchaseClass::from_code(instead.class).is_none_or(|class| class.evidence);
    instead.amount_fen <= before.amount_fen
        && weight(instead) <= weight(before)
        && (instead.class == before.class || !counts)
}

/// Somebody corrected the line in the same moment: the next try finds it so.
fn corrected_at_once(error: DbErr) -> ApiError {
    if is_duplicate(&error) { ApiError::Unavailable } else { error.into() }
}
