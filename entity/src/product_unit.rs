use sea_orm::entity::prelude::*;

use crate::weight::BaseQuantity;

/// One row of `product_unit`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product_unit")]
pub struct Model {
    /// The product.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_code: String,
    /// A unit this product is sold in besides the mass units.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_code: String,
    /// Grams or pieces in one such unit.
    pub base_quantity: BaseQuantity,
}

impl ActiveModelBehavior for ActiveModel {}
