use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::weight::Gram;

/// What stock of a product is counted in: grams or pieces (O1).
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
pub enum Measure {
    /// grams.
    Mass,
    /// pieces.
    Count,
}

/// One row of `product`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// Product code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Its category.
    pub category_code: String,
    /// What stock of a product is counted in: grams or pieces (O1).
    pub measure: Measure,
    /// Unit people usually order in.
    pub default_unit: String,
    /// Average weight of a piece; none when unknown (S7).
    pub grams_per_piece: Option<Gram>,
}

impl ActiveModelBehavior for ActiveModel {}
