use sea_orm::entity::prelude::*;

use crate::{
    id::{HouseholdId, ListingId, OrderId, OrderLineId},
    money::Fen,
    weight::BaseQuantity,
};

/// One row of `order_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderLineId,
    /// Its order.
    pub order_id: OrderId,
    /// Place in the order, from 1.
    pub line_no: i32,
    /// Offer it was ordered from.
    pub listing_id: ListingId,
    /// What.
    pub product_code: String,
    /// Origin as listed.
    pub origin_division_code: String,
    /// Producing household as listed.
    pub producer_household_id: Option<HouseholdId>,
    /// Unit the buyer typed.
    pub unit_code: String,
    /// Grams or pieces in that unit.
    pub unit_base: BaseQuantity,
    /// Ordered, in grams or pieces.
    pub quantity_base: BaseQuantity,
    /// Confirmed by the supplier; none before.
    pub confirmed_base: Option<BaseQuantity>,
    /// Price frozen at ordering, per price_base.
    pub price_fen: Fen,
    /// Unit the price is quoted in.
    pub price_unit_code: String,
    /// Grams or pieces in the price's unit.
    pub price_base: BaseQuantity,
    /// Ordered quantity at that price, rounded half up once (O2).
    pub amount_fen: Fen,
}

impl ActiveModelBehavior for ActiveModel {}
