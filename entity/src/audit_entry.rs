use sea_orm::entity::prelude::*;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, AuditEntryId, SchoolId, SupplierId},
    time::Timestamp,
};

/// Whether what was asked for was done.
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
pub enum Outcome {
    Done,
    Refused,
}

/// One row of `audit_entry`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// When.
    pub at: Timestamp,
    /// Who; none for the system itself.
    pub account_id: Option<AccountId>,
    /// What was done, e.g. order.place.
    pub action: String,
    /// Kind of thing it was done to.
    pub resource: String,
    /// Which one.
    pub resource_id: String,
    /// The request it came in.
    pub request_id: String,
    /// Changed facts as JSON, no personal data.
    pub detail: String,
    /// Whether it was done or refused.
    pub outcome: Outcome,
    /// For whom, where somebody acts for another: supplier:<id>.
    pub on_behalf_of: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
    /// The school it concerns.
    pub school_id: Option<SchoolId>,
    /// The supplier it concerns.
    pub supplier_id: Option<SupplierId>,
    /// The unit it concerns, where it is no school's.
    pub reporting_unit_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
