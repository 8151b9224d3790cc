//! Runs a plan: the registry of all counties first, then the year of each county, every county in one load.

use super::{
    calendar::school_days,
    goods,
    make::{Making, Place, World},
    market::{Offer, sellers},
    offers::offers_for,
    prepare::{MARK, accounts, counties, mark, marks},
    registered::Registered,
    registry::{Buyer, County, schools},
    rowset::TABLES,
};
use crate::{context::Ctx, finding, ledger::fold_county, share};
use chrono::NaiveDate;
use entity::bundle;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait};
use std::{collections::BTreeMap, sync::Arc};
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

/// Days of schools after which a load ends with its county: what it costs besides its rows is then little beside them.
const WORTHWHILE: usize = 1_000;

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
    let mut registered = Registered::default();
    let mut market: BTreeMap<&str, Vec<Offer>> = BTreeMap::new();
    let mut buyers: BTreeMap<&str, Vec<Buyer>> = BTreeMap::new();
    for county in &counties {
        let (schools, canteens, buying) = schools(plan.seed, county, plan.from);
        registered.schools.extend(schools);
        registered.canteens.extend(canteens);
        market.insert(&county.code, registered.sell(sellers(plan.seed, county, &goods, elsewhere, plan.from)));
        buyers.insert(&county.code, buying);
    }
    let people = accounts();
    if !done.contains(MARK) {
        let mut load = ctx.store.begin_load().await?;
        registered.write(&mut load, people, plan.from, ctx.clock.now()).await?;
        load.write(&[mark(MARK, plan, ctx.clock.now())]).await?;
        load.commit().await?;
    }
    let name = |county: &County| format!("{MARK}/{}", county.code);
    // The others only sell.
    let (skipped, waiting): (Vec<&County>, Vec<&County>) =
        counties.iter().filter(|county| county.schools > 0).partition(|county| done.contains(&name(county)));
    let schools_of = |counties: &[&County]| counties.iter().map(|county| county.schools).sum::<usize>();
    let mut result = Simulated {
        schools: registered.schools.len(),
        suppliers: registered.suppliers.len(),
        lines: 0,
        counties: skipped.len() + waiting.len(),
        skipped: skipped.len(),
    };
    drop(registered);
    let mut progress = Progress { schools: schools_of(&skipped), of: result.schools, lines: 0 };
    let world = Arc::new(World { seed: plan.seed, goods, days, people: people.map(|(id, _)| id) });
    let mut start = async |batch: &[&County]| -> Result<Making, DbErr> {
        let mut places = Vec::with_capacity(batch.len());
        for county in batch {
            let offers = offers_for(plan.seed, county, &counties, &market);
            let buyers = buyers.remove(county.code.as_str()).unwrap_or_default();
            places.push(Place::read(db, &world, offers, buyers).await?);
        }
        Ok(Making::of(&world, places))
    };
    let batches = batches(&waiting, plan.days);
    let mut under_way = None;
    for batch in batches.iter().map(Some).chain([None]) {
        // Before the load, which lets nobody read what it locks.
        let next = match batch {
            Some(batch) => Some((batch, start(batch).await?)),
            None => None,
        };
        let Some((batch, mut making)) = std::mem::replace(&mut under_way, next) else { continue };
        let before = progress.schools;
        let mut load = ctx.store.begin_load().await?;
        load.lift_keys(&TABLES).await?;
        while let Some(piece) = making.next().await? {
            progress.lines += piece.rows.lines.len() as u64;
            progress.schools += piece.schools;
            piece.rows.write(&mut load).await?;
            told(&progress);
        }
        for county in batch {
            fold_county(&mut load, &county.code).await?;
        }
        let marks: Vec<_> = batch.iter().map(|county| mark(&name(county), plan, ctx.clock.now())).collect();
        load.write(&marks).await?;
        load.commit().await?;
        // With those that buy nothing.
        progress.schools = before + schools_of(batch);
        told(&progress);
    }
    result.lines = progress.lines;
    finding::catch_up(ctx).await?;
    while share::recount(ctx).await? > 0 {}
    if ctx.store.backend() == DbBackend::Postgres {
        // Plans made for empty tables would be kept otherwise.
        db.execute_unprepared("analyze").await?;
    }
    ctx.store.validate_keys().await?;
    Ok(result)
}

/// Counties in the order of the plan, as many in one load as make it worth its while.
fn batches<'a>(counties: &[&'a County], days: usize) -> Vec<Vec<&'a County>> {
    let mut batches: Vec<Vec<&County>> = Vec::new();
    let mut size = WORTHWHILE;
    for county in counties {
        if size >= WORTHWHILE {
            batches.push(Vec::new());
            size = 0;
        }
        size += county.schools * days;
        if let Some(batch) = batches.last_mut() {
            batch.push(*county);
        }
    }
    batches
}
