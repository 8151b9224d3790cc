//! The market: offers that can be ordered, filtered and sorted. The hottest read of the service.

use super::{listing::ListingView, offers};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, FieldError, Page, PageQuery, Path, Query, Text, bad_cursor, page},
    registry::{Area, code_filter, present_code, word_filter},
};
use axum::{Json, extract::State, response::Response};
use chrono::{Datelike, NaiveDate};
use entity::{id::ListingId, supplier::SupplierKind};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Order of the offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum ListingSort {
    /// Cheapest unit first.
    #[default]
    #[serde(rename = "price")]
    Price,
    /// Dearest unit first.
    #[serde(rename = "-price")]
    PriceDown,
    /// By the product's Chinese name.
    #[serde(rename = "name")]
    Name,
}

/// Which offers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListingsQuery {
    /// Part of the product's name, or of a supplier's that is no household, up to 50 characters.
    #[param(example = "土豆")]
    q: Option<String>,
    /// Those of this product category.
    #[param(example = "VEGETABLE")]
    category: Option<String>,
    /// Those of this product.
    #[param(example = "potato")]
    product: Option<String>,
    /// Those of suppliers of this kind.
    #[param(inline, example = "cooperative")]
    supplier_kind: Option<SupplierKind>,
    /// Those grown or made in this division: province, prefecture, county or township.
    #[param(example = "910526")]
    origin: Option<String>,
    /// Whether the origin lies in a poor or deeply poor county of the province.
    #[param(example = true)]
    poverty_area: Option<bool>,
    /// Those delivered on this day.
    #[param(example = "2026-12-01")]
    deliver_on: Option<NaiveDate>,
    /// Those delivered to this county, or to the county of this township.
    #[param(example = "910526")]
    deliver_to: Option<String>,
    /// `price` unless given; `-price` begins with the dearest.
    #[param(inline, example = "price")]
    sort: Option<ListingSort>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A query checked and brought to one form; its `Debug` text is part of a kept answer's key.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    pub word: Option<String>,
    pub category: Option<String>,
    pub product: Option<String>,
    pub supplier_kind: Option<SupplierKind>,
    pub origin: Option<Area>,
    pub poverty_area: Option<bool>,
    pub deliver_on: Option<NaiveDate>,
    pub deliver_to: Option<Destination>,
    pub sort: ListingSort,
    pub limit: u64,
    pub after: Option<After>,
}

/// The last row of the page before, as its sort sees it.
#[derive(Debug, PartialEq, Eq)]
pub enum After {
    Price(i64, ListingId),
    Name(String, ListingId),
}

/// The county goods go to.
#[derive(Debug, PartialEq, Eq)]
pub struct Destination(String);

impl Destination {
    fn filter(value: Option<&str>) -> Result<Option<Self>, ApiError> {
        if Area::filter("deliver_to", value)?.is_none() {
            return Ok(None);
        }
        let county = value.unwrap_or_default()[..6].to_owned();
        if county.ends_with("00") {
            return Err(ApiError::Malformed(FieldError::new(
                "?deliver_to",
                "county_wanted",
                Text::new("须为县级或乡镇代码。", "Must be the code of a county or a township."),
            )));
        }
        Ok(Some(Self(county)))
    }

    /// Codes in a delivery area that reach it: the county's own and its prefecture's.
    pub fn codes(&self) -> [String; 2] {
        [self.0.clone(), format!("{}00", &self.0[..4])]
    }
}

impl ListingsQuery {
    fn check(&self) -> Result<Wanted, ApiError> {
        let paging = PageQuery::of(self.limit, self.cursor.as_deref());
        let sort = self.sort.unwrap_or_default();
        // Years of five digits are chrono's, not the databases'.
        if self.deliver_on.is_some_and(|day| !(2000..=9999).contains(&day.year())) {
            return Err(ApiError::Malformed(FieldError::new(
                "?deliver_on",
                "date_out_of_range",
                Text::new("日期超出范围。", "The date is out of range."),
            )));
        }
        Ok(Wanted {
            word: word_filter(self.q.as_deref())?,
            category: code_filter("category", self.category.as_deref())?.map(str::to_owned),
            product: code_filter("product", self.product.as_deref())?.map(str::to_owned),
            supplier_kind: self.supplier_kind,
            origin: Area::filter("origin", self.origin.as_deref())?,
            poverty_area: self.poverty_area,
            deliver_on: self.deliver_on,
            deliver_to: Destination::filter(self.deliver_to.as_deref())?,
            sort,
            limit: paging.limit()?,
            after: paging.after::<3>()?.map(|parts| read_cursor(sort, &parts)).transpose()?,
        })
    }
}

impl Wanted {
    /// The same with places by their present codes: an old code finds what is offered under its successor.
    async fn present(mut self, db: &impl ConnectionTrait, query: &ListingsQuery) -> Result<Self, ApiError> {
        if let (Some(_), Some(code)) = (&self.origin, &query.origin) {
            self.origin = Area::of(&present_code(db, code).await?);
        }
        if let (Some(_), Some(code)) = (&self.deliver_to, &query.deliver_to) {
            self.deliver_to = Destination::filter(Some(&present_code(db, code).await?))?;
        }
        Ok(self)
    }
}

/// The letter of a sort in cursors, so that a cursor goes with its sort only.
fn letter(sort: ListingSort) -> &'static str {
    match sort {
        ListingSort::Price => "p",
        ListingSort::PriceDown => "d",
        ListingSort::Name => "n",
    }
}

fn read_cursor(sort: ListingSort, [kind, value, id]: &[String; 3]) -> Result<After, ApiError> {
    let id: ListingId = id.parse().map_err(|_| bad_cursor())?;
    if kind != letter(sort) || value.chars().any(char::is_control) {
        return Err(bad_cursor());
    }
    match sort {
        ListingSort::Name => Ok(After::Name(value.clone(), id)),
        ListingSort::Price | ListingSort::PriceDown => {
            value.parse().map(|price| After::Price(price, id)).map_err(|_| bad_cursor())
        }
    }
}

fn cursor(sort: ListingSort, row: &offers::OfferRow) -> String {
    let kind = letter(sort);
    match sort {
        ListingSort::Name => format!("{kind}~{}~{}", row.product_name_zh, row.id),
        ListingSort::Price | ListingSort::PriceDown => format!("{kind}~{}~{}", row.price_fen.0, row.id),
    }
}

/// List offers
///
/// What can be ordered: active offers of approved suppliers with stock left and days of delivery to come. A supplier
/// sees its own. Prices are compared per unit as offered; `price_per_kg` makes them comparable.
#[utoipa::path(
    get, path = "/listings", operation_id = "list_listings", tag = "catalogue", security(("bearer" = [])),
    params(ListingsQuery),
    responses((status = 200, body = Page<ListingView>, description = "A page of offers"))
)]
pub async fn list_listings(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ListingsQuery>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Listing)?;
    let wanted = query.check()?;
    let now = ctx.clock.now();
    let today = now.business_day();
    let key = format!("listings {today} {} {wanted:?}", scope.key());
    let compute = async {
        let wanted = wanted.present(&ctx.store.read, &query).await?;
        let rows = offers::list_offers(ctx.store.primary(), &scope, &wanted, today).await?;
        let offers =
            page(rows, wanted.limit, |row| cursor(wanted.sort, row), |row| ListingView::from(row).seen_in(&scope));
        serde_json::to_vec(&offers).map_err(ApiError::internal)
    };
    ctx.pages.answer(key, Topic::Listings, now, compute).await
}

/// Find an offer
///
/// Whatever its state. Its stock changes without its version, so the `ETag` here is that of the whole answer.
#[utoipa::path(
    get, path = "/listings/{id}", operation_id = "find_listing", tag = "catalogue", security(("bearer" = [])),
    params(("id" = ListingId, Path, description = "The offer")),
    responses((status = 200, body = ListingView, description = "The offer"))
)]
pub async fn find_listing(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ListingId>,
) -> Result<Json<ListingView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Listing)?;
    let today = ctx.clock.now().business_day();
    let offer = offers::find_offer(ctx.store.primary(), &scope, id, today).await?;
    offer.map(|offer| Json(ListingView::from(offer).seen_in(&scope))).ok_or(ApiError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &ListingsQuery) -> String {
        match query.check().expect_err("refused") {
            ApiError::Malformed(field) => format!("{} {}", field.pointer, field.code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn absurd_parameters_are_refused_by_name() {
        let text = |text: &str| Some(text.to_owned());
        let query = |change: fn(&mut ListingsQuery, Option<String>), value| {
            let mut query = ListingsQuery::default();
            change(&mut query, text(value));
            query
        };
        let long = "豆".repeat(51);
        assert_eq!(refused(&query(|query, value| query.q = value, &long)), "?q too_long");
        assert_eq!(refused(&query(|query, value| query.q = value, "a\u{0}b")), "?q control_character");
        assert_eq!(refused(&query(|query, value| query.origin = value, "52%")), "?origin division_malformed");
        assert_eq!(refused(&query(|query, value| query.category = value, "'")), "?category code_malformed");
        assert_eq!(refused(&query(|query, value| query.deliver_to = value, "910500")), "?deliver_to county_wanted");
        assert_eq!(refused(&query(|query, value| query.cursor = value, "p~x~y")), "?cursor cursor_malformed");
        let other_sort = "n~土豆~01990000-0000-7000-8000-000000000001";
        assert_eq!(refused(&query(|query, value| query.cursor = value, other_sort)), "?cursor cursor_malformed");
        let far = ListingsQuery { deliver_on: NaiveDate::from_ymd_opt(12_000, 1, 1), ..Default::default() };
        assert_eq!(refused(&far), "?deliver_on date_out_of_range");
    }

    #[test]
    fn queries_that_mean_the_same_have_one_key() {
        let plain = ListingsQuery::default().check().expect("fine");
        let said = ListingsQuery {
            q: Some(" ".into()),
            category: Some(String::new()),
            sort: Some(ListingSort::Price),
            limit: Some(20),
            ..Default::default()
        };
        assert_eq!(format!("{plain:?}"), format!("{:?}", said.check().expect("fine")));
    }

    #[test]
    fn a_township_is_reached_through_its_county_or_prefecture() {
        let destination = Destination::filter(Some("910526101")).expect("fine").expect("some");
        assert_eq!(destination.codes(), ["910526", "910500"]);
    }
}
