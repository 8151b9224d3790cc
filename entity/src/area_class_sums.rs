use sea_orm::entity::prelude::*;

/// One row of `area_class_sums`: a county's span over all schools and categories.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "area_class_sums")]
pub struct Model {
    /// Year * 100 + a month, 20 + a quarter or 30 + a half-year.
    #[sea_orm(primary_key, auto_increment = false)]
    pub span: i32,
    /// County the schools lay in that day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub county_code: String,
    /// Unit the schools reported to that day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reporting_unit_code: String,
    /// Sums of each purchase class, forty-four bytes each: its code in four, then amount, known weight, amount and number of
    /// the lines of unknown weight, and lines in eight, the highest byte first.
    #[sea_orm(column_type = "Blob")]
    pub sums: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
