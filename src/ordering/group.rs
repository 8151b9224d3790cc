//! Places a group of baskets in one transaction with a fixed number of statements: read what they need, decide each in
//! memory, write all.

use super::{
    basket::{Destination, Offer, PricedLine, Refusal, price},
    placer::Wanted,
    read::{OrderView, PlacedBasket},
    snapshot::{self, Kitchen},
};
use crate::{
    cache::Topic,
    catalogue::Conversions,
    context::Ctx,
    http::{ApiError, FieldError, Reply, Text},
    store::{
        audit_line,
        bulk::{self, Kind, Rows},
        id_taken, idempotency_line, outbox_line, stored_answer, stored_answers,
    },
};
use axum::http::StatusCode;
use chrono::{Days, NaiveDate};
use entity::{
    audit_entry,
    canteen::CanteenKind,
    id::{BasketId, ListingId, OrderId},
    idempotency,
    money::Fen,
    order_line, outbox,
    purchase_order::{self, OrderStatus},
    time::Timestamp,
    weight::BaseQuantity,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use std::collections::{BTreeMap, HashMap};

/// Days ahead a delivery may be asked for.
const MAX_DAYS_AHEAD: u64 = 90;

/// Rows of a whole group, written with one statement a table.
#[derive(Default)]
struct Rowset {
    orders: Vec<purchase_order::Model>,
    lines: Vec<order_line::Model>,
    audit: Vec<audit_entry::Model>,
    events: Vec<outbox::Model>,
    answers: Vec<idempotency::Model>,
    taken: BTreeMap<ListingId, i64>,
}

/// Places every basket of the group or says why it cannot be; all writes commit together.
///
/// # Errors
/// When the database refuses the group as a whole; then nothing was written.
pub(super) async fn place(ctx: &Ctx, group: &[Wanted]) -> Result<Vec<Result<Reply, ApiError>>, ApiError> {
    let at = ctx.clock.now();
    let txn = ctx.store.begin().await?;
    let mut stored = stored_answers(&txn, group.iter().map(|wanted| (&wanted.caller, &wanted.key))).await?;
    let fresh: Vec<&Wanted> = group
        .iter()
        .filter(|wanted| !stored.contains_key(&(wanted.caller.actor.account_id(), wanted.key.key.clone())))
        .collect();
    let kitchens = snapshot::kitchens(&txn, &fresh).await?;
    let mut offers = snapshot::lock_offers(&txn, &fresh).await?;
    let conversions = snapshot::conversions(&txn, &fresh, &offers).await?;
    let mut rows = Rowset::default();
    let mut answers = Vec::with_capacity(group.len());
    for wanted in group {
        let key = (wanted.caller.actor.account_id(), wanted.key.key.clone());
        if let Some(before) = stored.get(&key) {
            answers.push(stored_answer(before, &wanted.key));
            continue;
        }
        let decided = decide(ctx, at, wanted, &kitchens, &mut offers, &conversions, &mut rows);
        if let Ok(reply) = &decided {
            // A second request with this key in the same group is answered from here.
            let line = idempotency_line(&wanted.caller, &wanted.key, reply.status, &reply.body, at);
            stored.insert(key, line.clone());
            rows.answers.push(line);
        }
        answers.push(decided);
    }
    if rows.orders.is_empty() {
        txn.rollback().await?;
        return Ok(answers);
    }
    write(&txn, &rows).await.map_err(id_taken)?;
    txn.commit().await?;
    ctx.pages.changed(Topic::Listings);
    Ok(answers)
}

fn decide(
    ctx: &Ctx,
    at: Timestamp,
    wanted: &Wanted,
    kitchens: &HashMap<entity::id::CanteenId, Kitchen>,
    offers: &mut HashMap<ListingId, Offer>,
    conversions: &Conversions,
    rows: &mut Rowset,
) -> Result<Reply, ApiError> {
    let kitchen = kitchens
        .get(&wanted.canteen_id)
        .filter(|kitchen| wanted.scope.covers_school(&kitchen.school))
        .ok_or_else(canteen_unknown)?;
    let to = destination(kitchen, wanted.deliver_on, at)?;
    let priced = price(&wanted.lines, offers, conversions, &to).map_err(refuse)?;
    let mut by_supplier: BTreeMap<_, Vec<&PricedLine>> = BTreeMap::new();
    for line in &priced {
        let Some(offer) = offers.get(&line.listing_id) else { continue };
        by_supplier.entry(offer.supplier_id).or_default().push(line);
    }
    if wanted.single.is_some() && by_supplier.len() > 1 {
        return Err(ApiError::field(
            "/lines",
            "several_suppliers",
            Text::new(
                "一张订单只能有一个供货方；多个供货方请用 POST /baskets。",
                "An order has one supplier; for several use POST /baskets.",
            ),
        ));
    }
    let basket_id: BasketId = wanted.basket_id.unwrap_or_else(|| ctx.ids.next());
    let mut views = Vec::with_capacity(by_supplier.len());
    for (supplier_id, lines) in by_supplier {
        let order_id: OrderId = wanted.single.flatten().unwrap_or_else(|| ctx.ids.next());
        let amount = lines.iter().try_fold(Fen(0), |sum, line| sum.checked_add(line.amount));
        let order = purchase_order::Model {
            id: order_id,
            basket_id,
            canteen_id: wanted.canteen_id,
            school_id: kitchen.school.id,
            supplier_id,
            status: OrderStatus::Placed,
            deliver_on: to.deliver_on,
            amount_fen: amount.ok_or_else(|| ApiError::internal("the amount of an order overflowed"))?,
            placed_by: wanted.caller.actor.account_id(),
            placed_at: at,
            answered_at: None,
            reason: None,
            version: 1,
        };
        let order_lines = freeze(ctx, order_id, &lines, offers);
        let facts = serde_json::json!({
            "order_id": order_id, "school_id": order.school_id, "supplier_id": supplier_id,
            "amount": order.amount_fen, "lines": order_lines.len(),
        });
        rows.audit.push(audit_line(ctx, &wanted.caller, at, "order.place", "order", &order_id, &facts));
        rows.events.push(outbox_line(ctx, at, "order.placed", &facts));
        views.push(OrderView::new(&order, &order_lines));
        rows.orders.push(order);
        rows.lines.extend(order_lines);
    }
    for line in &priced {
        *rows.taken.entry(line.listing_id).or_default() += line.quantity.0;
        if let Some(offer) = offers.get_mut(&line.listing_id) {
            offer.stock_base = BaseQuantity(offer.stock_base.0 - line.quantity.0);
        }
    }
    let body = match (&wanted.single, views.first()) {
        (Some(_), Some(order)) => serde_json::to_string(order),
        _ => serde_json::to_string(&PlacedBasket { basket_id, orders: views }),
    };
    Ok(Reply { status: StatusCode::CREATED, body: body.map_err(ApiError::internal)?, replayed: false })
}

fn freeze(
    ctx: &Ctx,
    order_id: OrderId,
    lines: &[&PricedLine],
    offers: &HashMap<ListingId, Offer>,
) -> Vec<order_line::Model> {
    let frozen = lines.iter().filter_map(|line| offers.get(&line.listing_id).map(|offer| (line, offer)));
    (1..)
        .zip(frozen)
        .map(|(line_no, (line, offer))| order_line::Model {
            id: ctx.ids.next(),
            order_id,
            line_no,
            listing_id: line.listing_id,
            product_code: offer.product_code.clone(),
            origin_division_code: offer.origin_division_code.clone(),
            producer_household_id: offer.producer_household_id,
            unit_code: line.unit_code.clone(),
            unit_base: line.unit_base,
            quantity_base: line.quantity,
            confirmed_base: None,
            price_fen: offer.price_fen,
            price_unit_code: offer.unit_code.clone(),
            price_base: offer.unit_base,
            amount_fen: line.amount,
        })
        .collect()
}

/// The problem of a kitchen that is not there or not the caller's: the two cannot be told apart.
pub(crate) fn canteen_unknown() -> ApiError {
    ApiError::field(
        "/canteen_id",
        "canteen_unknown",
        Text::new("食堂不存在，或不属于您的学校。", "There is no such canteen, or it is not your school's."),
    )
}

/// Where the basket goes; refuses kitchens that do not buy and days that are out of reach.
pub(crate) fn destination(
    kitchen: &Kitchen,
    wanted: Option<NaiveDate>,
    at: Timestamp,
) -> Result<Destination, ApiError> {
    if matches!(kitchen.kind, CanteenKind::Shared | CanteenKind::None) {
        return Err(ApiError::Conflict {
            code: "canteen_does_not_buy",
            detail: Text::new(
                "该食堂由他校供餐或未开办，由供餐学校下单。",
                "This canteen is served by another school or not run; the school that runs the kitchen orders.",
            ),
            errors: vec![FieldError::new(
                "/canteen_id",
                "canteen_does_not_buy",
                Text::new("不可下单。", "Cannot buy."),
            )],
        });
    }
    let today = at.business_day();
    let deliver_on = wanted.or_else(|| today.succ_opt()).unwrap_or(today);
    let last = today.checked_add_days(Days::new(MAX_DAYS_AHEAD)).unwrap_or(today);
    if !(today..=last).contains(&deliver_on) {
        return Err(ApiError::field(
            "/deliver_on",
            "deliver_on_out_of_range",
            Text::new(
                format!("送货日期须在 {today} 至 {last} 之间。"),
                format!("The delivery day must be between {today} and {last}."),
            ),
        ));
    }
    if kitchen.school.closed_on.is_some_and(|closed| deliver_on > closed) {
        let detail = Text::new("学校届时已停办。", "The school is closed by then.");
        return Err(ApiError::field("/deliver_on", "school_closed", detail));
    }
    Ok(Destination {
        county_code: kitchen.school.county_code.clone(),
        prefecture_code: kitchen.prefecture_code.clone(),
        deliver_on,
    })
}

/// Wrong fields are a 422; a basket that is right but asks for more than there is, a 409.
pub(crate) fn refuse(refusal: Refusal) -> ApiError {
    let Refusal { mut wrong, short } = refusal;
    if wrong.is_empty() {
        return ApiError::Conflict {
            code: "insufficient_stock",
            detail: Text::new(
                "部分商品库存不足，整个菜篮均未下单。",
                "Some goods are short; nothing of the basket was ordered.",
            ),
            errors: short,
        };
    }
    wrong.extend(short);
    ApiError::Invalid(wrong)
}

async fn write(txn: &DatabaseTransaction, rows: &Rowset) -> Result<(), DbErr> {
    let cells = rows.taken.iter().map(|(id, taken)| vec![(*id).into(), (*taken).into()]).collect();
    let backend = txn.get_database_backend();
    let (relation, values) = Rows::new(&["id", "taken"], &[Kind::Uuid, Kind::Long], cells).relation(backend)?;
    let sql = format!(
        "update listing set stock_base = stock_base - r.taken from {relation} \
         where listing.id = r.id and stock_base >= r.taken"
    );
    let moved = txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected();
    if usize::try_from(moved) != Ok(rows.taken.len()) {
        // The rows are locked and were decided upon; only a bug or a foreign hand on the table leads here.
        return Err(DbErr::Custom("stock changed under the lock".to_owned()));
    }
    bulk::insert(txn, &rows.orders).await?;
    bulk::insert(txn, &rows.lines).await?;
    bulk::insert(txn, &rows.audit).await?;
    bulk::insert(txn, &rows.events).await?;
    bulk::insert(txn, &rows.answers).await
}
