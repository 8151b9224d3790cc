//! A supplier puts an offer on the market.

use super::{
    Conversions,
    listing::{ListedQuantity, ListingView},
    offers,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, Text},
    registry::{self, Place},
    store::{Begun, bulk, id_taken},
    suppliers,
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{Datelike, NaiveDate};
use entity::{
    division::DivisionLevel,
    id::{HouseholdId, ListingId, SupplierId},
    listing::{self, ListingStatus},
    money::Fen,
    supplier::{self, SupplierStatus},
    weight::BaseQuantity,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Prefectures and counties an area may name; the province has 97.
const MOST_AREAS: usize = 100;

/// A new offer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateListingRequest {
    /// The client's own UUIDv7, for what is made offline.
    #[schema(example = "01990000-0000-7000-8000-000000000001")]
    pub id: Option<Uuid>,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// What.
    #[schema(example = "potato")]
    pub product_code: String,
    /// Where it is grown or made (S4).
    #[schema(example = "910526")]
    pub origin_division_code: String,
    /// Household that grew it: the seller itself, or one linked to it today.
    pub producer_household_id: Option<HouseholdId>,
    /// Price of one unit, above zero.
    pub price: Fen,
    /// Unit the price is for.
    #[schema(example = "jin")]
    pub unit: String,
    /// What can be ordered in all.
    pub stock: ListedQuantity,
    /// Prefectures or counties delivered to; absent for the whole province.
    #[schema(example = json!(["910526"]))]
    pub delivery_area: Option<Vec<String>>,
    /// First day of delivery.
    #[schema(example = "2026-12-01")]
    pub deliver_from_on: NaiveDate,
    /// Last day of delivery.
    #[schema(example = "2027-01-31")]
    pub deliver_to_on: NaiveDate,
}

/// Offer goods
///
/// The supplier must be approved. The origin decides later whether a purchase counts; a producing household may be
/// named only where it is the seller or linked to the seller today.
#[utoipa::path(
    post, path = "/listings", operation_id = "create_listing", tag = "catalogue", security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry harmless")),
    request_body = CreateListingRequest,
    responses((status = 201, body = ListingView, description = "The offer, its version as `ETag`"))
)]
pub async fn create_listing(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<CreateListingRequest>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Listing)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(tagged(reply)),
    };
    let request = command.body;
    let supplier =
        suppliers::find_supplier(work.txn(), &scope, request.supplier_id).await?.ok_or(ApiError::NotFound)?;
    if supplier.status != SupplierStatus::Approved {
        return Err(ApiError::conflict(
            "supplier_not_approved",
            Text::new("供应商未经批准或已停用，不能发布供货。", "The supplier is not approved and cannot offer goods."),
        ));
    }
    let today = work.at.business_day();
    let facts = Facts::find(work.txn(), &request, &supplier, today).await?;
    let new = request.rule(&facts, ctx.ids.next())?;
    bulk::insert(work.txn(), std::slice::from_ref(&new)).await.map_err(id_taken)?;
    let offer = offers::find_offer(work.txn(), &scope, new.id, today).await?.ok_or(ApiError::NotFound)?;
    let detail = serde_json::json!({
        "supplier_id": new.supplier_id, "product_code": new.product_code, "origin": new.origin_division_code,
        "price": new.price_fen, "unit": new.unit_code, "stock_base": new.stock_base.0,
    });
    work.audit("listing.create", "listing", &new.id, &detail);
    work.event(
        "listing.created",
        &serde_json::json!({
            "listing_id": new.id, "supplier_id": new.supplier_id, "product_code": new.product_code,
        }),
    );
    let reply = work.commit(StatusCode::CREATED, &ListingView::from(offer)).await?;
    ctx.pages.changed(Topic::Listings);
    Ok(tagged(reply))
}

/// A new offer's version is the first.
fn tagged(reply: impl IntoResponse) -> Response {
    let mut response = reply.into_response();
    response.headers_mut().insert(header::ETAG, HeaderValue::from_static("\"1\""));
    response
}

/// What the rules need to know.
struct Facts {
    known: Conversions,
    places: HashMap<String, Place>,
    /// Whether the household named as the producer may be named.
    producer: bool,
}

impl Facts {
    async fn find(
        db: &impl ConnectionTrait,
        request: &CreateListingRequest,
        supplier: &supplier::Model,
        today: NaiveDate,
    ) -> Result<Self, DbErr> {
        let area = request.delivery_area.iter().flatten().take(MOST_AREAS);
        let codes: Vec<String> = area.chain([&request.origin_division_code]).cloned().collect();
        let producer = match request.producer_household_id {
            None => true,
            // A household sells what it grew itself.
            Some(household) if supplier.household_id.is_some() => supplier.household_id == Some(household),
            Some(household) => suppliers::is_linked_on(db, supplier.id, household, today).await?,
        };
        Ok(Self {
            known: Conversions::load(db, std::slice::from_ref(&request.product_code)).await?,
            places: registry::places_on(db, &codes, today).await?,
            producer,
        })
    }
}

impl CreateListingRequest {
    /// The offer, where nothing is wrong with it.
    fn rule(self, facts: &Facts, new_id: ListingId) -> Result<listing::Model, ApiError> {
        let mut check = Check::default();
        let id = check.client_id("/id", self.id).unwrap_or(new_id);
        check.that(
            self.price.0 > 0,
            "/price",
            "price_not_positive",
            Text::new("单价须大于零。", "The price must be above zero."),
        );
        let (unit_base, stock_base) = self.amounts(facts, &mut check);
        if let Some(weight) = facts.known.weight_of(&self.product_code, unit_base) {
            check.weight_for_money("/price", weight, self.price);
        }
        let origin = facts.places.get(&self.origin_division_code);
        check.that(origin.is_some(), "/origin_division_code", "division_unknown", no_division());
        let delivery_area = self.area(facts, &mut check);
        self.days(&mut check);
        check.that(
            facts.producer,
            "/producer_household_id",
            "producer_not_linked",
            Text::new("该农户既非供应商本人，今日也未与其建立联结。", "Neither the seller nor linked to it today."),
        );
        check.finish()?;
        Ok(listing::Model {
            id,
            supplier_id: self.supplier_id,
            product_code: self.product_code,
            origin_county_code: origin.and_then(|place| place.county_code.clone()),
            origin_division_code: origin.map(|place| place.code.clone()).unwrap_or_default(),
            producer_household_id: self.producer_household_id,
            unit_code: self.unit,
            unit_base,
            price_fen: self.price,
            stock_base,
            delivery_area,
            deliver_from_on: self.deliver_from_on,
            deliver_to_on: self.deliver_to_on,
            status: ListingStatus::Active,
            version: 1,
        })
    }

    /// Grams or pieces in the price unit and in stock; zero where the check refused them.
    fn amounts(&self, facts: &Facts, check: &mut Check) -> (BaseQuantity, BaseQuantity) {
        let product = &self.product_code;
        if facts.known.product(product).is_none() {
            check.refuse("/product_code", "product_unknown", Text::new("没有该产品。", "There is no such product."));
            return (BaseQuantity(0), BaseQuantity(0));
        }
        let mut per_unit = |pointer: &str, unit: &str| {
            let base = facts.known.base_per_unit(product, unit);
            if base.is_none() {
                let problem = facts.known.unknown_unit(pointer, product, unit);
                check.refuse(problem.pointer, problem.code, problem.detail);
            }
            base
        };
        let price_unit = per_unit("/unit", &self.unit);
        let stock_unit = per_unit("/stock/unit", &self.stock.unit);
        let stock = stock_unit.and_then(|base| check.positive_quantity("/stock/quantity", &self.stock.quantity, base));
        (BaseQuantity(price_unit.unwrap_or_default()), stock.unwrap_or_default())
    }

    /// The codes delivered to, sorted and joined by bars.
    fn area(&self, facts: &Facts, check: &mut Check) -> Option<String> {
        let area = self.delivery_area.as_ref()?;
        check.lines("/delivery_area", area, MOST_AREAS);
        for (index, code) in area.iter().take(MOST_AREAS).enumerate() {
            let pointer = format!("/delivery_area/{index}");
            match facts.places.get(code).map(|place| place.level) {
                Some(DivisionLevel::Prefecture | DivisionLevel::County) => {}
                Some(_) => check.refuse(
                    pointer,
                    "delivery_area_level",
                    Text::new(
                        "配送范围填市（州）或县级代码；全省请留空。",
                        "Name prefectures or counties; leave it out for the whole province.",
                    ),
                ),
                None => check.refuse(pointer, "division_unknown", no_division()),
            }
        }
        let codes: BTreeSet<&str> =
            area.iter().filter_map(|code| facts.places.get(code)).map(|place| place.code.as_str()).collect();
        Some(codes.into_iter().collect::<Vec<_>>().join("|"))
    }

    fn days(&self, check: &mut Check) {
        for (pointer, day) in [("/deliver_from_on", self.deliver_from_on), ("/deliver_to_on", self.deliver_to_on)] {
            check.that(
                (2000..=9999).contains(&day.year()),
                pointer,
                "date_out_of_range",
                Text::new("日期超出范围。", "The date is out of range."),
            );
        }
        check.that(
            self.deliver_from_on <= self.deliver_to_on,
            "/deliver_to_on",
            "dates_reversed",
            Text::new("不能早于首个配送日。", "Must not lie before the first day of delivery."),
        );
    }
}

fn no_division() -> Text {
    Text::new("没有该行政区划代码。", "There is no division with this code.")
}
