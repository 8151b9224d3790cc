use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, ConsentId, HouseholdId, PurchaseLineId, SaleDenialId, SchoolId, SupplierId},
    time::Timestamp,
};

/// What an authority found of a denied sale.
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
pub enum DenialOutcome {
    /// The sale was not theirs: the line is corrected.
    Upheld,
    /// It was.
    Rejected,
}

/// One row of `sale_denial`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sale_denial")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SaleDenialId,
    /// The sale.
    pub purchase_line_id: PurchaseLineId,
    /// Who bought.
    pub school_id: SchoolId,
    /// Who denies it: the seller, or the household named as producer that sells itself.
    pub supplier_id: Option<SupplierId>,
    /// The household named as producer, for which its county opened the case.
    pub household_id: Option<HouseholdId>,
    /// Place whose authority decides.
    pub division_code: String,
    /// In own words.
    pub reason: String,
    /// Account that opened the case.
    pub denied_by: AccountId,
    /// On which an agent acted (H5).
    pub consent_id: Option<ConsentId>,
    /// When.
    pub denied_at: Timestamp,
    /// What the authority decided.
    pub outcome: Option<DenialOutcome>,
    /// What the authority found.
    pub finding: Option<String>,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
