use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, SupplierId},
    time::Timestamp,
};

/// One row of `supplier_entry`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supplier_entry")]
pub struct Model {
    /// Who came in.
    #[sea_orm(primary_key, auto_increment = false)]
    pub supplier_id: SupplierId,
    /// Who entered it, and therefore lets it in nowhere (H4).
    pub account_id: AccountId,
    /// When.
    pub entered_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
