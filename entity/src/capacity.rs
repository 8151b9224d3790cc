use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, CapacityId, SupplierId},
    time::Timestamp,
    weight::Gram,
};

/// One row of `capacity`: what a supplier can yield of a product in a season (H6).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "capacity")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CapacityId,
    /// Who can yield it.
    pub supplier_id: SupplierId,
    /// What.
    pub product_code: String,
    /// First day of the season.
    pub from_on: Date,
    /// Last day of the season.
    pub to_on: Date,
    /// Land, in square metres.
    pub area_sqm: Option<i64>,
    /// Animals.
    pub heads: Option<i64>,
    /// What the season yields.
    pub yield_gram: Gram,
    /// When it was stated.
    pub recorded_at: Timestamp,
    /// Who stated it.
    pub recorded_by: Option<AccountId>,
    /// When the county confirmed it.
    pub confirmed_at: Option<Timestamp>,
    /// Who confirmed it.
    pub confirmed_by: Option<AccountId>,
    /// Sold of it when last looked at.
    pub sold_gram: Gram,
    /// Sales of unknown weight when last looked at.
    pub unknown_weight_lines: i64,
    /// When that was.
    pub checked_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
