use sea_orm::entity::prelude::*;

/// One row of `county_list_member`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "county_list_member")]
pub struct Model {
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list_code: String,
    /// The county or township on it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub division_code: String,
    /// First day on the list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub valid_from: Date,
    /// Last day on the list; none while it stands (S11).
    pub valid_to: Option<Date>,
    /// Where this membership comes from.
    pub source: String,
}

impl ActiveModelBehavior for ActiveModel {}
