use sea_orm::entity::prelude::*;

use crate::id::HouseholdId;

/// One row of `household`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HouseholdId,
    /// Number of the poverty-relief handbook or of the county certificate (H2).
    pub code: String,
    /// Name of the head of the household.
    pub name: String,
    /// Township it lives in.
    pub division_code: String,
    /// County it lives in.
    pub county_code: String,
    /// Resident identity number, sealed.
    pub id_number_sealed: Option<String>,
    /// Its keyed hash; no two households have the same.
    pub id_number_hash: Option<String>,
    /// Phone number, sealed.
    pub phone_sealed: Option<String>,
    /// Its keyed hash.
    pub phone_hash: Option<String>,
    /// Bank account, sealed.
    pub bank_account_sealed: Option<String>,
    /// Its keyed hash.
    pub bank_account_hash: Option<String>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
