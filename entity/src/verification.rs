use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{SupplierId, VerificationId};

/// Where a supplier's application stands, and what became of its approval (H4).
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
pub enum VerificationState {
    /// Waits for the county's recommendation.
    Applied,
    /// Waits for the review.
    Recommended,
    /// Waits for the public notice.
    Reviewed,
    /// Stands in the public notice, or its days are over and it waits for the approval.
    Noticed,
    /// May sell.
    Approved,
    /// May not take new orders for now.
    Suspended,
    /// The approval ran out.
    Expired,
    /// The approval was taken back.
    Revoked,
    /// Turned down before it was approved.
    Refused,
    /// Taken back by the applicant.
    Withdrawn,
    /// A later approval took its place.
    Renewed,
}

/// One row of `verification`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verification")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VerificationId,
    /// Who is verified.
    pub supplier_id: SupplierId,
    /// Where it stands (H4).
    pub state: VerificationState,
    /// First day of the public notice.
    pub notice_from_on: Option<Date>,
    /// Last day of it.
    pub notice_until_on: Option<Date>,
    /// Last day of the approval.
    pub expires_on: Option<Date>,
    /// Day somebody was told that the notice is over or the approval runs out.
    pub reminded_on: Option<Date>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
