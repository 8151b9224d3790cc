//! Quote a basket: prices, stock, and the school's share before and after. Nothing is stored.

use super::{
    indicators::{ReadingView, recent_indicators},
    sums::{by_class, of_school},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command},
    ledger::{Claim, Day},
    ordering::{
        self, BasketLine, PricedLine, canteen_unknown, destination, find_conversions, find_kitchens, find_offers,
        refuse,
    },
};
use axum::{Json, extract::State};
use chrono::{Datelike, NaiveDate};
use entity::{
    id::{CanteenId, ListingId, SupplierId},
    money::Fen,
    weight::{BaseQuantity, Gram, Quantity},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A basket to be priced.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteBasketRequest {
    /// For which kitchen.
    pub canteen_id: CanteenId,
    /// Day of delivery; tomorrow unless given.
    pub deliver_on: Option<NaiveDate>,
    /// What is wanted, 1 to 100 lines.
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<BasketLine>,
}

/// A priced basket.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteView {
    /// Day of delivery.
    pub deliver_on: NaiveDate,
    /// What it costs.
    pub amount: Fen,
    /// Its lines.
    pub lines: Vec<QuoteLineView>,
    /// The school's headline share of the calendar year so far; null where there is no indicator.
    pub share_before: Option<ReadingView>,
    /// The same if the basket is received in full with documents that prove its origin.
    pub share_after: Option<ReadingView>,
}

/// A priced line.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteLineView {
    /// The offer.
    pub listing_id: ListingId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// What.
    #[schema(example = "potato")]
    pub product_code: String,
    /// Wanted, as typed.
    pub ordered: Quantity,
    /// In stock before this basket, in the same unit.
    pub available: Quantity,
    /// Price of one price unit.
    pub price: Fen,
    /// Unit of the price.
    #[schema(example = "jin")]
    pub price_unit: String,
    /// What it costs.
    pub amount: Fen,
    /// Weight; null when unknown.
    pub weight: Option<Gram>,
    /// Whether it would count under the headline, once its origin is proven.
    #[schema(example = true)]
    pub qualifies: bool,
}

/// Quote a basket
///
/// Prices and stock as they stand, and the school's share before and after; nothing is stored or reserved.
#[utoipa::path(
    post, path = "/baskets/quote", operation_id = "quote_basket", tag = "ordering", security(("bearer" = [])),
    request_body = QuoteBasketRequest,
    responses((status = 200, body = QuoteView, description = "The quote"))
)]
pub async fn quote_basket(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<QuoteBasketRequest>,
) -> Result<Json<QuoteView>, ApiError> {
    let scope = caller.actor.may(Action::Quote, Resource::Order)?;
    let request = command.body;
    let mut check = Check::default();
    check.lines("/lines", &request.lines, ordering::MAX_LINES);
    check.finish()?;
    let db = ctx.store.primary();
    let now = ctx.clock.now();
    let kitchens = find_kitchens(db, &BTreeSet::from([request.canteen_id])).await?;
    let kitchen = kitchens
        .get(&request.canteen_id)
        .filter(|kitchen| scope.covers_school(&kitchen.school))
        .ok_or_else(canteen_unknown)?;
    let to = destination(kitchen, request.deliver_on, now)?;
    let offers = find_offers(db, &request.lines.iter().map(|line| line.listing_id).collect()).await?;
    let conversions = find_conversions(db, request.lines.iter(), &offers).await?;
    let priced = ordering::price(&request.lines, &offers, &conversions, &to).map_err(refuse)?;
    let claims: Vec<Claim> = priced
        .iter()
        .filter_map(|line| offers.get(&line.listing_id))
        .map(|offer| Claim {
            supplier_id: Some(offer.supplier_id),
            origin_division_code: Some(offer.origin_division_code.clone()),
            producer_household_id: offer.producer_household_id,
            documents: Vec::new(),
            listed_origin: None,
        })
        .collect();
    let day = Day::read(db, &claims, to.deliver_on).await?;
    let codes: BTreeSet<String> = offers.values().map(|offer| offer.product_code.clone()).collect();
    let weights = crate::catalogue::Conversions::load(db, &Vec::from_iter(codes)).await?;
    let indicators = recent_indicators(&ctx, to.deliver_on).await?;
    let headline = indicators.iter().find(|indicator| indicator.version.headline);
    let year = to.deliver_on.year();
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(to.deliver_on);
    let last = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(to.deliver_on);
    let school = &kitchen.school;
    let mut sums = by_class(&of_school(db, school.id, first, last).await?);
    let share_before = headline.map(|indicator| indicator.read(&sums));
    let mut lines = Vec::with_capacity(priced.len());
    for (line, claim) in priced.iter().zip(&claims) {
        let Some(offer) = offers.get(&line.listing_id) else { continue };
        let class = day.freeze(claim).class.proven().code();
        let weight = weights.weight_of(&offer.product_code, line.quantity);
        let sum = sums.entry(class).or_default();
        sum.amount.0 += line.amount.0;
        sum.weight.0 += weight.unwrap_or_default().0;
        let typed = |quantity: BaseQuantity| Quantity {
            quantity: quantity.in_units(line.unit_base),
            unit: line.unit_code.clone(),
        };
        lines.push(QuoteLineView {
            listing_id: line.listing_id,
            supplier_id: offer.supplier_id,
            product_code: offer.product_code.clone(),
            ordered: typed(line.quantity),
            available: typed(offer.stock_base),
            price: offer.price_fen,
            price_unit: offer.unit_code.clone(),
            amount: line.amount,
            weight,
            qualifies: headline.is_some_and(|indicator| indicator.counts(class)),
        });
    }
    Ok(Json(QuoteView {
        deliver_on: to.deliver_on,
        amount: total(&priced),
        lines,
        share_before,
        share_after: headline.map(|indicator| indicator.read(&sums)),
    }))
}

fn total(priced: &[PricedLine]) -> Fen {
    Fen(priced.iter().map(|line| line.amount.0).sum())
}
