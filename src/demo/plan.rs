//! Plans a week's baskets: who buys what from whom. Pure, and school after school, so that what one school takes from
//! the market is not there for the next.

use super::{
    dice::Dice,
    menu::{DISHES, Dish, LINES, is_allowed},
    province::{DemoOffer, DemoSchool, Province},
};
use chrono::{Days, NaiveDate};
use entity::supplier::SupplierKind;
use std::collections::BTreeSet;

/// Delivery days in a week.
pub const DAYS: usize = 5;
/// Suppliers a kitchen likes to deal with in one basket.
const SUPPLIERS: usize = 3;
/// Of a thousand lines, those let go to the cheapest offer.
const THRIFTY: i64 = 330;

/// One school's basket for one delivery day.
pub struct PlannedBasket {
    /// Place of the school in the province.
    pub school: usize,
    /// Day of delivery.
    pub deliver_on: NaiveDate,
    /// What is ordered.
    pub lines: Vec<PlannedLine>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct PlannedLine {
    /// Place of the offer in the province.
    pub offer: usize,
    /// Whole units.
    pub count: i64,
    /// Unit typed.
    pub unit: String,
    /// Grams or pieces in it.
    pub per_unit: i64,
}

/// Day of the week, from 0, on which the school with this place is delivered to.
pub fn delivery_day(school: usize) -> usize {
    school % DAYS
}

/// The baskets of the week that begins on `monday`.
pub fn plan_week(province: &Province, monday: NaiveDate) -> Vec<PlannedBasket> {
    let mut left: Vec<i64> =
        province.offers.iter().map(|offer| if offer.in_season(monday) { offer.stock_base.0 } else { 0 }).collect();
    let mut baskets = Vec::with_capacity(province.schools.len());
    for (place, school) in province.schools.iter().enumerate().filter(|(_, school)| school.buys()) {
        let days = u64::try_from(delivery_day(place)).unwrap_or_default();
        let lines = Shopper::new(province, school, monday).shop(&mut left);
        baskets.push(PlannedBasket { school: place, deliver_on: monday + Days::new(days), lines });
    }
    baskets
}

/// How many of a thousand lines a school would rather buy from producers or, below zero, from a distributor: each school
/// has its own habits.
fn leaning(school: &DemoSchool) -> i64 {
    Dice::of(&["leaning", &school.code]).between(-400, 210)
}

struct Shopper<'a> {
    province: &'a Province,
    school: &'a DemoSchool,
    monday: NaiveDate,
    dice: Dice,
}

impl<'a> Shopper<'a> {
    fn new(province: &'a Province, school: &'a DemoSchool, monday: NaiveDate) -> Self {
        Self { province, school, monday, dice: Dice::of(&["shop", &school.code, &monday.to_string()]) }
    }

    fn shop(&self, left: &mut [i64]) -> Vec<PlannedLine> {
        let mut lines: Vec<PlannedLine> = Vec::new();
        let mut sellers: BTreeSet<&str> = BTreeSet::new();
        for dish in DISHES {
            if lines.len() == *LINES.end() || (dish.every > 1 && self.dice.between(1, dish.every) > 1) {
                continue;
            }
            let Some(line) = self.line(dish, left, &sellers, lines.len()) else { continue };
            if lines.iter().any(|other| other.offer == line.offer) {
                continue;
            }
            left[line.offer] -= line.count * line.per_unit;
            sellers.insert(&self.province.offers[line.offer].supplier_code);
            lines.push(line);
        }
        lines
    }

    fn line(&self, dish: &Dish, left: &[i64], sellers: &BTreeSet<&str>, taken: usize) -> Option<PlannedLine> {
        let mut pool: Vec<PlannedLine> =
            self.candidates(dish).filter(|line| left[line.offer] >= line.count * line.per_unit).collect();
        let knows = |offer: &DemoOffer| sellers.contains(offer.supplier_code.as_str());
        if sellers.len() >= SUPPLIERS {
            // Enough suppliers already: one of them, or another one only while the basket is thin.
            pool = self.prefer(pool, 1_000, knows);
            if taken >= *LINES.start() && !pool.iter().any(|line| knows(&self.province.offers[line.offer])) {
                return None;
            }
        }
        let leaning = leaning(self.school);
        let pool = self.prefer(pool, leaning.abs(), |offer| self.is_distributor(offer) == (leaning < 0));
        let pool = self.prefer(pool, 650, knows);
        let products: Vec<&str> =
            dish.products.iter().copied().filter(|product| pool.iter().any(|line| self.is_of(line, product))).collect();
        let product = *self.dice.pick(&products)?;
        let offers: Vec<&PlannedLine> = pool.iter().filter(|line| self.is_of(line, product)).collect();
        if self.dice.in_thousand(THRIFTY) {
            return offers.into_iter().min_by_key(|line| (self.dearness(line), line.offer)).cloned();
        }
        self.dice.pick(&offers).map(|line| (*line).clone())
    }

    /// With so much chance in a thousand only what is liked, where there is any.
    fn prefer(&self, pool: Vec<PlannedLine>, chance: i64, liked: impl Fn(&DemoOffer) -> bool) -> Vec<PlannedLine> {
        let chosen = self.dice.in_thousand(chance);
        let is_liked = |line: &PlannedLine| liked(&self.province.offers[line.offer]);
        if chosen && pool.iter().any(is_liked) { pool.into_iter().filter(is_liked).collect() } else { pool }
    }

    fn candidates(&self, dish: &Dish) -> impl Iterator<Item = PlannedLine> {
        let wobble = self.dice.between(85, 115);
        let offers = self.province.offers.iter().enumerate();
        offers
            .filter(|(_, offer)| dish.products.contains(&offer.product_code.as_str()))
            .filter(|(_, offer)| is_allowed(&offer.product_code, self.school.stage))
            .filter(|(_, offer)| offer.in_season(self.monday) && offer.delivers_to(self.school))
            .map(move |(place, offer)| self.wanted(dish, place, offer, wobble))
    }

    fn wanted(&self, dish: &Dish, place: usize, offer: &DemoOffer, wobble: i64) -> PlannedLine {
        let quantity = dish.quantity(offer.measure, self.school.diners, self.school.stage) * wobble / 100;
        // One school in four is used to kilograms where the offer counts in jin.
        let in_kg = offer.unit_code == "jin" && self.school.diners % 4 == 0;
        let (unit, per_unit) = if in_kg { ("kg", 1_000) } else { (offer.unit_code.as_str(), offer.unit_base.0) };
        let count = (quantity + per_unit / 2) / per_unit;
        PlannedLine { offer: place, count: count.max(1), unit: unit.to_owned(), per_unit }
    }

    fn is_of(&self, line: &PlannedLine, product: &str) -> bool {
        self.province.offers[line.offer].product_code == product
    }

    fn is_distributor(&self, offer: &DemoOffer) -> bool {
        let seller = self.province.supplier_by_id(offer.supplier_id);
        seller.is_some_and(|seller| seller.kind == SupplierKind::Distributor)
    }

    /// Price for ten tonnes, or ten million pieces: enough to tell offers in different units apart.
    fn dearness(&self, line: &PlannedLine) -> i64 {
        let offer = &self.province.offers[line.offer];
        offer.price_on(self.monday).0 * 10_000_000 / offer.unit_base.0
    }
}
