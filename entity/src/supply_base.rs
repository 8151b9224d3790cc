use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, SupplierId, SupplyBaseId},
    time::Timestamp,
};

/// Kind of supply base.
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
pub enum SupplyBaseKind {
    /// 自有地块.
    Plots,
    /// 县供应基地.
    CountyBase,
    /// 高校供应基地.
    UniversityBase,
    /// 学校＋基地＋农户.
    SchoolBaseHousehold,
}

/// One row of `supply_base`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supply_base")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SupplyBaseId,
    /// Who farms it.
    pub supplier_id: SupplierId,
    /// Kind of supply base.
    pub kind: SupplyBaseKind,
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub division_code: String,
    /// Land, in square metres.
    pub area_sqm: Option<i64>,
    /// Codes of what grows there, joined by |.
    pub products: String,
    /// First day.
    pub from_on: Date,
    /// Last day; none while it is farmed.
    pub to_on: Option<Date>,
    /// Number of the contract or decision.
    pub proof_number: String,
    /// When it was entered.
    pub recorded_at: Timestamp,
    /// Who entered it.
    pub recorded_by: Option<AccountId>,
}

impl ActiveModelBehavior for ActiveModel {}
