use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    household_status::HouseholdStatusKind,
    id::{HouseholdId, HouseholdListId, HouseholdStatusId},
};

/// What a row of a list comes down to.
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
pub enum ListOutcome {
    /// A household the register does not have.
    New,
    /// A household of which something differs.
    Changed,
    /// A household of the register that is not in the list: its status ends the day before.
    Ended,
    /// Nobody who can be told, or a cell that cannot be taken.
    Unknown,
    /// A person who is there already: twice in the list, or under another number or county.
    Duplicate,
}

/// Why a row is not taken.
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
pub enum ListReason {
    /// No ID number, and no household of this number and name.
    IdMissing,
    /// A person without handbook or certificate (H2).
    CertificateMissing,
    /// An ID number that is none.
    IdMalformed,
    /// Its day of birth is none, or lies ahead.
    IdDate,
    /// Its check digit is another.
    IdChecksum,
    /// It is a child's.
    IdChild,
    /// The person stands above in the list.
    TwiceInList,
    /// The handbook or certificate stands above in the list.
    CodeTwice,
    /// The person is in the register under another handbook or certificate.
    OtherCode,
    /// The person is in the register of another county.
    OtherCounty,
    /// The handbook or certificate is another person's.
    CodeOfAnother,
    /// A text that is too long, or holds what does not show.
    TextMalformed,
    /// The place is none of this county.
    PlaceElsewhere,
    /// No status of this kind of list.
    StatusMalformed,
    /// A date that is none.
    DateMalformed,
    /// The status did not exist at that time, or not on the list's day (H1).
    StatusPeriod,
    /// It overlaps what the history says already.
    PeriodOverlaps,
}

/// One row of `household_list_row`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household_list_row")]
pub struct Model {
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list_id: HouseholdListId,
    /// Line of the file; households that end are counted on from its last.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// What it comes down to.
    pub outcome: ListOutcome,
    /// Why it is not taken.
    pub reason: Option<ListReason>,
    /// What differs: name, place, id_number, status, joined by |.
    pub changes: String,
    /// Household it is or becomes.
    pub household_id: Option<HouseholdId>,
    /// Version it was compared with; none for a new one.
    pub household_version: Option<i64>,
    /// Number of the handbook or certificate, as listed.
    pub code: String,
    /// Name, as listed.
    pub name: String,
    /// Place, as listed.
    pub division_code: String,
    /// Status, as listed; of a household that ends, the one that ends.
    pub status: Option<HouseholdStatusKind>,
    /// First day of the status that begins.
    pub from_on: Option<Date>,
    /// Its last day, where it has one.
    pub to_on: Option<Date>,
    /// Document that proves it.
    pub proof_number: String,
    /// The status that begins.
    pub begins_status_id: Option<HouseholdStatusId>,
    /// The status that ends.
    pub ends_status_id: Option<HouseholdStatusId>,
    /// Its last day.
    pub ends_on: Option<Date>,
    /// ID number without the day of birth.
    pub id_number_masked: Option<String>,
    /// ID number, sealed for the household it is or becomes.
    pub id_number_sealed: Option<String>,
    /// Its keyed hash.
    pub id_number_hash: Option<String>,
    /// Keyed hash of what the work list remembers it by.
    pub fingerprint: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
