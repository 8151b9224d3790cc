//! What a group of baskets must know: kitchens, offers (locked in id order), unit conversions. Each is
//! one statement, however many baskets.

use super::{
    basket::{BasketLine, Offer},
    placer::Wanted,
};
use crate::{catalogue::Conversions, store::bulk};
use entity::{
    canteen::CanteenKind,
    id::{CanteenId, ListingId},
    school,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use std::collections::{BTreeSet, HashMap};

/// A kitchen, its school and the prefecture around it.
#[derive(Clone, Debug)]
pub struct Kitchen {
    /// How it is run.
    pub kind: CanteenKind,
    /// The school it buys for.
    pub school: school::Model,
    /// Prefecture of the school's county.
    pub prefecture_code: Option<String>,
}

pub(super) async fn kitchens(
    db: &impl ConnectionTrait,
    group: &[&Wanted],
) -> Result<HashMap<CanteenId, Kitchen>, DbErr> {
    let ids: BTreeSet<CanteenId> = group.iter().map(|wanted| wanted.canteen_id).collect();
    find_kitchens(db, &ids).await
}

/// The kitchens with these ids.
///
/// # Errors
/// When the database does not answer.
pub async fn find_kitchens(
    db: &impl ConnectionTrait,
    ids: &BTreeSet<CanteenId>,
) -> Result<HashMap<CanteenId, Kitchen>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let (relation, values) = bulk::ids(backend, ids.iter().copied())?;
    let sql = format!(
        "select c.id as canteen_id, c.kind as canteen_kind, d.parent_code as prefecture_code, s.* \
         from canteen c join {relation} on c.id = r.id join school s on s.id = c.school_id \
         join division d on d.code = s.county_code"
    );
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter()
        .map(|row| {
            let kitchen = Kitchen {
                kind: row.try_get("", "canteen_kind")?,
                prefecture_code: row.try_get("", "prefecture_code")?,
                school: school::Model::from_query_result(row, "")?,
            };
            Ok((row.try_get("", "canteen_id")?, kitchen))
        })
        .collect()
}

/// Locks the offers in id order, so that groups of several replicas never wait for one another in a circle.
pub(super) async fn lock_offers(
    db: &impl ConnectionTrait,
    group: &[&Wanted],
) -> Result<HashMap<ListingId, Offer>, DbErr> {
    let ids = group.iter().flat_map(|wanted| wanted.lines.iter().map(|line| line.listing_id)).collect();
    // On SQLite the transaction holds the write lock already.
    let lock = if db.get_database_backend() == DbBackend::Postgres { " for no key update of l" } else { "" };
    read_offers(db, &ids, lock).await
}

/// The offers with these ids as they stand, unlocked.
///
/// # Errors
/// When the database does not answer.
pub async fn find_offers(
    db: &impl ConnectionTrait,
    ids: &BTreeSet<ListingId>,
) -> Result<HashMap<ListingId, Offer>, DbErr> {
    read_offers(db, ids, "").await
}

async fn read_offers(
    db: &impl ConnectionTrait,
    ids: &BTreeSet<ListingId>,
    lock: &str,
) -> Result<HashMap<ListingId, Offer>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let (relation, values) = bulk::ids(backend, ids.iter().copied())?;
    let sql = format!(
        "select l.*, s.status as supplier_status from listing l join {relation} on l.id = r.id \
         join supplier s on s.id = l.supplier_id order by l.id{lock}"
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let found = Offer::find_by_statement(statement).all(db).await?;
    Ok(found.into_iter().map(|offer| (offer.id, offer)).collect())
}

/// Conversions for the lines whose unit is not the one their offer is priced in: often there are none.
pub(super) async fn conversions(
    db: &impl ConnectionTrait,
    group: &[&Wanted],
    offers: &HashMap<ListingId, Offer>,
) -> Result<Conversions, DbErr> {
    let lines = group.iter().flat_map(|wanted| wanted.lines.iter());
    find_conversions(db, lines, offers).await
}

/// The same for the lines of one basket.
///
/// # Errors
/// When the database does not answer.
pub async fn find_conversions<'a>(
    db: &impl ConnectionTrait,
    lines: impl Iterator<Item = &'a BasketLine>,
    offers: &HashMap<ListingId, Offer>,
) -> Result<Conversions, DbErr> {
    let foreign: BTreeSet<String> = lines
        .filter_map(|line| offers.get(&line.listing_id).filter(|offer| offer.unit_code != line.unit))
        .map(|offer| offer.product_code.clone())
        .collect();
    let foreign: Vec<String> = foreign.into_iter().collect();
    Conversions::load(db, &foreign).await
}
