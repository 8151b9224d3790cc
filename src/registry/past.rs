//! Divisions as they were on a day: former names and places, successors and predecessors.

use chrono::NaiveDate;
use entity::{division, division_past, division_succession};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{HashMap, HashSet};

/// Changes of code one place can have been through: more than there were, so that a circle in the data ends.
const MOST_CHANGES: usize = 20;

/// What a code stood for on a day.
#[derive(Debug)]
pub(super) struct OnDay {
    /// The division, called and placed as on that day.
    pub division: division::Model,
    /// Where the code asked for was no more that day: what it had become by then, itself several where it was split.
    pub succeeded_by: Vec<Successor>,
}

/// A division another went into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Successor {
    pub code: String,
    pub name: String,
    pub effective_on: NaiveDate,
    pub kind: String,
}

/// The codes the territory of a division had, its own first and then those before it: its past is kept under them (S3).
/// What was merged into one that was there already is another's past.
///
/// # Errors
/// When the database does not answer.
pub async fn territory(db: &impl ConnectionTrait, place: &division::Model) -> Result<Vec<String>, DbErr> {
    let succeeded = division::Column::SuccessorCode.eq(place.code.as_str());
    Ok(territory_among(place, &division::Entity::find().filter(succeeded).all(db).await?))
}

/// The same, looked for in `all`.
#[must_use]
pub fn territory_among(place: &division::Model, all: &[division::Model]) -> Vec<String> {
    let mut codes = vec![place.code.clone()];
    let mut begins = vec![place.valid_from];
    while let Some(begin) = begins.pop() {
        let Some(eve) = begin.and_then(|day| day.pred_opt()) else { continue };
        // A successor is always the present division, however many there were in between.
        let of_it = |one: &&division::Model| one.successor_code.as_ref() == Some(&place.code);
        for one in all.iter().filter(of_it).filter(|one| one.valid_to == Some(eve)) {
            codes.push(one.code.clone());
            begins.push(one.valid_from);
        }
    }
    codes
}

/// Whether a division's code held on `day`.
pub(super) fn holds(division: &division::Model, day: NaiveDate) -> bool {
    division.valid_from.is_none_or(|from| from <= day) && division.valid_to.is_none_or(|to| to >= day)
}

/// What `code` stood for on `day`: itself, the one it had become by then, or the one it was made of; a division that was
/// split by then is answered as it was last. `None` for a code there never was, and for the time before a new division.
pub(super) async fn find_on(db: &impl ConnectionTrait, code: &str, day: NaiveDate) -> Result<Option<OnDay>, DbErr> {
    let Some(mut found) = division::Entity::find_by_id(code).one(db).await? else { return Ok(None) };
    let mut succeeded_by = Vec::new();
    for _ in 0..MOST_CHANGES {
        if holds(&found, day) {
            break;
        }
        let is_over = found.valid_to.is_some_and(|to| to < day);
        let next = if is_over {
            let mut became = successors(db, &found.code, day).await?;
            let next = if became.len() == 1 { became.first().map(|one| one.code.clone()) } else { None };
            if succeeded_by.is_empty() || became.len() > 1 {
                succeeded_by.append(&mut became);
            }
            next
        } else {
            predecessor(db, &found.code).await?
        };
        match next {
            Some(next) => {
                let Some(division) = division::Entity::find_by_id(next).one(db).await? else { return Ok(None) };
                found = division;
            }
            None if is_over => break,
            None => return Ok(None),
        }
    }
    // A division that is over is called what it was called last.
    let mut rows = [found];
    as_on(db, &mut rows, day).await?;
    let [division] = rows;
    Ok(Some(OnDay { division, succeeded_by }))
}

/// What a division had gone into by `day`.
pub(super) async fn successors(db: &impl ConnectionTrait, code: &str, day: NaiveDate) -> Result<Vec<Successor>, DbErr> {
    let columns = division_succession::COLUMN;
    let rows = division_succession::Entity::find()
        .filter(columns.old_code.eq(code))
        .filter(columns.effective_on.lte(day))
        .order_by_asc(division_succession::Column::NewCode)
        .all(db)
        .await?;
    let codes = rows.iter().map(|row| row.new_code.clone());
    let divisions = division::Entity::find().filter(division::Column::Code.is_in(codes)).all(db).await?;
    let names: HashMap<String, String> = divisions.into_iter().map(|row| (row.code, row.name)).collect();
    let show = |row: division_succession::Model| Successor {
        name: names.get(&row.new_code).cloned().unwrap_or_default(),
        code: row.new_code,
        effective_on: row.effective_on,
        kind: row.kind,
    };
    Ok(rows.into_iter().map(show).collect())
}

/// The one division another was made of; none where it was several, or where it is newly set up.
async fn predecessor(db: &impl ConnectionTrait, code: &str) -> Result<Option<String>, DbErr> {
    let rows =
        division_succession::Entity::find().filter(division_succession::COLUMN.new_code.eq(code)).all(db).await?;
    let [one] = rows.as_slice() else { return Ok(None) };
    // Part of a division that was split is not that division.
    let of_old = division_succession::Entity::find().filter(division_succession::COLUMN.old_code.eq(&one.old_code));
    Ok((of_old.all(db).await?.len() == 1).then(|| one.old_code.clone()))
}

/// Gives divisions the names and places they had on `day`, in one statement.
pub(super) async fn as_on(
    db: &impl ConnectionTrait,
    rows: &mut [division::Model],
    day: NaiveDate,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let pasts = division_past::Entity::find()
        .filter(division_past::COLUMN.code.is_in(rows.iter().map(|row| row.code.clone())))
        .filter(division_past::COLUMN.until_on.gte(day))
        .order_by_asc(division_past::Column::UntilOn)
        .all(db)
        .await?;
    let mut first: HashMap<String, division_past::Model> = HashMap::new();
    for past in pasts {
        first.entry(past.code.clone()).or_insert(past);
    }
    for row in rows {
        if let Some(past) = first.remove(&row.code) {
            row.name = past.name;
            row.parent_code = past.parent_code;
        }
    }
    Ok(())
}

/// The one division that stands for each ended one today, following `successions` (old code and new code); none where one
/// of them was split, or goes round in a circle.
pub(super) fn present(ended: &HashSet<&str>, successions: &[(&str, &str)]) -> HashMap<String, String> {
    let mut next: HashMap<&str, Option<&str>> = HashMap::new();
    for (old, new) in successions {
        next.entry(old).and_modify(|one| *one = None).or_insert(Some(new));
    }
    let present = |code: &str| {
        let mut at = (*next.get(code)?)?;
        for _ in 0..MOST_CHANGES {
            if !ended.contains(at) {
                return Some(at.to_owned());
            }
            at = (*next.get(at)?)?;
        }
        None
    };
    ended.iter().filter_map(|code| Some(((*code).to_owned(), present(code)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_code_leads_to_the_one_that_stands_today() {
        let ended = HashSet::from(["1", "2", "5", "6", "7", "8"]);
        let successions = [("1", "2"), ("2", "3"), ("5", "6"), ("6", "5"), ("7", "3"), ("7", "9")];
        let found = present(&ended, &successions);
        assert_eq!(found, HashMap::from([("1".into(), "3".into()), ("2".into(), "3".into())]));
    }
}
