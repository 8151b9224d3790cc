//! The offers a county's kitchens look at, and what a line bought from each comes down to.

use super::{goods::Good, market::Offer, registry::County};
use crate::{
    demo::Dice,
    ledger::{Claim, Day as Facts, Frozen},
};
use chrono::NaiveDate;
use entity::time::month_of;
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::{BTreeMap, btree_map::Entry};

/// Listed counties elsewhere a county buys from, besides those of its own prefecture.
const PARTNERS: usize = 3;

/// Its own offers, and those of listed counties it is paired with.
pub fn offers_for(seed: u64, county: &County, counties: &[County], market: &BTreeMap<&str, Vec<Offer>>) -> Vec<Offer> {
    let dice = Dice::seeded(seed, &["partners", &county.code]);
    let near = counties.iter().filter(|other| other.listed && other.prefecture_code == county.prefecture_code);
    let listed: Vec<&County> = counties.iter().filter(|other| other.listed).collect();
    let far = (0..PARTNERS).filter_map(|_| dice.pick(&listed).copied());
    let mut codes: Vec<&str> = near.chain(far).map(|other| other.code.as_str()).collect();
    codes.push(&county.code);
    codes.sort_unstable();
    codes.dedup();
    codes.iter().flat_map(|code| market.get(code).into_iter().flatten().cloned()).collect()
}

/// For each good the offers of it, those from listed counties first, and how many those are.
pub fn by_good(offers: &[Offer], goods: usize) -> Vec<(Vec<usize>, usize)> {
    (0..goods)
        .map(|good| {
            let of = |listed: bool| {
                let all = offers.iter().enumerate();
                all.filter(move |(_, offer)| offer.good == good && offer.listed == listed).map(|(place, _)| place)
            };
            let mut found: Vec<usize> = of(true).collect();
            let listed = found.len();
            found.extend(of(false));
            (found, listed)
        })
        .collect()
}

/// What a line of each offer comes down to in each month, with its documents and without: judged by the rules that judge
/// real receipts.
///
/// # Errors
/// When the database does not answer.
pub async fn frozen(
    db: &impl ConnectionTrait,
    offers: &[Offer],
    goods: &[Good],
    days: &[NaiveDate],
) -> Result<BTreeMap<i32, Vec<[Frozen; 2]>>, DbErr> {
    let claims: Vec<[Claim; 2]> = offers
        .iter()
        .map(|offer| {
            let origin = offer.listing.origin_division_code.clone();
            let claim = |documents| Claim {
                supplier_id: Some(offer.listing.supplier_id),
                origin_division_code: Some(origin.clone()),
                producer_household_id: offer.listing.producer_household_id,
                documents,
                listed_origin: Some(origin.clone()),
            };
            [claim(vec![(goods[offer.good].certificate, Some(origin.clone()))]), claim(Vec::new())]
        })
        .collect();
    let flat = claims.concat();
    let mut found = BTreeMap::new();
    for day in days {
        let month = month_of(*day);
        if let Entry::Vacant(place) = found.entry(month) {
            let facts = Facts::read(db, &flat, *day).await?;
            place.insert(claims.iter().map(|pair| [facts.freeze(&pair[0]), facts.freeze(&pair[1])]).collect());
        }
    }
    Ok(found)
}
