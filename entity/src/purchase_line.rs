use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{CanteenId, DeclaredPurchaseId, HouseholdId, PurchaseLineId, ReceiptLineId, SchoolId, SupplierId},
    money::Fen,
    time::Timestamp,
    weight::Gram,
};

/// How a purchase came into the ledger (S1).
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
pub enum Channel {
    /// ordered, delivered and inspected here.
    Marketplace,
    /// bought outside and declared.
    Declared,
}

/// One row of `purchase_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "purchase_line")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PurchaseLineId,
    /// County of the school that day.
    pub county_code: String,
    /// Unit the school reported to that day.
    pub reporting_unit_code: String,
    /// School it counts for (S12).
    pub school_id: SchoolId,
    /// Kitchen.
    pub canteen_id: CanteenId,
    /// Day received or bought.
    pub purchased_on: Date,
    /// Year * 100 + month of that day.
    pub month: i32,
    /// How a purchase came into the ledger (S1).
    pub channel: Channel,
    /// The weighed line behind it.
    pub receipt_line_id: Option<ReceiptLineId>,
    /// The declaration behind it.
    pub declared_purchase_id: Option<DeclaredPurchaseId>,
    /// Line this one corrects.
    pub corrects_line_id: Option<PurchaseLineId>,
    /// Seller, where registered.
    pub supplier_id: Option<SupplierId>,
    /// Product, where known.
    pub product_code: Option<String>,
    /// Category.
    pub category_code: String,
    /// Accepted amount; negative in a correction.
    pub amount_fen: Fen,
    /// Accepted weight; none when unknown (S7).
    pub weight_gram: Option<Gram>,
    /// Purchase class code (see `share`).
    pub class: i32,
    /// Origin that day; none when not stated.
    pub origin_division_code: Option<String>,
    /// Codes of the county lists the origin stood on that day, joined by |.
    pub origin_lists: String,
    /// Household that grew it.
    pub producer_household_id: Option<HouseholdId>,
    /// That household's status that day.
    pub producer_status: Option<String>,
    /// Households linked to the seller that day (H3).
    pub linked_households: i32,
    /// Kinds of the documents that prove the origin, joined by |; none = unverified (S6).
    pub evidence: Option<String>,
    /// When the line was written.
    pub recorded_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
