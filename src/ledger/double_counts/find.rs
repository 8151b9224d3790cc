//! Finds declared purchases that look like a receipt of the same school.

use crate::{
    context::Ctx,
    http::{ApiError, Check, Text},
    ledger::declare::DeclarePurchaseRequest,
    store::{bulk, outbox_line},
};
use chrono::Days;
use entity::{
    declared_purchase, double_count,
    id::{DeclaredPurchaseId, ReceiptId, SchoolId},
    money::Fen,
    outbox,
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use serde_json::json;
use std::collections::BTreeSet;

/// Days around a receipt in which a declaration of the same seller may be the same goods.
const NEAR_DAYS: u32 = 7;
/// Days within which the same seller and the same amount are the same goods.
const SAME_DAYS: u32 = 3;
/// Days a look goes back for receipts: as far as a declaration may lie before its receipt.
const LOOK_BACK: u64 = 8;
/// Pairs written in one transaction.
const BATCH: u64 = 500;
/// The amount of a purchase as it was first declared.
const AS_DECLARED: &str = "d.amount_fen";

#[derive(FromQueryResult)]
struct Pair {
    school_id: SchoolId,
    declared_purchase_id: DeclaredPurchaseId,
    receipt_id: ReceiptId,
    certain: bool,
}

/// What is left of a receipt after goods were given back.
const LEFT: &str = "(r.amount_fen - coalesce((select sum(l.amount_fen) from goods_return g \
    join goods_return_line l on l.goods_return_id = g.id where g.receipt_id = r.id), 0))";

/// Pairs that are not known yet, among the receipts and purchases where `condition` on `r` and `d` holds: of the same
/// seller with amounts within a hundredth, or of an unregistered seller with the same amount. Where goods were given back the
/// declaration may name what came or what was left; what was given back whole is no purchase to count twice.
async fn pairs(
    db: &impl ConnectionTrait,
    (condition, amount): (&str, &str),
    values: Vec<Value>,
    limit: &str,
) -> Result<Vec<Pair>, DbErr> {
    let backend = db.get_database_backend();
    let day = |days: i64| match backend {
        DbBackend::Postgres => format!("r.received_on + ({days})"),
        _ => format!("date(r.received_on, '{days} days')"),
    };
    let within = |days: u32| {
        let days = i64::from(days);
        format!("d.purchased_on between {} and {}", day(-days), day(days))
    };
    let same = format!("{amount} in (r.amount_fen, {LEFT}) and {}", within(SAME_DAYS));
    // What is left is asked of pairs only, not of every receipt.
    let close = ["r.amount_fen", LEFT].map(|of| format!("abs({amount} - {of}) * 100 <= {of}")).join(" or ");
    let sql = format!(
        "select r.school_id, d.id as declared_purchase_id, r.id as receipt_id, \
         (d.supplier_id is not null and {same}) as certain \
         from receipt r join declared_purchase d on d.school_id = r.school_id and {} \
         where {condition} and r.amount_fen > 0 and case when d.supplier_id = r.supplier_id and ({close}) \
         or d.supplier_id is null and {same} then {LEFT} > 0 else false end \
         and not exists (select 1 from double_count p where p.declared_purchase_id = d.id and p.receipt_id = r.id) \
         order by r.id, d.id {limit}",
        within(NEAR_DAYS)
    );
    Pair::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await
}

fn rows(ctx: &Ctx, at: Timestamp, pairs: Vec<Pair>) -> Vec<double_count::Model> {
    let row = |pair: Pair| double_count::Model {
        id: ctx.ids.next(),
        school_id: pair.school_id,
        declared_purchase_id: pair.declared_purchase_id,
        receipt_id: pair.receipt_id,
        certain: pair.certain,
        found_at: at,
        outcome: None,
        note: None,
        decided_by: None,
        decided_at: None,
        version: 1,
    };
    pairs.into_iter().map(row).collect()
}

/// What purchases that were just written look like, of what was received before.
///
/// # Errors
/// When the database does not answer.
pub async fn found_of(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    at: Timestamp,
    purchases: &[declared_purchase::Model],
) -> Result<Vec<double_count::Model>, DbErr> {
    let mut found = Vec::new();
    for some in purchases.chunks(500) {
        let marks: Vec<String> = (1..=some.len()).map(|number| format!("${number}")).collect();
        let values = some.iter().map(|purchase| purchase.id.into()).collect();
        let condition = format!("d.id in ({})", marks.join(", "));
        found.extend(pairs(db, (&condition, AS_DECLARED), values, "").await?);
    }
    Ok(rows(ctx, at, found))
}

/// The same of a purchase that was corrected, by the amount that stands of it now.
///
/// # Errors
/// When the database does not answer.
pub async fn found_of_corrected(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    at: Timestamp,
    (purchase, standing): (DeclaredPurchaseId, Fen),
) -> Result<Vec<double_count::Model>, DbErr> {
    let found = pairs(db, ("d.id = $1", "cast($2 as bigint)"), vec![purchase.into(), standing.into()], "").await?;
    Ok(rows(ctx, at, found))
}

/// Refuses purchases that were received here beyond doubt, unless the school says they were another delivery.
///
/// # Errors
/// 422 naming each.
pub fn refuse_certain(
    found: &[double_count::Model],
    purchases: &[declared_purchase::Model],
    requests: &[(String, DeclarePurchaseRequest)],
) -> Result<(), ApiError> {
    let certain: BTreeSet<DeclaredPurchaseId> =
        found.iter().filter(|pair| pair.certain).map(|pair| pair.declared_purchase_id).collect();
    let mut check = Check::default();
    for ((prefix, request), purchase) in requests.iter().zip(purchases) {
        check.that(
            request.separate_delivery || !certain.contains(&purchase.id),
            format!("{prefix}/supplier_id"),
            "received_here",
            Text::new(
                "该供货方三日内有金额相同的平台验收单，应为同一批货物；确属另一次送货的，请填 separate_delivery。",
                "The same amount from this seller was received here within three days: the same goods, it seems. If it was \
                 another delivery, say so by separate_delivery.",
            ),
        );
    }
    check.finish()
}

/// Finds what was received lately and had been declared before; answers how many pairs that were. The schools are told.
///
/// # Errors
/// When the database refuses; what was found before stays.
pub async fn find_double_counts(ctx: &Ctx) -> Result<usize, ApiError> {
    let at = ctx.clock.now();
    let since = at.business_day().checked_sub_days(Days::new(LOOK_BACK)).unwrap_or_default();
    let limit = format!("limit {BATCH}");
    // Most looks find nothing; they should not take the write lock to find it.
    let waiting = || pairs(ctx.store.primary(), ("r.received_on >= $1", AS_DECLARED), vec![since.into()], "limit 1");
    let mut found = 0;
    while !waiting().await?.is_empty() {
        let txn = ctx.store.begin().await?;
        let new = rows(ctx, at, pairs(&txn, ("r.received_on >= $1", AS_DECLARED), vec![since.into()], &limit).await?);
        let schools: BTreeSet<SchoolId> = new.iter().map(|pair| pair.school_id).collect();
        let event = |school: &SchoolId| {
            outbox_line(ctx, at, "purchase.double_count", &json!({"school_id": school, "subject": school}))
        };
        let events: Vec<outbox::Model> = schools.iter().map(event).collect();
        bulk::insert(&txn, &new).await?;
        bulk::insert(&txn, &events).await?;
        txn.commit().await?;
        found += new.len();
    }
    Ok(found)
}
