//! The parts of the service's answers that the player goes on with.

use entity::{
    id::{ConsignmentId, ConsignmentLineId, ListingId, OrderId, SupplierId},
    weight::Quantity,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Basket {
    pub orders: Vec<Order>,
}

#[derive(Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub supplier_id: SupplierId,
    pub lines: Vec<OrderLine>,
}

#[derive(Deserialize)]
pub struct OrderLine {
    pub line_no: i32,
    pub listing_id: ListingId,
    pub ordered: Quantity,
    pub confirmed: Option<Quantity>,
}

#[derive(Deserialize)]
pub struct Consignment {
    pub id: ConsignmentId,
    pub lines: Vec<ConsignmentLine>,
}

#[derive(Deserialize)]
pub struct ConsignmentLine {
    pub id: ConsignmentLineId,
    pub line_no: i32,
}
