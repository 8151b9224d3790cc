//! The demonstration's province as the player and the tests look it up.

use crate::access::Caller;
use chrono::{Datelike, NaiveDate};
use entity::{
    canteen::CanteenKind,
    certificate::CertificateKind,
    id::{CanteenId, HouseholdId, ListingId, SchoolId, SupplierId},
    money::Fen,
    product::Measure,
    school::SchoolStage,
    supplier::SupplierKind,
    weight::BaseQuantity,
};

/// What was loaded.
pub struct Province {
    /// Schools in the order of the file.
    pub schools: Vec<DemoSchool>,
    /// Suppliers in the order of the file.
    pub suppliers: Vec<DemoSupplier>,
    /// Offers in the order of the file.
    pub offers: Vec<DemoOffer>,
}

/// A school with the people who act for it.
pub struct DemoSchool {
    /// The school.
    pub id: SchoolId,
    /// Its one kitchen.
    pub canteen_id: CanteenId,
    /// How the kitchen is run; `shared` and `none` do not buy.
    pub kitchen: CanteenKind,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: SchoolStage,
    /// County it lies in.
    pub county_code: String,
    /// Prefecture around that county.
    pub prefecture_code: Option<String>,
    /// People this kitchen feeds, those of schools it serves included.
    pub diners: i64,
    /// The canteen's manager.
    pub manager: Caller,
    /// A second person who inspects.
    pub inspector: Caller,
    /// Log-in names of the two, as a receipt names them.
    pub inspectors: [String; 2],
}

/// A supplier with its account.
pub struct DemoSupplier {
    /// The supplier.
    pub id: SupplierId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SupplierKind,
    /// Its account.
    pub caller: Caller,
}

/// An offer of the file and the listing made of it.
#[derive(Clone, Debug)]
pub struct DemoOffer {
    /// The listing.
    pub listing_id: ListingId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Its code.
    pub supplier_code: String,
    /// What.
    pub product_code: String,
    /// Category of the product.
    pub category_code: String,
    /// Grams or pieces.
    pub measure: Measure,
    /// Where it is grown.
    pub origin_division_code: String,
    /// County of that place.
    pub origin_county_code: Option<String>,
    /// Household that grows it, where one is named.
    pub producer_household_id: Option<HouseholdId>,
    /// Unit of the price.
    pub unit_code: String,
    /// Grams or pieces in that unit.
    pub unit_base: BaseQuantity,
    /// Lowest price of the year.
    pub low: Fen,
    /// Highest price of the year.
    pub high: Fen,
    /// Months on offer as bits, January lowest.
    pub months: u16,
    /// Grams or pieces brought to market each week.
    pub stock_base: BaseQuantity,
    /// Document that travels with it; none where the origin is not proven.
    pub evidence: Option<CertificateKind>,
    /// Prefectures delivered to, joined by |; none = the whole province.
    pub delivery_area: Option<String>,
}

impl Province {
    /// The school with this code.
    #[must_use]
    pub fn school(&self, code: &str) -> Option<&DemoSchool> {
        self.schools.iter().find(|school| school.code == code)
    }

    /// The supplier with this code.
    #[must_use]
    pub fn supplier(&self, code: &str) -> Option<&DemoSupplier> {
        self.suppliers.iter().find(|supplier| supplier.code == code)
    }

    /// The supplier with this id.
    #[must_use]
    pub fn supplier_by_id(&self, id: SupplierId) -> Option<&DemoSupplier> {
        self.suppliers.iter().find(|supplier| supplier.id == id)
    }

    /// What a supplier offers of a product; several where it has several origins.
    pub fn listings<'a>(&'a self, supplier: &'a str, product: &'a str) -> impl Iterator<Item = &'a DemoOffer> {
        self.offers.iter().filter(move |offer| offer.supplier_code == supplier && offer.product_code == product)
    }
}

impl DemoSchool {
    /// Whether this school's kitchen buys for itself.
    #[must_use]
    pub fn buys(&self) -> bool {
        matches!(self.kitchen, CanteenKind::Own | CanteenKind::Contracted)
    }
}

impl DemoOffer {
    /// Whether the offer stands in the month of `day`.
    #[must_use]
    pub fn in_season(&self, day: NaiveDate) -> bool {
        self.months & (1 << day.month0()) != 0
    }

    /// Whether the supplier delivers to this school.
    #[must_use]
    pub fn delivers_to(&self, school: &DemoSchool) -> bool {
        self.delivery_area.as_ref().is_none_or(|area| {
            area.split('|').any(|code| code == school.county_code || Some(code) == school.prefecture_code.as_deref())
        })
    }

    /// The price in the week of `day`: a triangle over the year between lowest and highest, dearest in the depth of
    /// winter for what grows in fields and at a time of its own for everything else, with a small weekly unrest.
    #[must_use]
    pub fn price_on(&self, day: NaiveDate) -> Fen {
        const WEEKS: i64 = 52;
        let week = i64::from(day.iso_week().week0()) % WEEKS;
        let grows_in_fields = matches!(self.category_code.as_str(), "VEGETABLE" | "FRUIT" | "MUSHROOM");
        let seed = i64::from(self.listing_id.0.as_bytes()[15]);
        let dearest = if grows_in_fields { 4 + seed % 5 } else { seed % WEEKS };
        let distance = (week - dearest).rem_euclid(WEEKS);
        let distance = distance.min(WEEKS - distance);
        let unrest = (seed * 31 + week * 17) % 161 - 80;
        let level = (1000 - distance * 1000 / (WEEKS / 2) + unrest).clamp(0, 1000);
        Fen(self.low.0 + (self.high.0 - self.low.0) * level / 1000)
    }
}
