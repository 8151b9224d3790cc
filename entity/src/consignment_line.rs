use sea_orm::entity::prelude::*;

use crate::{
    id::{ConsignmentId, ConsignmentLineId, HouseholdId, OrderLineId},
    weight::BaseQuantity,
};

/// One row of `consignment_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consignment_line")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsignmentLineId,
    /// Its consignment.
    pub consignment_id: ConsignmentId,
    /// The ordered line it serves.
    pub order_line_id: OrderLineId,
    /// Place in the consignment, from 1.
    pub line_no: i32,
    /// Sent, in grams or pieces.
    pub sent_base: BaseQuantity,
    /// Producer's batch, for recall (F2).
    pub batch_number: String,
    /// Production or harvest date.
    pub produced_on: Option<Date>,
    /// None where the law asks for none.
    pub shelf_life_days: Option<i32>,
    /// Origin of this batch (S4).
    pub origin_division_code: String,
    /// Household that grew this batch.
    pub producer_household_id: Option<HouseholdId>,
}

impl ActiveModelBehavior for ActiveModel {}
