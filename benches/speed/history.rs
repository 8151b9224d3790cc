//! What happened before the load: months of purchases in the ledger, and consignments that wait at the door.

use crate::seed::{BUYERS, Kind, LINES, Market, OFFERS_EACH, SUPPLIERS, id, manager_account, pick, text, write};
use chrono::{Datelike, NaiveDate};
use entity::{
    certificate::{self, CertificateKind},
    consignment::{self, ConsignmentStatus},
    consignment_line, declared_purchase,
    id::{ListingId, PurchaseLineId},
    listing,
    money::Fen,
    order_line,
    purchase_line::{self, Channel},
    purchase_order::{self, OrderStatus},
    time::{Timestamp, month_of},
    weight::{BaseQuantity, Gram},
};
use xiaonong::{
    context::Ctx,
    ledger::{self, PurchaseClass},
    store::bulk,
};

/// Lines a school bought in a month.
const LINES_A_MONTH: u64 = 16;
/// Months of last year in which schools bought: not in the holidays.
pub const MONTHS: [u32; 10] = [1, 3, 4, 5, 6, 7, 9, 10, 11, 12];

/// Writes last year's purchases, school by school, with their totals.
pub async fn ledger(ctx: &Ctx, market: &Market) -> Result<u64, String> {
    let classes: Vec<i32> = PurchaseClass::all().map(PurchaseClass::code).step_by(7).collect();
    let year = market.today.year() - 1;
    let mut written = 0;
    for (chunk, schools) in (0..).zip(market.schools.chunks(20)) {
        let mut purchases = Vec::new();
        let mut lines = Vec::new();
        for (place, school) in (0..).zip(schools) {
            let n: u64 = chunk * 20 + place;
            for (index, month) in (0..).zip(MONTHS) {
                let day =
                    NaiveDate::from_ymd_opt(year, month, 1 + u32::try_from(n % 28).unwrap_or(0)).unwrap_or_default();
                let number = n * 100 + index;
                let mut made: Vec<purchase_line::Model> = Vec::new();
                for line in 0..LINES_A_MONTH {
                    let product = pick(&market.products, n * 3 + line + index);
                    made.push(purchase_line::Model {
                        id: id::<PurchaseLineId>(Kind::Purchase, number * 100 + line),
                        county_code: school.county_code.clone(),
                        reporting_unit_code: school.reporting_unit_code.clone(),
                        school_id: school.id,
                        canteen_id: id(Kind::Canteen, n),
                        purchased_on: day,
                        month: month_of(day),
                        channel: Channel::Declared,
                        receipt_line_id: None,
                        declared_purchase_id: Some(id(Kind::Declared, number)),
                        corrects_line_id: None,
                        supplier_id: None,
                        product_code: Some(product.code.clone()),
                        category_code: product.category_code.clone(),
                        amount_fen: Fen(10_000 + i64::try_from(number * 31 % 90_000).unwrap_or(0)),
                        weight_gram: Some(Gram(20_000)),
                        class: *pick(&classes, n + line % 5 + index),
                        origin_division_code: Some(pick(&market.counties, n + line).clone()),
                        origin_lists: String::new(),
                        producer_household_id: None,
                        producer_status: None,
                        linked_households: 0,
                        evidence: None,
                        recorded_at: ctx.clock.now(),
                    });
                }
                purchases.push(purchase(ctx.clock.now(), n, number, day, &made));
                lines.extend(made);
            }
        }
        let txn = ctx.store.begin().await.map_err(text)?;
        bulk::insert(&txn, &purchases).await.map_err(text)?;
        ledger::record(&txn, &lines).await.map_err(text)?;
        txn.commit().await.map_err(text)?;
        written += u64::try_from(lines.len()).unwrap_or(0);
    }
    Ok(written)
}

fn purchase(
    at: Timestamp,
    school: u64,
    number: u64,
    day: NaiveDate,
    lines: &[purchase_line::Model],
) -> declared_purchase::Model {
    declared_purchase::Model {
        id: id(Kind::Declared, number),
        school_id: id(Kind::School, school),
        canteen_id: id(Kind::Canteen, school),
        purchased_on: day,
        seller_name: "农贸市场".to_owned(),
        supplier_id: None,
        invoice_number: None,
        external_id: None,
        amount_fen: Fen(lines.iter().map(|line| line.amount_fen.0).sum()),
        declared_by: id(Kind::Account, 0),
        declared_at: at,
        import_id: None,
    }
}

/// Who receives the `n`th consignment.
pub fn buyer_of(n: u64) -> u64 {
    n % BUYERS
}

/// Who sent it.
pub fn supplier_of(n: u64) -> u64 {
    n % SUPPLIERS
}

/// Writes `count` confirmed orders of ten lines with all of it on its way, documents included.
pub async fn consignments(ctx: &Ctx, market: &Market, count: u64) -> Result<(), String> {
    let at = ctx.clock.now();
    let numbers: Vec<u64> = (0..count).collect();
    for chunk in numbers.chunks(500) {
        let lines = || chunk.iter().flat_map(|n| (0..LINES).map(move |line| (*n, line)));
        let orders: Vec<_> = chunk.iter().map(|n| order(*n, at, market.today)).collect();
        write(ctx, &orders).await?;
        let rows: Vec<_> = lines().map(|(n, line)| ordered(n, line, market)).collect();
        write(ctx, &rows).await?;
        let sent: Vec<_> = chunk.iter().map(|n| consignment(*n, at)).collect();
        write(ctx, &sent).await?;
        let rows: Vec<_> = lines().map(|(n, line)| batch(n, line, market)).collect();
        write(ctx, &rows).await?;
        let rows: Vec<_> = lines().map(|(n, line)| document(n, line, market)).collect();
        write(ctx, &rows).await?;
    }
    Ok(())
}

/// The offer behind a line.
fn offer(n: u64, line: u64, market: &Market) -> (ListingId, &listing::Model) {
    let listing = pick(&market.listings, supplier_of(n) * OFFERS_EACH + line);
    (listing.id, listing)
}

fn order(n: u64, at: Timestamp, today: NaiveDate) -> purchase_order::Model {
    purchase_order::Model {
        id: id(Kind::Order, n),
        basket_id: id(Kind::Basket, n),
        canteen_id: id(Kind::Canteen, buyer_of(n)),
        school_id: id(Kind::School, buyer_of(n)),
        supplier_id: id(Kind::Supplier, supplier_of(n)),
        status: OrderStatus::Shipped,
        deliver_on: today,
        amount_fen: Fen(100_000),
        placed_by: id(Kind::Account, manager_account(buyer_of(n))),
        placed_at: at,
        answered_at: Some(at),
        reason: None,
        version: 3,
    }
}

fn ordered(n: u64, line: u64, market: &Market) -> order_line::Model {
    let (listing_id, listing) = offer(n, line, market);
    order_line::Model {
        id: id(Kind::OrderLine, n * LINES + line),
        order_id: id(Kind::Order, n),
        line_no: i32::try_from(line + 1).unwrap_or(1),
        listing_id,
        product_code: listing.product_code.clone(),
        origin_division_code: listing.origin_division_code.clone(),
        producer_household_id: None,
        unit_code: "jin".to_owned(),
        unit_base: BaseQuantity(500),
        quantity_base: BaseQuantity(10_000),
        confirmed_base: Some(BaseQuantity(10_000)),
        price_fen: listing.price_fen,
        price_unit_code: "jin".to_owned(),
        price_base: BaseQuantity(500),
        amount_fen: Fen(10_000),
    }
}

fn consignment(n: u64, at: Timestamp) -> consignment::Model {
    consignment::Model {
        id: id(Kind::Consignment, n),
        order_id: id(Kind::Order, n),
        school_id: id(Kind::School, buyer_of(n)),
        supplier_id: id(Kind::Supplier, supplier_of(n)),
        status: ConsignmentStatus::Sent,
        sent_at: at,
        vehicle: Some("贵F·12345".to_owned()),
        version: 1,
    }
}

fn batch(n: u64, line: u64, market: &Market) -> consignment_line::Model {
    consignment_line::Model {
        id: id(Kind::ConsignmentLine, n * LINES + line),
        consignment_id: id(Kind::Consignment, n),
        order_line_id: id(Kind::OrderLine, n * LINES + line),
        line_no: i32::try_from(line + 1).unwrap_or(1),
        sent_base: BaseQuantity(10_000),
        batch_number: format!("B-{n}-{line}"),
        produced_on: Some(market.today),
        shelf_life_days: Some(15),
        origin_division_code: offer(n, line, market).1.origin_division_code.clone(),
        producer_household_id: None,
    }
}

fn document(n: u64, line: u64, market: &Market) -> certificate::Model {
    certificate::Model {
        id: id(Kind::Certificate, n * LINES + line),
        consignment_line_id: id(Kind::ConsignmentLine, n * LINES + line),
        kind: CertificateKind::CommitmentCertificate,
        number: format!("CN-{n}-{line}"),
        issued_on: market.today,
        issuer: "合作社".to_owned(),
        origin_division_code: Some(offer(n, line, market).1.origin_division_code.clone()),
    }
}
