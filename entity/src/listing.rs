use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{HouseholdId, ListingId, SupplierId},
    money::Fen,
    weight::BaseQuantity,
};

/// State of an offer.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ListingStatus {
    Active,
    Withdrawn,
}

/// One row of `listing`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "listing")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ListingId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// What.
    pub product_code: String,
    /// Where it is grown or made (S4).
    pub origin_division_code: String,
    /// County of the origin; none when only the province is known.
    pub origin_county_code: Option<String>,
    /// Household that grew it, where one is named.
    pub producer_household_id: Option<HouseholdId>,
    /// Unit the price is quoted in.
    pub unit_code: String,
    /// Grams or pieces in one price unit.
    pub unit_base: BaseQuantity,
    /// Price of one such unit.
    pub price_fen: Fen,
    /// Grams or pieces still free to order.
    pub stock_base: BaseQuantity,
    /// Prefecture or county codes delivered to, joined by |; none = the whole province.
    pub delivery_area: Option<String>,
    /// First day of delivery.
    pub deliver_from_on: Date,
    /// Last day of delivery.
    pub deliver_to_on: Date,
    /// State of an offer.
    pub status: ListingStatus,
    /// Optimistic lock; stock moves do not count.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
