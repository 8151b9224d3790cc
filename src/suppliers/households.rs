//! The households a supplier may name as producers.

use chrono::NaiveDate;
use entity::{
    beneficiary_link, household,
    id::{HouseholdId, SupplierId},
    supplier,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;

/// The household a supplier is, and those linked to it that day (H3).
///
/// # Errors
/// When the database does not answer.
pub async fn households_of(
    db: &impl ConnectionTrait,
    supplier_id: SupplierId,
    day: NaiveDate,
) -> Result<Vec<HouseholdId>, DbErr> {
    let own = supplier::Entity::find_by_id(supplier_id).one(db).await?.and_then(|supplier| supplier.household_id);
    let mut households: Vec<HouseholdId> = beneficiary_link::Entity::find()
        .select_only()
        .column(beneficiary_link::Column::HouseholdId)
        .filter(beneficiary_link::Column::SupplierId.eq(supplier_id))
        .filter(beneficiary_link::Column::FromOn.lte(day))
        .filter(
            Condition::any().add(beneficiary_link::Column::ToOn.is_null()).add(beneficiary_link::Column::ToOn.gte(day)),
        )
        .into_tuple()
        .all(db)
        .await?;
    households.extend(own);
    Ok(households)
}

/// The counties these households live in.
///
/// # Errors
/// When the database does not answer.
pub async fn counties_of(
    db: &impl ConnectionTrait,
    households: &[HouseholdId],
) -> Result<HashMap<HouseholdId, String>, DbErr> {
    let rows: Vec<(HouseholdId, String)> = household::Entity::find()
        .select_only()
        .column(household::Column::Id)
        .column(household::Column::CountyCode)
        .filter(household::Column::Id.is_in(households.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
