use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{AccountId, MembershipId, SchoolId, SupplierId};

/// Role an account holds in a membership.
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
pub enum Role {
    Administrator,
    AuthorityOfficer,
    CanteenManager,
    Inspector,
    Supplier,
}

/// One row of `membership`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MembershipId,
    /// Whose.
    pub account_id: AccountId,
    /// Role an account holds in a membership.
    pub role: Role,
    /// Where a canteen manager or inspector acts.
    pub school_id: Option<SchoolId>,
    /// For whom a supplier's account acts.
    pub supplier_id: Option<SupplierId>,
    /// Top of an officer's subtree.
    pub reporting_unit_code: Option<String>,
    /// First day it holds.
    pub from_on: Date,
    /// Last day; none while it holds.
    pub to_on: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
