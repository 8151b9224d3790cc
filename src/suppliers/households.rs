//! The households a supplier may name as producers, and where they are at home.

use chrono::NaiveDate;
use entity::{
    beneficiary_link, household,
    id::{HouseholdId, SupplierId},
    supplier,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QuerySelect};
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

/// Where a household is at home, and as whom it sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// County it lives in.
    pub county_code: String,
    /// The supplier it is, where it sells by itself.
    pub seller: Option<SupplierId>,
}

/// The homes of these households: one statement.
///
/// # Errors
/// When the database does not answer.
pub async fn homes_of(
    db: &impl ConnectionTrait,
    households: &[HouseholdId],
) -> Result<HashMap<HouseholdId, Home>, DbErr> {
    if households.is_empty() {
        return Ok(HashMap::new());
    }
    let as_seller = supplier::Entity::belongs_to(household::Entity)
        .from(supplier::Column::HouseholdId)
        .to(household::Column::Id)
        .into();
    let rows: Vec<(HouseholdId, String, Option<SupplierId>)> = household::Entity::find()
        .select_only()
        .column(household::Column::Id)
        .column(household::Column::CountyCode)
        .column(supplier::Column::Id)
        .join_rev(JoinType::LeftJoin, as_seller)
        .filter(household::Column::Id.is_in(households.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, county_code, seller)| (id, Home { county_code, seller })).collect())
}
