use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, BasketId, CanteenId, OrderId, SchoolId, SupplierId},
    money::Fen,
    time::Timestamp,
};

/// State of an order.
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
pub enum OrderStatus {
    Placed,
    Confirmed,
    Declined,
    Cancelled,
    Shipped,
    Received,
}

/// One row of `purchase_order`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "purchase_order")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderId,
    /// Basket it was placed in; one order per supplier.
    pub basket_id: BasketId,
    /// For which kitchen.
    pub canteen_id: CanteenId,
    /// School whose share it counts for (S12).
    pub school_id: SchoolId,
    /// From whom.
    pub supplier_id: SupplierId,
    /// State of an order.
    pub status: OrderStatus,
    /// Day of delivery asked for.
    pub deliver_on: Date,
    /// Sum of its lines as ordered.
    pub amount_fen: Fen,
    /// Account that placed it.
    pub placed_by: AccountId,
    /// When.
    pub placed_at: Timestamp,
    /// When the supplier confirmed or declined, or the canteen cancelled.
    pub answered_at: Option<Timestamp>,
    /// Why it was declined or cancelled.
    pub reason: Option<String>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
