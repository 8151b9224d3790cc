//! What is there before anything is bought: schools with their kitchens, sellers with their offers.

use super::{
    market::{Offer, Sellers},
    prepare::account,
};
use crate::{
    registry::{Seat, term_of},
    store::Load,
    suppliers::verification::listed,
};
use chrono::NaiveDate;
use entity::{
    beneficiary_link, canteen, household, household_status, id::AccountId, listing, school, supplier, time::Timestamp,
};
use sea_orm::DbErr;

/// The rows of all counties.
#[derive(Default)]
pub struct Registered {
    pub schools: Vec<school::Model>,
    pub canteens: Vec<canteen::Model>,
    households: Vec<household::Model>,
    statuses: Vec<household_status::Model>,
    pub suppliers: Vec<supplier::Model>,
    links: Vec<beneficiary_link::Model>,
    listings: Vec<listing::Model>,
}

impl Registered {
    /// Adds the sellers of a county; answers what they offer.
    pub fn sell(&mut self, sellers: Sellers) -> Vec<Offer> {
        let Sellers { households, statuses, suppliers, links, offers } = sellers;
        self.households.extend(households);
        self.statuses.extend(statuses);
        self.suppliers.extend(suppliers);
        self.links.extend(links);
        self.listings.extend(offers.iter().map(|offer| offer.listing.clone()));
        offers
    }

    /// Writes everything, each table once: a `copy` of a few rows takes as long as one of thousands.
    ///
    /// # Errors
    /// Whatever the database refuses.
    pub async fn write(
        &self,
        load: &mut Load,
        people: [(AccountId, &str); 2],
        from: NaiveDate,
        now: Timestamp,
    ) -> Result<(), DbErr> {
        load.write(&self.schools).await?;
        let seats: Vec<_> = self.schools.iter().map(|school| Seat::today(school).from(school.id, from)).collect();
        load.write(&seats).await?;
        load.write(&self.canteens).await?;
        let terms: Vec<_> = self.canteens.iter().map(|canteen| term_of(canteen, from)).collect();
        load.write(&terms).await?;
        load.write(&self.households).await?;
        load.write(&self.statuses).await?;
        load.write(&self.suppliers).await?;
        let (approvals, steps) = listed(self.suppliers.iter().map(|one| one.id), now);
        load.write(&approvals).await?;
        load.write(&steps).await?;
        load.write(&self.links).await?;
        load.write(&self.listings).await?;
        load.write(&people.map(|who| account(who, now))).await
    }
}
