use sea_orm::entity::prelude::*;

use crate::id::SupplierId;

/// One row of `supplier_contact`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supplier_contact")]
pub struct Model {
    /// The supplier; of a household that sells, the household has the numbers.
    #[sea_orm(primary_key, auto_increment = false)]
    pub supplier_id: SupplierId,
    /// Resident identity number of whoever runs a family farm, sealed.
    pub id_number_sealed: Option<String>,
    /// Its keyed hash.
    pub id_number_hash: Option<String>,
    /// Phone number, sealed.
    pub phone_sealed: Option<String>,
    /// Bank account or card, sealed.
    pub bank_account_sealed: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
