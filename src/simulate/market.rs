//! The invented sellers of a county: who sells what, from where, with which household behind it.

use super::{
    goods::Good,
    prices::asked,
    registry::{County, place_name},
};
use crate::{demo::Dice, registry::derived_id};
use chrono::NaiveDate;
use entity::{
    beneficiary_link::{self, BeneficiaryLinkKind},
    household,
    household_status::{self, HouseholdStatusKind, StatusHistory},
    id::{HouseholdId, SupplierId},
    listing::{self, ListingStatus},
    supplier::{self, SupplierKind, SupplierStatus},
    weight::BaseQuantity,
};

/// An offer of the market, with what a line bought from it needs.
#[derive(Clone)]
pub struct Offer {
    /// The listing.
    pub listing: listing::Model,
    /// Its good, by place in the list of goods.
    pub good: usize,
    /// Code of its seller.
    pub seller: String,
    /// Whether its origin stands on a list of poor counties.
    pub listed: bool,
    /// Whether documents come with it.
    pub certified: bool,
}

/// The sellers of a county.
#[derive(Default)]
pub struct Sellers {
    /// Households that sell, or that live from a seller.
    pub households: Vec<household::Model>,
    /// Their statuses.
    pub statuses: Vec<household_status::Model>,
    /// Sellers.
    pub suppliers: Vec<supplier::Model>,
    /// Households behind them (H3).
    pub links: Vec<beneficiary_link::Model>,
    /// What they offer.
    pub offers: Vec<Offer>,
}

const LIFTED_ON: NaiveDate = NaiveDate::from_ymd_opt(2021, 1, 1).expect("a date");
const REGISTERED_ON: NaiveDate = NaiveDate::from_ymd_opt(2014, 1, 1).expect("a date");
const REGISTERED_TO: NaiveDate = NaiveDate::from_ymd_opt(2020, 12, 31).expect("a date");
/// Offers stand as long as a year's orders refer to them.
const DELIVERY: [NaiveDate; 2] =
    [NaiveDate::from_ymd_opt(2014, 1, 1).expect("a date"), NaiveDate::from_ymd_opt(2099, 12, 31).expect("a date")];
/// Stock nobody buys up.
const STOCK: BaseQuantity = BaseQuantity(1_000_000_000_000);
/// The sellers of a county; more schools bring more sellers. Distributors bring goods in from `elsewhere` too: codes of other
/// provinces.
pub fn sellers(seed: u64, county: &County, goods: &[Good], elsewhere: &[String], day: NaiveDate) -> Sellers {
    let mut made = Sellers::default();
    let count = 6 + county.schools / 16;
    for number in 1..=count {
        let code = format!("sim-{}-s{number:03}", county.code);
        let dice = Dice::seeded(seed, &["supplier", &code]);
        let kind = match (number, dice.between(1, 100)) {
            // Every county has somebody who brings what does not grow there.
            (1, _) | (_, 93..=100) => SupplierKind::Distributor,
            (2, _) | (_, 1..=44) => SupplierKind::Cooperative,
            (3, _) | (_, 45..=58) => SupplierKind::Processor,
            (_, 59..=74) => SupplierKind::FamilyFarm,
            _ => SupplierKind::Household,
        };
        let township = dice.pick(&county.townships).unwrap_or(&county.code).clone();
        let place = place_name(&dice);
        let behind = match kind {
            SupplierKind::Household => 1,
            SupplierKind::Cooperative => 4,
            SupplierKind::Processor => 2,
            SupplierKind::FamilyFarm | SupplierKind::Distributor => 0,
        };
        let households: Vec<HouseholdId> =
            (1..=behind).map(|one| made.household(&dice, county, &township, &format!("{code}-h{one}"))).collect();
        let id = derived_id::<SupplierId>("supplier", &code);
        made.suppliers.push(supplier::Model {
            id,
            code: code.clone(),
            name: match kind {
                SupplierKind::Household => format!("{place}农户"),
                SupplierKind::Cooperative => format!("{place}种养殖专业合作社"),
                SupplierKind::Processor => format!("{place}农产品加工有限公司"),
                SupplierKind::FamilyFarm => format!("{place}家庭农场"),
                SupplierKind::Distributor => format!("{place}农产品配送有限公司"),
            },
            kind,
            division_code: township.clone(),
            household_id: households.first().copied().filter(|_| kind == SupplierKind::Household),
            status: SupplierStatus::Approved,
            version: 1,
            social_credit_code: None,
            village: None,
        });
        if kind != SupplierKind::Household {
            made.links.extend(households.iter().enumerate().map(|(place, household_id)| beneficiary_link::Model {
                id: derived_id("beneficiary_link", &format!("{code}:{place}")),
                supplier_id: id,
                household_id: *household_id,
                kind: BeneficiaryLinkKind::Contract,
                from_on: LIFTED_ON,
                to_on: None,
                proof_number: format!("SIM-HT-{code}-{place}"),
                share_bp: None,
            }));
        }
        let seller = Seller { id, code: &code, kind, township: &township, households: &households, elsewhere };
        made.offers.extend(seller.offers(seed, &dice, county, goods, day));
    }
    made
}

impl Sellers {
    fn household(&mut self, dice: &Dice, county: &County, township: &str, code: &str) -> HouseholdId {
        const NAMES: [&str; 12] = ["王", "李", "张", "杨", "陈", "刘", "黄", "吴", "罗", "龙", "潘", "石"];
        let id = derived_id::<HouseholdId>("household", code);
        self.households.push(household::Model {
            id,
            code: code.to_owned(),
            name: format!("{}某", NAMES[dice.index(NAMES.len())]),
            division_code: township.to_owned(),
            county_code: county.code.clone(),
            id_number_sealed: None,
            id_number_hash: None,
            phone_sealed: None,
            phone_hash: None,
            bank_account_sealed: None,
            bank_account_hash: None,
            version: 1,
        });
        let mut status = |history, status, from_on: NaiveDate, to_on| {
            self.statuses.push(household_status::Model {
                id: derived_id("household_status", &format!("{id}:{from_on}:{status:?}")),
                household_id: id,
                history,
                status,
                from_on,
                to_on,
                proof_number: format!("SIM-FP-{code}"),
                recorded_at: None,
                recorded_by: None,
                list_id: None,
                annulled_at: None,
                annulled_by: None,
                annul_reason: None,
            });
        };
        if dice.in_thousand(720) {
            let history = StatusHistory::Registration;
            status(history, HouseholdStatusKind::RegisteredPoor, REGISTERED_ON, Some(REGISTERED_TO));
            status(history, HouseholdStatusKind::Lifted, LIFTED_ON, None);
        } else if dice.in_thousand(300) {
            status(StatusHistory::Monitoring, HouseholdStatusKind::MarginalAtRisk, LIFTED_ON, None);
        }
        id
    }
}

struct Seller<'a> {
    id: SupplierId,
    code: &'a str,
    kind: SupplierKind,
    township: &'a str,
    households: &'a [HouseholdId],
    elsewhere: &'a [String],
}

impl Seller<'_> {
    fn offers(&self, seed: u64, dice: &Dice, county: &County, goods: &[Good], day: NaiveDate) -> Vec<Offer> {
        let made = matches!(self.kind, SupplierKind::Processor | SupplierKind::Distributor);
        let is_industrial = |good: &Good| {
            matches!(
                good.category_code.as_str(),
                "OIL" | "GRAIN" | "DAIRY" | "CONDIMENT" | "PROCESSED" | "SOY" | "OTHER"
            )
        };
        goods
            .iter()
            .enumerate()
            .filter(|(_, good)| match self.kind {
                // A distributor has everything.
                SupplierKind::Distributor => true,
                SupplierKind::Household => !is_industrial(good) && dice.in_thousand(90),
                _ => is_industrial(good) == made && dice.in_thousand(if made { 420 } else { 300 }),
            })
            .map(|(place, good)| {
                let brought = self.kind == SupplierKind::Distributor && dice.in_thousand(640);
                let brought = if brought { dice.pick(self.elsewhere).cloned() } else { None };
                let from_elsewhere = brought.is_some();
                let origin = brought.unwrap_or_else(|| self.township.to_owned());
                let grower = if from_elsewhere || made { None } else { dice.pick(self.households).copied() };
                Offer {
                    listing: listing::Model {
                        id: derived_id("listing", &format!("{}:{}", self.code, good.code)),
                        supplier_id: self.id,
                        product_code: good.code.clone(),
                        origin_county_code: (!from_elsewhere).then(|| county.code.clone()),
                        origin_division_code: origin,
                        producer_household_id: grower,
                        unit_code: good.unit_code.clone(),
                        unit_base: good.unit_base,
                        price_fen: asked(seed, good, self.code, day),
                        stock_base: STOCK,
                        delivery_area: None,
                        deliver_from_on: DELIVERY[0],
                        deliver_to_on: DELIVERY[1],
                        status: ListingStatus::Active,
                        version: 1,
                    },
                    good: place,
                    seller: self.code.to_owned(),
                    listed: county.listed && !from_elsewhere,
                    certified: dice.in_thousand(930),
                }
            })
            .collect()
    }
}
