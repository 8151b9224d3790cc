use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, ConsentId, VerificationId},
    time::Timestamp,
};

/// What was done to a verification (H4).
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
pub enum VerificationStepKind {
    /// The supplier or its agent applied.
    Apply,
    /// A county's list of those it had let in brought it.
    List,
    /// The county recommends it.
    Recommend,
    /// Somebody else looked through it.
    Review,
    /// It went into the public notice.
    Publish,
    /// It may sell.
    Approve,
    /// It was turned down.
    Refuse,
    /// The applicant took it back.
    Withdraw,
    /// It may not take new orders for now.
    Suspend,
    /// It may again.
    Reinstate,
    /// The approval ran out.
    Expire,
    /// The approval was taken back.
    Revoke,
    /// A later approval took its place.
    Renew,
}

/// One row of `verification_step`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verification_step")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub verification_id: VerificationId,
    /// Place in the history.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// What was done.
    pub step: VerificationStepKind,
    /// Who; none for a list that came in and for the clock.
    pub account_id: Option<AccountId>,
    /// On which an agent acted (H5).
    pub consent_id: Option<ConsentId>,
    /// When.
    pub at: Timestamp,
    /// First day of the notice, or of the revocation's effect.
    pub from_on: Option<Date>,
    /// Last day of the notice or of the approval.
    pub until_on: Option<Date>,
    /// Why, or a remark.
    pub reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
