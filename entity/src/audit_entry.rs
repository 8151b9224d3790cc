use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, AuditEntryId},
    time::Timestamp,
};

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
}

impl ActiveModelBehavior for ActiveModel {}
