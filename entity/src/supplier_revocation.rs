use sea_orm::entity::prelude::*;

use crate::{
    id::{PurchaseLineId, RevocationId, SupplierId, VerificationId},
    time::Timestamp,
};

/// One row of `supplier_revocation`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supplier_revocation")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevocationId,
    /// Who lost its approval.
    pub supplier_id: SupplierId,
    /// The approval.
    pub verification_id: VerificationId,
    /// First day on which what it sold counts for nothing.
    pub effective_from: Date,
    /// Day of the next approval.
    pub ended_on: Option<Date>,
    /// When.
    pub revoked_at: Timestamp,
    /// Ledger lines that counted for something when it was revoked.
    pub lines: i64,
    /// How many are corrected so far.
    pub corrected: i64,
    /// Day of the last line corrected.
    pub reached_on: Option<Date>,
    /// The last line corrected.
    pub reached_id: Option<PurchaseLineId>,
    /// When the last was corrected.
    pub finished_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
