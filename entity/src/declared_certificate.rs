use crate::{
    certificate::CertificateKind,
    id::{CertificateId, PurchaseLineId},
};
use sea_orm::entity::prelude::*;

/// One row of `declared_certificate`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "declared_certificate")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CertificateId,
    /// Declared line it covers.
    pub purchase_line_id: PurchaseLineId,
    /// Kind of document that travels with a batch (F4).
    pub kind: CertificateKind,
    /// Its number.
    pub number: String,
    /// Its date.
    pub issued_on: Date,
    /// Committing or certifying party.
    pub issuer: String,
    /// Origin it states; none when it states none.
    pub origin_division_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
