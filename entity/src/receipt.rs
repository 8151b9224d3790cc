use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, CanteenId, ConsignmentId, OrderId, ReceiptId, SchoolId, SupplierId},
    money::Fen,
    time::Timestamp,
};

/// One row of `receipt`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipt")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReceiptId,
    /// A consignment is received once.
    pub consignment_id: ConsignmentId,
    /// The order behind it.
    pub order_id: OrderId,
    /// School that received.
    pub school_id: SchoolId,
    /// Kitchen that received.
    pub canteen_id: CanteenId,
    /// Who is to be paid.
    pub supplier_id: SupplierId,
    /// Business day in China.
    pub received_on: Date,
    /// When.
    pub received_at: Timestamp,
    /// Account that recorded it.
    pub received_by: AccountId,
    /// Accepted goods at the frozen prices.
    pub amount_fen: Fen,
    /// Remark of the inspectors.
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
