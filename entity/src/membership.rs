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
    /// 系统管理员: of the whole service.
    Administrator,
    /// 教育主管部门管理员: reads the subtree and manages the accounts below.
    AuthorityManager,
    /// 教育主管部门工作人员: reads the subtree.
    AuthorityOfficer,
    /// 审计人员: reads the subtree, its accounts included.
    Auditor,
    /// 校长: oversees one school.
    SchoolPrincipal,
    /// 食堂管理员: buys for one school.
    CanteenManager,
    /// 验收员: inspects what arrives at one school.
    Inspector,
    /// 供货主体负责人: owner of one supplier.
    Supplier,
    /// 供货主体经办人: works for one supplier.
    SupplierClerk,
    /// 代办人: acts for households on their recorded consent (H5).
    Agent,
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
    /// Where a principal, canteen manager or inspector acts.
    pub school_id: Option<SchoolId>,
    /// For whom a supplier's owner or clerk acts.
    pub supplier_id: Option<SupplierId>,
    /// Top of an officer's subtree; the unit that an agent is registered with.
    pub reporting_unit_code: Option<String>,
    /// First day it holds.
    pub from_on: Date,
    /// Last day; none while it holds.
    pub to_on: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
