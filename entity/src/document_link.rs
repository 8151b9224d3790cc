use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, DocumentId, SchoolId, SupplierId},
    time::Timestamp,
};

/// What a document can prove.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DocumentSubject {
    /// A supplier's own facts.
    Supplier,
    /// A supplier's licence.
    Licence,
    /// A link from a supplier to a household behind it (H3).
    BeneficiaryLink,
    /// A household's consent to an agent (H5).
    Consent,
    /// A step of a supplier's verification (H4).
    Verification,
    /// A household's own facts (H2).
    Household,
    /// A period of a household's status (H1).
    HouseholdStatus,
    /// A school's own facts.
    School,
    /// A document that travels with a batch (F4).
    Certificate,
    /// An inspected receipt.
    Receipt,
    /// A purchase made outside.
    DeclaredPurchase,
    /// A document that proves the origin of a purchase made outside.
    DeclaredCertificate,
}

/// One row of `document_link`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_link")]
pub struct Model {
    /// The document.
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: DocumentId,
    /// What a document can prove.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: DocumentSubject,
    /// What it proves.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: Uuid,
    /// Whose it is: this school's,
    pub school_id: Option<SchoolId>,
    /// this supplier's,
    pub supplier_id: Option<SupplierId>,
    /// or this county's.
    pub county_code: Option<String>,
    /// Whether every school may see it, as with a supplier's licence.
    pub open_to_buyers: bool,
    /// Last day it must be kept (F2); none while what it proves has no end.
    pub keep_until: Option<Date>,
    /// Who said so.
    pub linked_by: AccountId,
    /// When.
    pub linked_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
