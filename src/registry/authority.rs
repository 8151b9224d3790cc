//! Which authorities look after a place.

use super::store::county_of;
use entity::{division, reporting_unit};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use std::collections::{BTreeSet, HashMap};

/// The reporting units and some places, to tell which unit looks after which place.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    units: Vec<reporting_unit::Model>,
    places: HashMap<String, division::Model>,
}

impl Authorities {
    /// Reads the units, of which a province has a hundred, and these places: two statements.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(db: &impl ConnectionTrait, places: impl IntoIterator<Item = &str>) -> Result<Self, DbErr> {
        let codes: BTreeSet<&str> = places.into_iter().collect();
        let places = division::Entity::find().filter(division::Column::Code.is_in(codes)).all(db).await?;
        Ok(Self {
            units: reporting_unit::Entity::find().all(db).await?,
            places: places.into_iter().map(|place| (place.code.clone(), place)).collect(),
        })
    }

    /// Codes of the units that stand for a place or its county, and with `above` also those these report to. A place no
    /// unit stands for, such as one of another province, is the province's own.
    #[must_use]
    pub fn of(&self, place: &str, above: bool) -> BTreeSet<String> {
        let county = self
            .places
            .get(place)
            .and_then(|place| county_of(place.level, &place.code, place.parent_code.as_deref()))
            .unwrap_or_default();
        let stands = |unit: &&reporting_unit::Model| {
            unit.division_code.as_ref().is_some_and(|code| *code == place || *code == county)
        };
        let mut found: Vec<&reporting_unit::Model> = self.units.iter().filter(stands).collect();
        if found.is_empty() {
            found = self.units.iter().filter(|unit| unit.parent_code.is_none()).collect();
        }
        let parents = found.iter().filter(|_| above).filter_map(|unit| unit.parent_code.clone());
        found.iter().map(|unit| unit.code.clone()).chain(parents).collect()
    }
}
