//! The province's divisions as the register has them, to be compared with a file.

use chrono::NaiveDate;
use entity::{
    division::{self, DivisionLevel},
    division_past, division_succession,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use std::collections::{BTreeMap, HashMap};

/// The levels of a province's own divisions.
const OWN: [DivisionLevel; 4] =
    [DivisionLevel::Province, DivisionLevel::Prefecture, DivisionLevel::County, DivisionLevel::Township];

/// What is known of the province's divisions, those that are no more included.
pub(super) struct Register {
    /// By code.
    pub divisions: BTreeMap<String, division::Model>,
    /// Last day of the last former state of those that were called otherwise or lay elsewhere.
    pub changed: HashMap<String, NaiveDate>,
    /// Codes that are no more with those they went into.
    pub successions: Vec<(String, String)>,
}

impl Register {
    /// Reads it: three statements.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let divisions = division::Entity::find().filter(division::Column::Level.is_in(OWN)).all(db).await?;
        let mut changed: HashMap<String, NaiveDate> = HashMap::new();
        for past in division_past::Entity::find().all(db).await? {
            let last = changed.entry(past.code).or_insert(past.until_on);
            *last = past.until_on.max(*last);
        }
        let successions = division_succession::Entity::find().all(db).await?;
        Ok(Self {
            divisions: divisions.into_iter().map(|row| (row.code.clone(), row)).collect(),
            changed,
            successions: successions.into_iter().map(|row| (row.old_code, row.new_code)).collect(),
        })
    }

    /// The divisions there are today.
    pub fn open(&self) -> impl Iterator<Item = &division::Model> {
        self.divisions.values().filter(|one| one.valid_to.is_none())
    }

    /// Whether what a division is now began before `day`, so that it can end or change then.
    pub fn began_before(&self, division: &division::Model, day: NaiveDate) -> bool {
        division.valid_from.is_none_or(|from| from < day)
            && self.changed.get(&division.code).and_then(NaiveDate::succ_opt).is_none_or(|from| from < day)
    }
}

/// The level a code is of, by its length and its zeros.
pub(super) fn level_of(code: &str) -> DivisionLevel {
    match code.len() {
        6 if code.ends_with("0000") => DivisionLevel::Province,
        6 if code.ends_with("00") => DivisionLevel::Prefecture,
        6 => DivisionLevel::County,
        _ => DivisionLevel::Township,
    }
}
