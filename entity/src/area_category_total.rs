use sea_orm::entity::prelude::*;

use crate::{money::Fen, weight::Gram};

/// One row of `area_category_total`: a county's month over all schools.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "area_category_total")]
pub struct Model {
    /// County the schools lay in that day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub county_code: String,
    /// Year * 100 + month.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: i32,
    /// Unit the schools reported to that day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reporting_unit_code: String,
    /// Product category.
    #[sea_orm(primary_key, auto_increment = false)]
    pub category_code: String,
    /// Purchase class code (see `share`).
    #[sea_orm(primary_key, auto_increment = false)]
    pub class: i32,
    /// Sum of amounts.
    pub amount_fen: Fen,
    /// Sum of known weights.
    pub weight_gram: Gram,
    /// Amount of the lines whose weight is unknown (S7).
    pub unknown_weight_fen: Fen,
    /// How many those are.
    pub unknown_weight_lines: i64,
    /// Lines behind the total.
    pub line_count: i64,
}

impl ActiveModelBehavior for ActiveModel {}
