use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, CanteenId, DeclaredPurchaseId, ImportId, SchoolId, SupplierId},
    money::Fen,
    time::Timestamp,
};

/// One row of `declared_purchase`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "declared_purchase")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeclaredPurchaseId,
    /// School that bought.
    pub school_id: SchoolId,
    /// Kitchen that bought.
    pub canteen_id: CanteenId,
    /// Day of the purchase.
    pub purchased_on: Date,
    /// As on the voucher.
    pub seller_name: String,
    /// The seller, where it is registered here.
    pub supplier_id: Option<SupplierId>,
    /// Voucher number; none for a market purchase without one.
    pub invoice_number: Option<String>,
    /// The school's own number of the purchase, unique per school.
    pub external_id: Option<String>,
    /// Sum of its lines.
    pub amount_fen: Fen,
    /// Account that declared it.
    pub declared_by: AccountId,
    /// When.
    pub declared_at: Timestamp,
    /// Import that brought it in.
    pub import_id: Option<ImportId>,
}

impl ActiveModelBehavior for ActiveModel {}
