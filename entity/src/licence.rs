use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, LicenceId, SupplierId},
    time::Timestamp,
};

/// Kind of licence (F4).
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
pub enum LicenceKind {
    /// 营业执照.
    Business,
    /// 食品经营许可证.
    FoodBusiness,
    /// 食品生产许可证.
    FoodProduction,
    /// 小作坊登记证.
    SmallWorkshop,
    /// 动物防疫条件合格证.
    AnimalEpidemicPrevention,
    /// 屠宰许可证.
    Slaughter,
    /// 种畜禽生产经营许可证.
    Breeding,
    /// 其他.
    Other,
}

/// One row of `licence`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "licence")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LicenceId,
    /// Whose.
    pub supplier_id: SupplierId,
    /// Kind of licence (F4).
    pub kind: LicenceKind,
    /// Its number.
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// What it allows, in its own words.
    pub scope: String,
    /// Categories it covers, joined by |; empty = all.
    pub categories: String,
    /// First day.
    pub valid_from: Date,
    /// Last day; none = without end.
    pub valid_to: Option<Date>,
    /// When it was entered.
    pub recorded_at: Timestamp,
    /// Who entered it.
    pub recorded_by: Option<AccountId>,
    /// Day its end was spoken of.
    pub reminded_on: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
