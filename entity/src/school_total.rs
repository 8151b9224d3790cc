use sea_orm::entity::prelude::*;

use crate::{id::SchoolId, money::Fen, weight::Gram};

/// One row of `school_total`: a school's month over all categories.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school_total")]
pub struct Model {
    /// County the schools lay in that day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub county_code: String,
    /// Year * 100 + month.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: i32,
    /// The school.
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: SchoolId,
    /// Unit the schools reported to that day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reporting_unit_code: String,
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
