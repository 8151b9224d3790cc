//! What a basket costs and whether it can be had: pure rules over offers as they stand.

use crate::{
    catalogue::Conversions,
    http::{Check, FieldError, Text},
};
use chrono::NaiveDate;
use entity::{
    id::{HouseholdId, ListingId, SupplierId},
    listing::ListingStatus,
    money::Fen,
    supplier::SupplierStatus,
    weight::BaseQuantity,
};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use utoipa::ToSchema;

/// Lines a basket may have.
pub const MAX_LINES: usize = 100;

/// One wanted line.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BasketLine {
    /// The offer.
    pub listing_id: ListingId,
    /// Decimal count of units.
    #[schema(example = "20")]
    pub quantity: String,
    /// Unit code, one the product knows.
    #[schema(example = "jin")]
    pub unit: String,
}

/// An offer as it stands.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Offer {
    /// The offer.
    pub id: ListingId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Whether the seller may sell.
    pub supplier_status: SupplierStatus,
    /// What.
    pub product_code: String,
    /// Where it is grown.
    pub origin_division_code: String,
    /// Who grew it, where a household is named.
    pub producer_household_id: Option<HouseholdId>,
    /// Unit of the price.
    pub unit_code: String,
    /// Grams or pieces in that unit.
    pub unit_base: BaseQuantity,
    /// Price of one such unit.
    pub price_fen: Fen,
    /// Grams or pieces still free.
    pub stock_base: BaseQuantity,
    /// Prefecture or county codes delivered to, joined by |.
    pub delivery_area: Option<String>,
    /// First day of delivery.
    pub deliver_from_on: NaiveDate,
    /// Last day of delivery.
    pub deliver_to_on: NaiveDate,
    /// Whether it is on offer.
    pub status: ListingStatus,
}

/// Where and when a basket is to be delivered.
#[derive(Clone, Debug)]
pub struct Destination {
    /// County of the school.
    pub county_code: String,
    /// Its prefecture.
    pub prefecture_code: Option<String>,
    /// Day of delivery.
    pub deliver_on: NaiveDate,
}

/// A line with its frozen price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// The offer.
    pub listing_id: ListingId,
    /// Ordered, in grams or pieces.
    pub quantity: BaseQuantity,
    /// Unit the buyer typed.
    pub unit_code: String,
    /// Grams or pieces in that unit.
    pub unit_base: BaseQuantity,
    /// Rounded half up to the fen, once (O2).
    pub amount: Fen,
}

/// Why a basket cannot be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Fields that are wrong.
    pub wrong: Vec<FieldError>,
    /// Fields that ask for more than there is.
    pub short: Vec<FieldError>,
}

/// Prices every line of a basket against the offers as they stand.
///
/// # Errors
/// [`Refusal`] with every line that cannot be had; then nothing of the basket can.
pub fn price<S: std::hash::BuildHasher>(
    lines: &[BasketLine],
    offers: &HashMap<ListingId, Offer, S>,
    conversions: &Conversions,
    to: &Destination,
) -> Result<Vec<PricedLine>, Refusal> {
    let mut check = Check::default();
    let mut short = Vec::new();
    let mut seen = HashSet::new();
    let mut priced = Vec::with_capacity(lines.len());
    check.lines("/lines", lines, MAX_LINES);
    for (index, line) in lines.iter().enumerate() {
        let at = |field: &str| format!("/lines/{index}/{field}");
        let offered = |offer: &&Offer| offer.status == ListingStatus::Active;
        let Some(offer) = offers.get(&line.listing_id).filter(offered) else {
            let detail = Text::new("该供货信息不存在或已下架。", "There is no such offer, or it was withdrawn.");
            check.refuse(at("listing_id"), "listing_unknown", detail);
            continue;
        };
        if offer.supplier_status != SupplierStatus::Approved {
            let detail = Text::new(
                "供货方未获批准，或已暂停、到期、撤销，不能下单。",
                "The supplier is not approved, or is suspended, expired or revoked; nothing can be ordered from it.",
            );
            check.refuse(at("listing_id"), "supplier_not_approved", detail);
            continue;
        }
        if !seen.insert(line.listing_id) {
            let detail = Text::new("同一供货信息请合并为一行。", "Put the same offer on one line.");
            check.refuse(at("listing_id"), "listing_repeated", detail);
            continue;
        }
        check_delivery(&mut check, &at("listing_id"), offer, to);
        let unit_base = if line.unit == offer.unit_code {
            Some(offer.unit_base)
        } else {
            conversions.base_per_unit(&offer.product_code, &line.unit).map(BaseQuantity)
        };
        let Some(unit_base) = unit_base else {
            check.note(conversions.unknown_unit(at("unit"), &offer.product_code, &line.unit));
            continue;
        };
        let Some(quantity) = check.positive_quantity(&at("quantity"), &line.quantity, unit_base.0) else { continue };
        if quantity > offer.stock_base {
            let left = offer.stock_base.in_units(unit_base);
            short.push(FieldError::new(
                at("quantity"),
                "insufficient_stock",
                Text::new(
                    format!("库存不足：还可订 {left} {}。", line.unit),
                    format!("Not enough in stock: {left} {} left.", line.unit),
                ),
            ));
            continue;
        }
        match offer.price_fen.times(quantity, offer.unit_base) {
            Some(amount) if amount <= Fen(Fen::MAX_INPUT.0 * 10) => priced.push(PricedLine {
                listing_id: line.listing_id,
                quantity,
                unit_code: line.unit.clone(),
                unit_base,
                amount,
            }),
            _ => check.refuse(
                at("quantity"),
                "amount_too_large",
                Text::new("该行金额过大。", "The amount of this line is too large."),
            ),
        }
    }
    let wrong = check.into_errors();
    if wrong.is_empty() && short.is_empty() { Ok(priced) } else { Err(Refusal { wrong, short }) }
}

fn check_delivery(check: &mut Check, pointer: &str, offer: &Offer, to: &Destination) {
    let delivers_there = offer.delivery_area.as_ref().is_none_or(|area| {
        area.split('|').any(|code| code == to.county_code || Some(code) == to.prefecture_code.as_deref())
    });
    check.that(
        delivers_there,
        pointer,
        "not_delivered_there",
        Text::new("供货方不配送到本县。", "This supplier does not deliver to your county."),
    );
    check.that(
        (offer.deliver_from_on..=offer.deliver_to_on).contains(&to.deliver_on),
        pointer,
        "not_delivered_then",
        Text::new(
            format!("可配送日期为 {} 至 {}。", offer.deliver_from_on, offer.deliver_to_on),
            format!("Delivered from {} to {}.", offer.deliver_from_on, offer.deliver_to_on),
        ),
    );
}
