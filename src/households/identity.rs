//! Where a household lives and what it is called, checked; and its version raised under whoever changes it.

use crate::{
    access::Scope,
    http::{ApiError, Check, Text},
    registry::{county_of, find_division},
};
use entity::{
    division::{self, DivisionLevel},
    household,
    id::HouseholdId,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

/// Characters a name or the number of a handbook or certificate may have.
pub(super) const LONGEST: usize = 100;

/// A township or county within `scope` and its county, by their present codes; a place out of reach is refused like one
/// that is nowhere.
pub(super) async fn place_in_reach(
    db: &impl ConnectionTrait,
    scope: &Scope,
    check: &mut Check,
    code: &str,
) -> Result<Option<(String, String)>, ApiError> {
    // Households of other provinces are in their own registers.
    let of_ours = |division: &division::Model| division.level != DivisionLevel::OtherCounty;
    let division =
        find_division(db, code).await?.filter(|division| of_ours(division) && scope.covers_division(division));
    let place = division.and_then(|one| {
        let county = county_of(one.level, &one.code, one.parent_code.as_deref())?;
        Some((one.code, county))
    });
    check.that(
        place.is_some(),
        "/division_code",
        "division_unknown",
        Text::new(
            "须为本单位范围内的县级或乡级行政区划代码。",
            "Must be the code of a county or township within your reach.",
        ),
    );
    Ok(place)
}

/// Raises the version of a household, so that whoever else changes it or its histories meanwhile is told.
pub(super) async fn raise_version(db: &impl ConnectionTrait, id: HouseholdId, version: i64) -> Result<i64, ApiError> {
    let columns = household::COLUMN;
    let changed = household::Entity::update_many()
        .col_expr(household::Column::Version, Expr::value(version + 1))
        .filter(columns.id.eq(id))
        .filter(columns.version.eq(version))
        .exec(db)
        .await?;
    if changed.rows_affected == 1 { Ok(version + 1) } else { Err(ApiError::Stale { version: version + 1 }) }
}
