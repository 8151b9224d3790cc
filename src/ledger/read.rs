//! The lines behind a figure, each down to receipt, batch and document.

use super::{
    behind::Behind,
    class::{OriginClass, ProducerClass},
    denials::DenialMark,
    wanted::{Wanted, day_cursor, in_order, place_cursor, walk, wanted},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, FieldError, Page, PageQuery, Query, Text, page},
};
use axum::{Json, extract::State};
use chrono::{Datelike, NaiveDate};
use entity::{
    certificate::CertificateKind,
    id::{ConsignmentId, DeclaredPurchaseId, HouseholdId, OrderId, PurchaseLineId, ReceiptId, SchoolId, SupplierId},
    money::Fen,
    purchase_line::{self, Channel},
    time::Timestamp,
    weight::Gram,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Of this school.
    pub school_id: Option<SchoolId>,
    /// Of the schools that reported to this unit or to one below it; for authorities, like all that follow.
    #[param(example = "910500")]
    pub unit: Option<String>,
    /// Of the schools in this county, prefecture or province.
    #[param(example = "910500")]
    pub division: Option<String>,
    /// Sold by this supplier.
    pub supplier_id: Option<SupplierId>,
    /// Grown by this household.
    pub producer_household_id: Option<HouseholdId>,
    /// Whose origin stood on this list that day.
    #[param(example = "poverty_county_66")]
    pub origin_list: Option<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Of this channel only.
    pub channel: Option<Channel>,
    /// Of this category only.
    pub category: Option<String>,
    /// Of this purchase class only; for authorities, because it tells the producer's status (P1).
    pub class: Option<i32>,
    /// With `true` only lines whose stated handbook number is no household's; for authorities (P1).
    pub producer_unmatched: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A line of the ledger with everything that was frozen, and what it rests on.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerLineView {
    /// The line.
    pub id: PurchaseLineId,
    /// School it counts for.
    pub school_id: SchoolId,
    /// Day received or bought.
    pub purchased_on: NaiveDate,
    /// How it came in.
    pub channel: Channel,
    /// Line this one corrects.
    pub corrects_line_id: Option<PurchaseLineId>,
    /// Why it takes that one back, where the school said so.
    #[schema(example = json!(null))]
    pub correction_reason: Option<String>,
    /// Seller, where registered.
    pub supplier_id: Option<SupplierId>,
    /// Its name; a household's is masked (P1).
    #[schema(example = "高原云薯合作社")]
    pub supplier_name: Option<String>,
    /// Product, where known.
    #[schema(example = "potato")]
    pub product_code: Option<String>,
    /// Category.
    #[schema(example = "VEGETABLE")]
    pub category_code: String,
    /// Accepted amount; negative in a correction.
    pub amount: Fen,
    /// Accepted weight; null when unknown (S7).
    pub weight: Option<Gram>,
    /// Purchase class: origin, producer and evidence, a digit each; shown to authorities only (P1).
    #[schema(example = 741)]
    pub class: Option<i32>,
    /// Its first digit in words.
    pub origin_class: Option<OriginClass>,
    /// Its second digit in words; shown to authorities only (P1).
    pub producer_class: Option<ProducerClass>,
    /// Origin that day.
    #[schema(example = "910526")]
    pub origin_division_code: Option<String>,
    /// Name of the origin.
    #[schema(example = "松坡县")]
    pub origin_name: Option<String>,
    /// Lists the origin stood on that day.
    #[schema(example = json!(["poverty_county_66"]))]
    pub origin_lists: Vec<String>,
    /// Household that grew it; shown to authorities only (P1).
    pub producer_household_id: Option<HouseholdId>,
    /// That household's statuses that day; shown to authorities only (P1).
    #[schema(example = json!(["lifted"]))]
    pub producer_statuses: Vec<String>,
    /// Handbook number a school stated that was no household's: mistyped, or not registered; shown to authorities only.
    #[schema(example = json!(null))]
    pub stated_producer_code: Option<String>,
    /// Households linked to the seller that day.
    #[schema(example = 4)]
    pub linked_households: i32,
    /// Kinds of the documents that prove the origin; empty is unverified (S6).
    #[schema(example = json!(["commitment_certificate"]))]
    pub evidence: Vec<String>,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The delivery behind a marketplace line.
    pub delivery: Option<DeliveryView>,
    /// The declaration behind a declared line.
    pub declared_purchase_id: Option<DeclaredPurchaseId>,
    /// The last case of somebody who denies the sale; null where nobody does.
    pub denial: Option<DenialMark>,
    /// Documents that came with it, whether they prove the origin or not.
    pub certificates: Vec<LineCertificateView>,
}

/// Order, consignment, batch and receipt behind a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// The order.
    pub order_id: OrderId,
    /// The consignment.
    pub consignment_id: ConsignmentId,
    /// The receipt.
    pub receipt_id: ReceiptId,
    /// The producer's batch number.
    #[schema(example = "WN-0302-1")]
    pub batch_number: String,
    /// Day of production or harvest.
    pub produced_on: Option<NaiveDate>,
}

/// A document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineCertificateView {
    /// Kind.
    pub kind: CertificateKind,
    /// Its number.
    #[schema(example = "CN-910526-0001")]
    pub number: String,
    /// Its date.
    pub issued_on: NaiveDate,
    /// Committing or certifying party.
    #[schema(example = "松坡洋芋专业合作社")]
    pub issuer: String,
    /// Origin it states.
    #[schema(example = "910526")]
    pub origin_division_code: Option<String>,
}

/// Days a range may span: five years.
pub const MAX_RANGE_DAYS: i64 = 5 * 366;

/// # Errors
/// 400 when `from` is after `to` or the range spans more than five years.
pub fn check_range(from: NaiveDate, to: NaiveDate) -> Result<(), ApiError> {
    let (code, detail) = if from > to {
        ("range_reversed", Text::new("起始日期晚于截止日期。", "The first day is after the last."))
    } else if !(2000..=9999).contains(&from.year()) || !(2000..=9999).contains(&to.year()) {
        ("date_out_of_range", Text::new("日期超出范围。", "The date is out of range."))
    } else if (to - from).num_days() > MAX_RANGE_DAYS {
        ("range_too_long", Text::new("时间范围最长五年。", "A range spans five years at most."))
    } else {
        return Ok(());
    };
    Err(ApiError::Malformed(FieldError::new("?from", code, detail)))
}

/// List ledger lines
///
/// The lines behind a figure, each with its receipt, batch and documents: of a school, a reporting unit, a division, a
/// supplier or a household, one of which is needed; together with the others they narrow it down. Of a unit or a division by
/// school and day, else oldest first. An authority sees the lines that counted for its units, those of schools that have
/// left it too.
#[utoipa::path(
    get, path = "/ledger", operation_id = "list_ledger_lines", tag = "ledger", security(("bearer" = [])),
    params(LedgerQuery),
    responses((status = 200, body = Page<LedgerLineView>, description = "A page"))
)]
pub async fn list_ledger_lines(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<Page<LedgerLineView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Ledger)?;
    check_range(query.from, query.to)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let db = &ctx.store.read;
    let Wanted { lines, walked, shows_households } = wanted(db, &scope, &query).await?;
    let walks = walked.is_some();
    let lines = match walked {
        Some(schools) => walk(db, &lines, &schools, place_cursor(&paging)?, limit + 1).await?,
        None => in_order(db, lines, day_cursor(&paging)?, limit + 1).await?,
    };
    let behind = Behind::of(db, &lines, shows_households).await?;
    let cursor = |line: &purchase_line::Model| {
        if walks {
            format!("{}~{}~{}", line.school_id, line.purchased_on, line.id)
        } else {
            format!("{}~{}", line.purchased_on, line.id)
        }
    };
    Ok(Json(page(lines, limit, cursor, |line| behind.view(line))))
}
