//! Which authorities look after a place.

use super::store::county_of;
use entity::{division, reporting_unit};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use std::collections::BTreeSet;

/// Codes of the reporting units that stand for a place or its county, and with `above` also those these report to. A place
/// no unit stands for, such as one of another province, is the province's own.
///
/// # Errors
/// When the database does not answer.
pub async fn authorities_of(
    db: &impl ConnectionTrait,
    place: &division::Model,
    above: bool,
) -> Result<BTreeSet<String>, DbErr> {
    use reporting_unit::Column;
    let county = county_of(place.level, &place.code, place.parent_code.as_deref());
    let codes = county.into_iter().chain([place.code.clone()]);
    let mut units = reporting_unit::Entity::find().filter(Column::DivisionCode.is_in(codes)).all(db).await?;
    if units.is_empty() {
        units = reporting_unit::Entity::find().filter(Column::ParentCode.is_null()).all(db).await?;
    }
    let parents = units.iter().filter(|_| above).filter_map(|unit| unit.parent_code.clone());
    Ok(units.iter().map(|unit| unit.code.clone()).chain(parents).collect())
}
