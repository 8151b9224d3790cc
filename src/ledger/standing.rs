//! Which line of the ledger stands for another now: corrections put one in the place of the one before.

use super::revocation::reverses;
use entity::{
    id::PurchaseLineId,
    purchase_line::{self, Channel, Column},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use std::collections::{HashMap, HashSet};

/// The lines that stand in the places of `lines` now, by the id each started from: the line itself where nothing corrects
/// it, none where it was taken back for nothing. A statement for each correction that followed another, however many lines.
///
/// # Errors
/// When the database does not answer.
pub async fn standing(
    db: &impl ConnectionTrait,
    lines: Vec<purchase_line::Model>,
) -> Result<HashMap<PurchaseLineId, purchase_line::Model>, DbErr> {
    let mut standing = HashMap::new();
    let mut latest: Vec<(PurchaseLineId, purchase_line::Model)> =
        lines.into_iter().map(|line| (line.id, line)).collect();
    while !latest.is_empty() {
        let ids = latest.iter().map(|(_, line)| line.id);
        let after = purchase_line::Entity::find().filter(Column::CorrectsLineId.is_in(ids)).all(db).await?;
        let corrected: HashSet<Option<PurchaseLineId>> = after.iter().map(|line| line.corrects_line_id).collect();
        let mut places: HashMap<Option<PurchaseLineId>, purchase_line::Model> =
            after.into_iter().filter(|line| !reverses(line)).map(|line| (line.corrects_line_id, line)).collect();
        let (moved, still): (Vec<_>, Vec<_>) =
            latest.into_iter().partition(|(_, line)| corrected.contains(&Some(line.id)));
        standing.extend(still);
        let follow = |(first, line): (_, purchase_line::Model)| Some((first, places.remove(&Some(line.id))?));
        latest = moved.into_iter().filter_map(follow).collect();
    }
    Ok(standing)
}

/// What is left of a received line after goods were given back: the line itself, or the smaller one in its place. None where
/// all was given back, or where it was corrected for another reason: a line nobody vouches for is of another class, one
/// without its producer names none.
///
/// # Errors
/// When the database does not answer.
pub async fn left_of(
    db: &impl ConnectionTrait,
    line: &purchase_line::Model,
) -> Result<Option<purchase_line::Model>, DbErr> {
    let left = standing(db, vec![line.clone()]).await?.remove(&line.id);
    let same = |left: &purchase_line::Model| {
        left.id == line.id
            || line.channel == Channel::Marketplace
                && left.class == line.class
                && left.producer_household_id == line.producer_household_id
    };
    Ok(left.filter(same))
}
