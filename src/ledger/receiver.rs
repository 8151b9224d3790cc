//! The writer of receipts: a group of them with their ledger lines and totals, in one transaction and with a fixed number
//! of statements.

use super::{
    facts::{Claim, Day},
    receive,
    record::record,
};
use crate::{
    access::{Caller, Scope},
    cache::Topic,
    context::Ctx,
    delivery::{self, Arrivals, ReceiveRequest, Recorded, RecordedLine, Sent},
    http::{ApiError, IfMatch, Reply},
    store::{
        GroupWriter, Grouped, IdempotencyKey, bulk, changed_line, id_taken, idempotency_line, outbox_line,
        stored_answer, stored_answers,
    },
};
use axum::http::StatusCode;
use entity::{
    audit_entry, certificate, consignment_line,
    id::{ConsignmentId, SupplierId},
    idempotency, outbox,
    purchase_line::{self, Channel},
    school,
    time::{Timestamp, month_of},
};
use sea_orm::{DatabaseTransaction, DbErr};
use std::collections::BTreeSet;

/// A receipt to be recorded.
#[derive(Debug)]
pub struct Arrived {
    /// Who records it.
    pub caller: Caller,
    /// The schools the caller may receive for.
    pub scope: Scope,
    /// Key of the request.
    pub key: IdempotencyKey,
    /// The version of the consignment the caller saw.
    pub version: IfMatch,
    /// What is received.
    pub consignment_id: ConsignmentId,
    /// What arrived.
    pub request: ReceiveRequest,
}

/// Handle to the writer of receipts.
pub type Receiver = GroupWriter<Arrived>;

impl Grouped for Arrived {
    const WHAT: &'static str = "receipts";

    async fn write(ctx: &Ctx, group: &[Self]) -> Result<Vec<Result<Reply, ApiError>>, ApiError> {
        receive_group(ctx, group).await
    }
}

/// Rows of a whole group, written with one statement a table.
#[derive(Default)]
struct Rowset {
    recorded: Vec<Recorded>,
    ledger: Vec<purchase_line::Model>,
    audit: Vec<audit_entry::Model>,
    events: Vec<outbox::Model>,
    answers: Vec<idempotency::Model>,
}

/// Receives every consignment of the group or says why it cannot be; all writes commit together.
async fn receive_group(ctx: &Ctx, group: &[Arrived]) -> Result<Vec<Result<Reply, ApiError>>, ApiError> {
    let txn = ctx.store.begin().await?;
    let at = ctx.clock.now();
    let mut stored = stored_answers(&txn, group.iter().map(|arrived| (&arrived.caller, &arrived.key))).await?;
    let answered = |arrived: &Arrived| (arrived.caller.actor.account_id(), arrived.key.key.clone());
    let fresh: BTreeSet<ConsignmentId> = group
        .iter()
        .filter(|arrived| !stored.contains_key(&answered(arrived)))
        .map(|arrived| arrived.consignment_id)
        .collect();
    let mut arrivals = Arrivals::lock(&txn, &fresh, at.business_day()).await?;
    let claims: Vec<Claim> = arrivals.all().flat_map(claims).collect();
    Day::hold(&txn, &claims).await?;
    let day = Day::read(&txn, &claims, at.business_day()).await?;
    let mut rows = Rowset::default();
    let mut answers = Vec::with_capacity(group.len());
    for arrived in group {
        let key = answered(arrived);
        if let Some(before) = stored.get(&key) {
            answers.push(stored_answer(before, &arrived.key));
            continue;
        }
        let decided = decide(ctx, at, arrived, &mut arrivals, &day, &mut rows);
        if let Ok(reply) = &decided {
            // A second request with this key in the same group is answered from here.
            let line = idempotency_line(&arrived.caller, &arrived.key, reply.status, &reply.body, at);
            stored.insert(key, line.clone());
            rows.answers.push(line);
        }
        answers.push(decided);
    }
    if rows.recorded.is_empty() {
        txn.rollback().await?;
        return Ok(answers);
    }
    arrivals.write(&txn).await?;
    write(&txn, &rows).await.map_err(id_taken)?;
    txn.commit().await?;
    let schools: BTreeSet<_> = rows.recorded.iter().map(|recorded| recorded.receipt.school_id).collect();
    for school in schools {
        ctx.pages.changed(Topic::School(school));
    }
    ctx.pages.changed(Topic::Ledger);
    Ok(answers)
}

fn decide(
    ctx: &Ctx,
    at: Timestamp,
    arrived: &Arrived,
    arrivals: &mut Arrivals,
    day: &Day,
    rows: &mut Rowset,
) -> Result<Reply, ApiError> {
    let Arrived { caller, version, request, .. } = arrived;
    let id = arrived.consignment_id;
    let sent = arrivals.get(id).filter(|sent| arrived.scope.covers_school(&sent.school)).ok_or(ApiError::NotFound)?;
    let recorded = delivery::inspect(ctx, at, caller, version, sent, &arrivals.conversions, request)?;
    let lines: Vec<Option<purchase_line::Model>> =
        recorded.lines.iter().map(|line| ledger_line(ctx, &sent.school, &recorded, line, day)).collect();
    let body = serde_json::to_string(&receive::view(&recorded, &lines)).map_err(ApiError::internal)?;
    let receipt = &recorded.receipt;
    let told = serde_json::json!({
        "receipt_id": receipt.id, "consignment_id": id, "order_id": receipt.order_id,
        "school_id": receipt.school_id, "supplier_id": receipt.supplier_id, "amount": receipt.amount_fen,
        "inspectors": recorded.inspectors,
    });
    let mut event = told.clone();
    // Who recorded it named the others: they are told, and may deny it (F3).
    event["named"] = recorded
        .signed
        .iter()
        .filter(|signed| signed.account_id != receipt.received_by)
        .map(|signed| serde_json::json!(signed.account_id))
        .collect();
    rows.events.push(outbox_line(ctx, at, "consignment.received", &event));
    let before = tracked(sent);
    arrivals.arrive(id);
    let after = arrivals.get(id).map(tracked).unwrap_or_default();
    let done = changed_line(ctx, caller, at, ("consignment.receive", "receipt"), &receipt.id, &told, [&before, &after]);
    rows.audit.push(done);
    rows.ledger.extend(lines.into_iter().flatten());
    rows.recorded.push(recorded);
    Ok(Reply { status: StatusCode::CREATED, body, replayed: false })
}

/// The states whose change the trail keeps.
fn tracked(sent: &Sent) -> serde_json::Value {
    serde_json::json!({ "consignment": sent.consignment.status, "order": sent.order.status })
}

async fn write(txn: &DatabaseTransaction, rows: &Rowset) -> Result<(), DbErr> {
    delivery::write_receipts(txn, &rows.recorded).await?;
    bulk::insert(txn, &rows.audit).await?;
    bulk::insert(txn, &rows.events).await?;
    bulk::insert(txn, &rows.answers).await?;
    // Totals last: their rows are the ones another replica's group may wait for.
    record(txn, &rows.ledger).await
}

fn claims(sent: &Sent) -> Vec<Claim> {
    let one = |batch: &consignment_line::Model| {
        let ordered = sent.ordered.iter().find(|line| line.id == batch.order_line_id);
        let documents = sent.certificates.iter().filter(|it| it.consignment_line_id == batch.id);
        claim(sent.order.supplier_id, batch, documents, ordered.map(|line| line.origin_division_code.clone()))
    };
    sent.batches.iter().map(one).collect()
}

fn claim<'a>(
    supplier_id: SupplierId,
    batch: &consignment_line::Model,
    documents: impl Iterator<Item = &'a certificate::Model>,
    listed_origin: Option<String>,
) -> Claim {
    Claim {
        supplier_id: Some(supplier_id),
        origin_division_code: Some(batch.origin_division_code.clone()),
        producer_household_id: batch.producer_household_id,
        documents: documents.map(|it| (it.kind, it.origin_division_code.clone())).collect(),
        listed_origin,
    }
}

/// The ledger line of a receipt line; none where nothing was accepted (S1).
fn ledger_line(
    ctx: &Ctx,
    school: &school::Model,
    recorded: &Recorded,
    line: &RecordedLine,
    day: &Day,
) -> Option<purchase_line::Model> {
    if line.line.accepted_base.0 == 0 {
        return None;
    }
    let receipt = &recorded.receipt;
    let listed = Some(line.listed_origin.clone());
    let claim = claim(receipt.supplier_id, &line.batch, line.certificates.iter(), listed);
    let frozen = day.freeze(&claim);
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
        origin_division_code: claim.origin_division_code,
        origin_lists: frozen.origin_lists,
        producer_household_id: claim.producer_household_id,
        producer_status: frozen.producer_status,
        linked_households: frozen.linked_households,
        evidence: frozen.evidence,
        recorded_at: receipt.received_at,
    })
}
