use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    household_status::StatusHistory,
    id::{AccountId, HouseholdListId},
    time::Timestamp,
};

/// How far a list has come.
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
pub enum HouseholdListState {
    /// Its rows are still being compared.
    Reading,
    /// Compared, and waiting to be applied.
    Ready,
    /// In the register.
    Applied,
}

/// One row of `household_list`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "household_list")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HouseholdListId,
    /// Which of the two histories it speaks of (H1).
    pub kind: StatusHistory,
    /// County the list is of.
    pub county_code: String,
    /// Day the office drew it up for.
    pub listed_on: Date,
    /// Keyed hash of the file.
    pub file_hash: String,
    /// SHA-256 over the register of the county it was compared with; empty while it is read.
    pub digest: String,
    /// How far it has come.
    pub state: HouseholdListState,
    /// Data rows in the file.
    pub rows: i64,
    /// Households the register does not have.
    pub new_rows: i64,
    /// Households whose name, place, number or status differs.
    pub changed_rows: i64,
    /// Households whose status held that day and that are not in the list.
    pub ended_rows: i64,
    /// Rows that name nobody who can be told.
    pub unknown_rows: i64,
    /// Rows of a person who is there already.
    pub duplicate_rows: i64,
    /// Rows the register says the same of.
    pub same_rows: i64,
    /// Households whose status of this kind held that day.
    pub holders: i64,
    /// Account that sent it; none at the machine itself.
    pub created_by: Option<AccountId>,
    /// When it was compared.
    pub created_at: Timestamp,
    /// Account that applied it.
    pub applied_by: Option<AccountId>,
    /// When it was applied; none before.
    pub applied_at: Option<Timestamp>,
    /// Why so many may end.
    pub shrink_reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
