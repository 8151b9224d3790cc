//! The rows of some schools' year, and their way into the database.

use crate::{ledger::totals, store::Load};
use entity::{
    certificate, consignment, consignment_line, declared_certificate, declared_purchase, order_line, purchase_line,
    purchase_order, receipt, receipt_inspector, receipt_line,
};
use sea_orm::DbErr;

/// The tables they go into.
pub const TABLES: [&str; 12] = [
    "purchase_order",
    "order_line",
    "consignment",
    "consignment_line",
    "certificate",
    "receipt",
    "receipt_inspector",
    "receipt_line",
    "declared_purchase",
    "purchase_line",
    "declared_certificate",
    "school_month_total",
];

/// Rows in the order their foreign keys need.
#[derive(Default)]
pub struct Rowset {
    pub orders: Vec<purchase_order::Model>,
    pub order_lines: Vec<order_line::Model>,
    pub consignments: Vec<consignment::Model>,
    pub consignment_lines: Vec<consignment_line::Model>,
    pub certificates: Vec<certificate::Model>,
    pub receipts: Vec<receipt::Model>,
    pub inspectors: Vec<receipt_inspector::Model>,
    pub receipt_lines: Vec<receipt_line::Model>,
    pub declared: Vec<declared_purchase::Model>,
    pub lines: Vec<purchase_line::Model>,
    pub declared_certificates: Vec<declared_certificate::Model>,
}

impl Rowset {
    /// Writes everything with the totals the lines add up to. All lines of a school's month must be in one set, since totals
    /// are written once.
    ///
    /// # Errors
    /// Whatever the database refuses.
    pub async fn write(&self, load: &mut Load) -> Result<(), DbErr> {
        load.write(&self.orders).await?;
        load.write(&self.order_lines).await?;
        load.write(&self.consignments).await?;
        load.write(&self.consignment_lines).await?;
        load.write(&self.certificates).await?;
        load.write(&self.receipts).await?;
        load.write(&self.inspectors).await?;
        load.write(&self.receipt_lines).await?;
        load.write(&self.declared).await?;
        load.write(&self.lines).await?;
        load.write(&self.declared_certificates).await?;
        load.write(&totals(&self.lines)).await
    }
}
