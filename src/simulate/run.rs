//! Runs a plan: the registry of all counties first, then the year of each county, every county as one load.

use super::{
    calendar::school_days,
    goods,
    market::{Offer, Sellers, sellers},
    offers::{by_good, frozen, offers_for},
    prepare::{MARK, account, accounts, counties, mark, marks},
    registry::{Buyer, schools},
    rowset::Rowset,
    trade::{Day, Month},
};
use crate::{
    context::Ctx,
    finding,
    ledger::fold_county,
    registry::{Seat, term_of},
    share,
    suppliers::verification::listed,
};
use chrono::NaiveDate;
use entity::{bundle, listing, time::month_of};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait};
use std::collections::BTreeMap;
use thiserror::Error;

/// What is to be simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Schools of the whole province.
    pub schools: usize,
    /// School days.
    pub days: usize,
    /// The same seed makes the same rows.
    pub seed: u64,
    /// First day.
    pub from: NaiveDate,
    /// Only this county's schools buy; all of the schools are its own.
    pub county: Option<String>,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Schools done.
    pub schools: usize,
    /// Of so many.
    pub of: usize,
    /// Ledger lines written so far.
    pub lines: u64,
}

/// What a run wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// Schools, with those that do not buy.
    pub schools: usize,
    /// Sellers.
    pub suppliers: usize,
    /// Ledger lines.
    pub lines: u64,
    /// Counties.
    pub counties: usize,
    /// Counties that were there from an earlier run of the same plan.
    pub skipped: usize,
}

/// Why a plan is not run.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// There is no such county.
    #[error("there is no county {0}")]
    UnknownCounty(String),
    /// The database is somebody's.
    #[error(
        "this database holds schools that are not simulated: use another DATABASE_URL, such as sqlite:data/simulation.db"
    )]
    InUse,
    /// Another plan was run here.
    #[error(
        "this database holds another simulation ({0}): use another DATABASE_URL, or the same figures to go on with it"
    )]
    AnotherPlan(String),
    /// Nothing to do.
    #[error("a simulation takes 1 to 100000 schools and 1 to 1000 days")]
    OutOfRange,
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Lines after which rows go to the database.
const FLUSH: usize = 24_000;

/// Whether this database holds a simulated province.
///
/// # Errors
/// When the database does not answer.
pub async fn is_simulation(ctx: &Ctx) -> Result<bool, DbErr> {
    Ok(bundle::Entity::find_by_id(MARK).one(ctx.store.primary()).await?.is_some())
}

/// Runs `plan`; a county that is there already is skipped.
///
/// # Errors
/// [`SimulateError`]; counties that were committed stay.
pub async fn simulate(ctx: &Ctx, plan: &Plan, mut told: impl FnMut(&Progress)) -> Result<Simulated, SimulateError> {
    if !(1..=100_000).contains(&plan.schools) || !(1..=1_000).contains(&plan.days) {
        return Err(SimulateError::OutOfRange);
    }
    let db = ctx.store.primary();
    let counties = counties(db, plan).await?;
    let done = marks(ctx, plan).await?;
    let goods = goods::load(db).await?;
    let elsewhere = &ctx.settings.province.manifest.neighbours;
    let days = school_days(plan.from, plan.days);
    let people = accounts();
    let buying = counties.iter().filter(|county| county.schools > 0);
    let mut result = Simulated { counties: buying.count(), ..Simulated::default() };
    let mut progress = Progress { schools: 0, of: counties.iter().map(|county| county.schools).sum(), lines: 0 };
    let mut market: BTreeMap<&str, Vec<Offer>> = BTreeMap::new();
    let mut buyers: BTreeMap<&str, Vec<Buyer>> = BTreeMap::new();
    let mut load = ctx.store.begin_load().await?;
    let fresh = !done.contains(MARK);
    for county in &counties {
        let (schools, canteens, buying) = schools(plan.seed, county, plan.from);
        let Sellers { households, statuses, suppliers, links, offers } =
            sellers(plan.seed, county, &goods, elsewhere, plan.from);
        result.schools += schools.len();
        result.suppliers += suppliers.len();
        if fresh {
            let listings: Vec<listing::Model> = offers.iter().map(|offer| offer.listing.clone()).collect();
            load.write(&schools).await?;
            load.write(
                &schools.iter().map(|school| Seat::today(school).from(school.id, plan.from)).collect::<Vec<_>>(),
            )
            .await?;
            load.write(&canteens).await?;
            load.write(&canteens.iter().map(|canteen| term_of(canteen, plan.from)).collect::<Vec<_>>()).await?;
            load.write(&households).await?;
            load.write(&statuses).await?;
            load.write(&suppliers).await?;
            let (approvals, steps) = listed(suppliers.iter().map(|one| one.id), ctx.clock.now());
            load.write(&approvals).await?;
            load.write(&steps).await?;
            load.write(&links).await?;
            load.write(&listings).await?;
        }
        market.insert(&county.code, offers);
        buyers.insert(&county.code, buying);
    }
    if fresh {
        load.write(&people.map(|who| account(who, ctx.clock.now()))).await?;
        load.write(&[mark(MARK, plan, ctx.clock.now())]).await?;
    }
    load.commit().await?;
    // The others only sell.
    for county in counties.iter().filter(|county| county.schools > 0) {
        let name = format!("{MARK}/{}", county.code);
        if done.contains(&name) {
            result.skipped += 1;
            progress.schools += county.schools;
            continue;
        }
        let offers = offers_for(plan.seed, county, &counties, &market);
        let by_good = by_good(&offers, goods.len());
        let frozen = frozen(db, &offers, &goods, &days).await?;
        let people = people.map(|(id, _)| id);
        let mut load = ctx.store.begin_load().await?;
        let mut rows = Rowset::default();
        for buyer in buyers.get(county.code.as_str()).into_iter().flatten().filter(|buyer| !buyer.absent) {
            for day in &days {
                let Some(frozen) = frozen.get(&month_of(*day)) else { continue };
                let month =
                    Month { seed: plan.seed, goods: &goods, offers: &offers, frozen, by_good: &by_good, people };
                Day::new(&month, buyer, *day).buy(&mut rows);
            }
            progress.schools += 1;
            if rows.lines.len() >= FLUSH {
                result.lines += rows.lines.len() as u64;
                rows.write(&mut load).await?;
                progress.lines = result.lines;
                told(&progress);
            }
        }
        result.lines += rows.lines.len() as u64;
        rows.write(&mut load).await?;
        fold_county(&mut load, &county.code).await?;
        load.write(&[mark(&name, plan, ctx.clock.now())]).await?;
        load.commit().await?;
        progress.lines = result.lines;
        told(&progress);
    }
    finding::catch_up(ctx).await?;
    while share::recount(ctx).await? > 0 {}
    if ctx.store.backend() == DbBackend::Postgres {
        // Plans made for empty tables would be kept otherwise.
        db.execute_unprepared("analyze").await?;
    }
    Ok(result)
}
