//! The rows of some schools' year, and their way into the database.

use crate::{ledger::totals, store::Load};
use entity::{
    certificate, consignment, consignment_line, declared_certificate, declared_purchase, order_line, purchase_line,
    purchase_order, receipt, receipt_inspector, receipt_line,
};
use sea_orm::DbErr;

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
    /// Writes everything with the totals the lines add up to, and is empty afterwards. All lines of a school's month must
    /// be in one set, since totals are written once.
    ///
    /// # Errors
    /// Whatever the database refuses.
    pub async fn write(&mut self, load: &mut Load) -> Result<(), DbErr> {
        let rows = std::mem::take(self);
        load.write(&rows.orders).await?;
        load.write(&rows.order_lines).await?;
        load.write(&rows.consignments).await?;
        load.write(&rows.consignment_lines).await?;
        load.write(&rows.certificates).await?;
        load.write(&rows.receipts).await?;
        load.write(&rows.inspectors).await?;
        load.write(&rows.receipt_lines).await?;
        load.write(&rows.declared).await?;
        load.write(&rows.lines).await?;
        load.write(&rows.declared_certificates).await?;
        load.write(&totals(&rows.lines)).await
    }
}
