use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::SupplyBaseId;

/// Who takes part in a supply base.
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
pub enum BasePartyKind {
    /// 学校.
    School,
    /// 农户.
    Household,
}

/// One row of `supply_base_party`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supply_base_party")]
pub struct Model {
    /// The base.
    #[sea_orm(primary_key, auto_increment = false)]
    pub base_id: SupplyBaseId,
    /// A school or a household.
    #[sea_orm(primary_key, auto_increment = false)]
    pub party: BasePartyKind,
    /// Which one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub party_id: Uuid,
    /// First day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_on: Date,
    /// Last day; none while it takes part.
    pub to_on: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
