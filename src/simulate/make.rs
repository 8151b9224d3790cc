//! Makes the rows of some counties on a thread of its own: those of the next are made while the database takes these.

use super::{
    goods::Good,
    market::Offer,
    offers::{by_good, frozen},
    registry::Buyer,
    rowset::Rowset,
    trade::{Day, Month},
};
use crate::ledger::Frozen;
use chrono::NaiveDate;
use entity::{id::AccountId, time::month_of};
use sea_orm::{ConnectionTrait, DbErr};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::{JoinHandle, spawn_blocking},
};

/// Lines after which rows go to the database.
const FLUSH: usize = 8_000;

/// What all counties have in common.
pub struct World {
    pub seed: u64,
    pub goods: Vec<Good>,
    pub days: Vec<NaiveDate>,
    pub people: [AccountId; 2],
}

/// A county's kitchens, the offers they look at, and what a line of each comes down to in each month.
pub struct Place {
    buyers: Vec<Buyer>,
    offers: Vec<Offer>,
    frozen: BTreeMap<i32, Vec<[Frozen; 2]>>,
}

impl Place {
    /// Reads all that the county's rows need of the database.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(
        db: &impl ConnectionTrait,
        world: &World,
        offers: Vec<Offer>,
        buyers: Vec<Buyer>,
    ) -> Result<Self, DbErr> {
        let frozen = frozen(db, &offers, &world.goods, &world.days).await?;
        Ok(Self { buyers, offers, frozen })
    }
}

/// The year of some schools.
#[derive(Default)]
pub struct Piece {
    pub rows: Rowset,
    /// How many schools.
    pub schools: usize,
}

/// Some counties under way.
pub struct Making {
    pieces: Receiver<Piece>,
    maker: JoinHandle<()>,
}

impl Making {
    /// Begins.
    pub fn of(world: &Arc<World>, places: Vec<Place>) -> Self {
        let world = Arc::clone(world);
        // One waits: a maker further ahead would only fill the memory.
        let (done, pieces) = channel(1);
        let maker = spawn_blocking(move || make(&world, &places, &done));
        Self { pieces, maker }
    }

    /// The next piece; none when the counties are complete.
    ///
    /// # Errors
    /// When the maker broke off: they are not complete then.
    pub async fn next(&mut self) -> Result<Option<Piece>, DbErr> {
        if let Some(piece) = self.pieces.recv().await {
            return Ok(Some(piece));
        }
        let ended = (&mut self.maker).await;
        ended.map(|()| None).map_err(|error| DbErr::Custom(format!("making rows: {error}")))
    }
}

fn make(world: &World, places: &[Place], done: &Sender<Piece>) {
    let mut piece = Piece::default();
    for Place { buyers, offers, frozen } in places {
        let by_good = by_good(offers, world.goods.len());
        for buyer in buyers.iter().filter(|buyer| !buyer.absent) {
            for day in &world.days {
                let Some(frozen) = frozen.get(&month_of(*day)) else { continue };
                let World { seed, goods, people, .. } = world;
                let month = Month { seed: *seed, goods, offers, frozen, by_good: &by_good, people: *people };
                Day::new(&month, buyer, *day).buy(&mut piece.rows);
            }
            piece.schools += 1;
            // Nobody takes it where the load has failed.
            if piece.rows.lines.len() >= FLUSH && done.blocking_send(std::mem::take(&mut piece)).is_err() {
                return;
            }
        }
    }
    let _ = done.blocking_send(piece);
}
