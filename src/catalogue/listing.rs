//! An offer as buyers see it, and the arithmetic behind it.

use super::offers::OfferRow;
use crate::{
    access::Scope,
    registry::{CountyListMark, POVERTY_AREA},
    vault::mask_name,
};
use chrono::NaiveDate;
use entity::{
    county_list::CountyListKind,
    division::DivisionLevel,
    id::{ListingId, SupplierId},
    listing::ListingStatus,
    money::Fen,
    product::Measure,
    supplier::SupplierKind,
    weight::{BaseQuantity, GRAMS_PER_KG, Gram},
};
use sea_orm::ActiveEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListingView {
    /// Its id.
    pub id: ListingId,
    /// What is offered.
    pub product: ListedProduct,
    /// Who sells.
    pub supplier: ListedSupplier,
    /// Where it is grown or made; this decides the share (S4).
    pub origin: ListedOrigin,
    /// Whether the household that grew it is named to the authorities.
    #[schema(example = true)]
    pub producer_household: bool,
    /// Price of one unit.
    pub price: Fen,
    /// Unit the price is for.
    #[schema(example = "jin")]
    pub unit: String,
    /// Price of a kilogram, rounded half up to the fen; null where the weight is unknown.
    pub price_per_kg: Option<Fen>,
    /// What is still free to order, in the price unit.
    pub available: ListedQuantity,
    /// Prefectures or counties delivered to; null for the whole province.
    #[schema(example = json!(["910526"]))]
    pub delivery_area: Option<Vec<String>>,
    /// First day of delivery.
    #[schema(example = "2026-12-01")]
    pub deliver_from_on: NaiveDate,
    /// Last day of delivery.
    #[schema(example = "2027-01-31")]
    pub deliver_to_on: NaiveDate,
    /// Whether it can still be ordered.
    pub status: ListingStatus,
    /// Version of the offer; orders against its stock do not count.
    #[schema(example = 1)]
    pub version: i64,
}

/// The product of an offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedProduct {
    /// Product code.
    #[schema(example = "potato")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "土豆")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "potato")]
    pub name_en: String,
    /// Its category.
    #[schema(example = "VEGETABLE")]
    pub category_code: String,
}

/// The supplier of an offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedSupplier {
    /// Its id.
    pub id: SupplierId,
    /// Registered name; of a household masked (P1). A school the household supplies reads it at the supplier.
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub name: String,
    /// Its kind.
    pub kind: SupplierKind,
}

/// The origin of an offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedOrigin {
    /// Division code.
    #[schema(example = "910526")]
    pub code: String,
    /// Full Chinese name, without the own province.
    #[schema(example = "青石市松坡县")]
    pub name: String,
    /// Lists the place or its county stands on today.
    pub lists: Vec<CountyListMark>,
    /// Whether it lies in a poor or deeply poor county of the province.
    #[schema(example = true)]
    pub poverty_area: bool,
}

/// A quantity in a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedQuantity {
    /// Decimal number of units.
    #[schema(example = "2000")]
    pub quantity: String,
    /// Unit code.
    #[schema(example = "jin")]
    pub unit: String,
}

impl From<OfferRow> for ListingView {
    fn from(row: OfferRow) -> Self {
        let lists = read_lists(row.lists.as_deref());
        let names = [(row.top_level, row.top_name), (row.up_level, row.up_name)];
        let names = names.into_iter().filter_map(|(level, name)| level.zip(name));
        Self {
            id: row.id,
            product: ListedProduct {
                code: row.product_code,
                name_zh: row.product_name_zh,
                name_en: row.product_name_en,
                category_code: row.category_code,
            },
            supplier: ListedSupplier { id: row.supplier_id, name: row.supplier_name, kind: row.supplier_kind },
            origin: ListedOrigin {
                code: row.origin_division_code,
                name: full_name(names, &row.origin_name),
                poverty_area: lists.iter().any(|list| POVERTY_AREA.contains(&list.kind)),
                lists,
            },
            producer_household: row.producer_household,
            price: row.price_fen,
            price_per_kg: price_per_kg(row.price_fen, row.unit_base, row.measure, row.grams_per_piece),
            available: ListedQuantity {
                quantity: in_units(row.stock_base, row.unit_base),
                unit: row.unit_code.clone(),
            },
            unit: row.unit_code,
            delivery_area: row.delivery_area.map(|area| area.split('|').map(str::to_owned).collect()),
            deliver_from_on: row.deliver_from_on,
            deliver_to_on: row.deliver_to_on,
            status: row.status,
            version: row.version,
        }
    }
}

impl ListingView {
    /// As the market sees it: a household's name is masked, except in its own list.
    #[must_use]
    pub fn seen_in(mut self, scope: &Scope) -> Self {
        if scope.is_everything() && self.supplier.kind == SupplierKind::Household {
            self.supplier.name = mask_name(&self.supplier.name);
        }
        self
    }
}

/// Reads `code:kind|code:kind`; what is no list of ours is left out.
fn read_lists(text: Option<&str>) -> Vec<CountyListMark> {
    let one = |item: &str| {
        let (code, kind) = item.split_once(':')?;
        let kind = CountyListKind::try_from_value(&kind.to_owned()).ok()?;
        Some(CountyListMark { code: code.to_owned(), kind })
    };
    text.unwrap_or_default().split('|').filter_map(one).collect()
}

/// The name with those of the divisions above it, top first; the own province goes without saying.
fn full_name(above: impl Iterator<Item = (DivisionLevel, String)>, name: &str) -> String {
    let mut full: String = above.filter(|(level, _)| *level != DivisionLevel::Province).map(|(_, name)| name).collect();
    full.push_str(name);
    full
}

/// What a kilogram costs at `price` per `unit` grams or pieces, rounded half up to the fen; `None` where the weight is
/// unknown (S7).
#[must_use]
pub fn price_per_kg(price: Fen, unit: BaseQuantity, measure: Measure, grams_per_piece: Option<Gram>) -> Option<Fen> {
    let grams = match measure {
        Measure::Mass => unit.0,
        Measure::Count => unit.0.checked_mul(grams_per_piece?.0)?,
    };
    price.times(BaseQuantity(GRAMS_PER_KG), BaseQuantity(grams))
}

/// `quantity` as a decimal number of units of `per_unit` each: at most three places, rounded down, no trailing zeros.
/// A unit of nothing yields `"0"`.
#[must_use]
pub fn in_units(quantity: BaseQuantity, per_unit: BaseQuantity) -> String {
    let thousandths = (i128::from(quantity.0) * 1000).checked_div(i128::from(per_unit.0)).unwrap_or_default().max(0);
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_kilogram_costs_what_the_unit_says() {
        let per_kg = |price, unit, measure, piece: Option<i64>| {
            price_per_kg(Fen(price), BaseQuantity(unit), measure, piece.map(Gram)).map(|fen| fen.0)
        };
        assert_eq!(per_kg(105, 500, Measure::Mass, None), Some(210));
        // A bag of 400 g at 1.01 yuan: 252.5 fen a kilogram.
        assert_eq!(per_kg(101, 400, Measure::Mass, None), Some(253));
        // A tray of 30 eggs of 52 g at 25 yuan: 1602.56 fen a kilogram.
        assert_eq!(per_kg(2_500, 30, Measure::Count, Some(52)), Some(1_603));
        assert_eq!(per_kg(2_500, 30, Measure::Count, None), None);
        assert_eq!(per_kg(2_500, i64::MAX, Measure::Count, Some(52)), None);
        assert_eq!(per_kg(1, 0, Measure::Mass, None), None);
    }

    #[test]
    fn stock_is_shown_in_the_price_unit_rounded_down() {
        let shown = |quantity, unit| in_units(BaseQuantity(quantity), BaseQuantity(unit));
        assert_eq!(shown(1_000_000, 500), "2000");
        assert_eq!(shown(250, 500), "0.5");
        assert_eq!(shown(100, 30), "3.333");
        assert_eq!(shown(200, 30), "6.666");
        assert_eq!(shown(1, 5_000_000), "0");
        assert_eq!(shown(0, 500), "0");
        assert_eq!(shown(i64::MAX, 1), i64::MAX.to_string());
        assert_eq!(shown(1, 0), "0");
    }

    #[test]
    fn a_place_is_named_from_the_top() {
        let named = |above: &[(DivisionLevel, &str)], name| {
            full_name(above.iter().map(|(level, name)| (*level, (*name).to_owned())), name)
        };
        let province = (DivisionLevel::Province, "云岭省");
        assert_eq!(named(&[], "云岭省"), "云岭省");
        assert_eq!(named(&[province], "青石市"), "青石市");
        assert_eq!(named(&[province, (DivisionLevel::Prefecture, "青石市")], "松坡县"), "青石市松坡县");
        assert_eq!(named(&[(DivisionLevel::OtherProvince, "云南省")], "镇雄县"), "云南省镇雄县");
    }

    #[test]
    fn lists_are_read_from_their_row() {
        let lists = read_lists(Some("key_county_20:key_county|poverty_county_66:poverty_county|odd:odd"));
        let kinds: Vec<_> = lists.iter().map(|list| list.kind).collect();
        assert_eq!(kinds, [CountyListKind::KeyCounty, CountyListKind::PovertyCounty]);
        assert!(read_lists(None).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_never_more_than_there_is(quantity in 0..=10_000_000_000_i64, unit in 1..=5_000_000_i64) {
            let shown = in_units(BaseQuantity(quantity), BaseQuantity(unit));
            let shown = rust_decimal::Decimal::from_str_exact(&shown).expect("a decimal");
            let base = shown * rust_decimal::Decimal::from(unit);
            prop_assert!(base <= quantity.into());
            prop_assert!(base + rust_decimal::Decimal::from(unit) / rust_decimal::Decimal::from(1000) > quantity.into());
        }
    }
}
