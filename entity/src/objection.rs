use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, ObjectionId, VerificationId},
    time::Timestamp,
};

/// Stands in place of a contact that was cleared.
pub const FORGOTTEN: &str = "";

/// What an authority found of an objection.
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
pub enum ObjectionOutcome {
    /// It was right: the supplier cannot be approved on this application.
    Upheld,
    /// It was not, or did not matter.
    Dismissed,
}

/// One row of `objection`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "objection")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ObjectionId,
    /// Against whom.
    pub verification_id: VerificationId,
    /// Who, where logged in.
    pub account_id: Option<AccountId>,
    /// Name and phone of who is not, sealed; [`FORGOTTEN`] when they have served their purpose.
    pub contact_sealed: Option<String>,
    /// What is said against it.
    pub statement: String,
    /// When.
    pub raised_at: Timestamp,
    /// What the authority found.
    pub answer: Option<String>,
    /// Who answered.
    pub answered_by: Option<AccountId>,
    /// When.
    pub answered_at: Option<Timestamp>,
    /// Whether it was right.
    pub outcome: Option<ObjectionOutcome>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
