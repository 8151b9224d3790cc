use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, ConsentId, SupplierId},
    time::Timestamp,
};

/// One row of `household_consent`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household_consent")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsentId,
    /// Agent who may act.
    pub account_id: AccountId,
    /// Household that sells, for whom.
    pub supplier_id: SupplierId,
    /// First day of the consent.
    pub from_on: Date,
    /// Last day; none while it holds.
    pub to_on: Option<Date>,
    /// Number of the signed paper.
    pub proof_number: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it was taken back; none where it runs out by itself.
    pub withdrawn_at: Option<Timestamp>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
