use sea_orm::entity::prelude::*;

/// One row of `coverage_count`: how many schools of an area have a span, or a span and the same months.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coverage_count")]
pub struct Model {
    /// A year and the next; 0 for all spans, whoever bought.
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i32,
    /// County.
    #[sea_orm(primary_key, auto_increment = false)]
    pub county_code: String,
    /// Unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reporting_unit_code: String,
    /// They ran kitchens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub runs: bool,
    /// First day of the span.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_on: Date,
    /// Last day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub to_on: Date,
    /// They opened on the first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub opens: bool,
    /// They closed on the last.
    #[sea_orm(primary_key, auto_increment = false)]
    pub closes: bool,
    /// Months they bought in, as in `coverage_year`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub months: i32,
    /// How many they are.
    pub schools: i64,
}

impl ActiveModelBehavior for ActiveModel {}
