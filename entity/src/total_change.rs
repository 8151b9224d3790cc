use sea_orm::entity::prelude::*;

use crate::{
    id::{PurchaseLineId, SchoolId},
    money::Fen,
    purchase_line::Channel,
    weight::Gram,
};

/// One row of `total_change`: what some lines of a school add to its totals, until it is folded into the totals of areas.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "total_change")]
pub struct Model {
    /// The first ledger line of those that made the change.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PurchaseLineId,
    /// County the schools lay in that day.
    pub county_code: String,
    /// The school.
    pub school_id: SchoolId,
    /// Year * 100 + month.
    pub month: i32,
    /// Unit the schools reported to that day.
    pub reporting_unit_code: String,
    /// Product category.
    pub category_code: String,
    /// How the purchases came into the ledger (S1).
    pub channel: Channel,
    /// Purchase class code (see `share`).
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
