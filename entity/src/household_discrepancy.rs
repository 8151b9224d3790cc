use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    household_list_row::ListReason,
    id::{AccountId, DiscrepancyId, HouseholdId, HouseholdListId},
    time::Timestamp,
};

/// What is to be looked into (H2).
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
pub enum DiscrepancyKind {
    /// 有证无人: a certificate whose person is not known.
    CertificateWithoutPerson,
    /// 有人无证: a person without handbook or certificate.
    PersonWithoutCertificate,
    /// A person who is there twice.
    DuplicatePerson,
    /// An ID number that cannot be one, or is a child's.
    InvalidId,
}

/// One row of `household_discrepancy`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household_discrepancy")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DiscrepancyId,
    /// What is to be looked into (H2).
    pub kind: DiscrepancyKind,
    /// County whose list it stood in.
    pub county_code: String,
    /// The list.
    pub list_id: HouseholdListId,
    /// Line of the file.
    pub line: i64,
    /// Why the row was not taken.
    pub reason: ListReason,
    /// Household of the county it may concern.
    pub household_id: Option<HouseholdId>,
    /// Number of the handbook or certificate, as listed.
    pub code: String,
    /// Name, as listed.
    pub name: String,
    /// ID number without the day of birth.
    pub id_number_masked: Option<String>,
    /// Keyed hash: the same fault of the same row is listed once.
    pub fingerprint: String,
    /// When the list was applied.
    pub found_at: Timestamp,
    /// When it was settled; none while it waits.
    pub resolved_at: Option<Timestamp>,
    /// Account that settled it.
    pub resolved_by: Option<AccountId>,
    /// How it was settled.
    pub note: Option<String>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
