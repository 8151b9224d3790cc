use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a list of counties or townships stands for (S11).
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
pub enum CountyListKind {
    /// 贫困县.
    PovertyCounty,
    /// 深度贫困县.
    DeepPovertyCounty,
    /// 国家乡村振兴重点帮扶县.
    KeyCounty,
    /// 极贫乡镇.
    ExtremePovertyTownship,
    /// 外省贫困县.
    OtherProvinceListed,
}

/// One row of `county_list`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "county_list")]
pub struct Model {
    /// Stable name of the list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// What a list of counties or townships stands for (S11).
    pub kind: CountyListKind,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Where the list was published.
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
