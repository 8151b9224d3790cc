//! A list as its county's authorities see it.

use super::apply::shrinks;
use crate::context::Ctx;
use chrono::NaiveDate;
use entity::{
    household_list::{self, HouseholdListState},
    household_status::StatusHistory,
    id::HouseholdListId,
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A list and what it comes down to.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdListView {
    /// Its id.
    pub id: HouseholdListId,
    /// Which of the two histories it speaks of (H1).
    pub kind: StatusHistory,
    /// County the list is of.
    #[schema(example = "910526")]
    pub county_code: String,
    /// Day the office drew it up for.
    #[schema(example = "2026-03-01")]
    pub listed_on: NaiveDate,
    /// How far it has come.
    pub state: HouseholdListState,
    /// Data rows in the file.
    #[schema(example = 1200)]
    pub rows: i64,
    /// What they come down to.
    pub difference: ListDifferenceView,
    /// Households of the register whose status of this kind held that day, those whose risk was cleared aside.
    #[schema(example = 1190)]
    pub holders: i64,
    /// Whether it would end more of them than is usual: then a manager must allow it.
    #[schema(example = false)]
    pub shrinks: bool,
    /// SHA-256 over the county's register it was compared with, in hex; it is applied to that one only.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub digest: String,
    /// When it was compared.
    pub created_at: Timestamp,
    /// When it was applied; null before.
    pub applied_at: Option<Timestamp>,
    /// Why so many ended; null where it was as usual.
    #[schema(example = json!(null))]
    pub shrink_reason: Option<String>,
}

/// Rows by what they come down to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListDifferenceView {
    /// Households the register does not have.
    #[schema(example = 12)]
    pub new: i64,
    /// Households of which name, place, number or status differs.
    #[schema(example = 5)]
    pub changed: i64,
    /// Households of the register that are not in the list; not rows of the file.
    #[schema(example = 3)]
    pub ended: i64,
    /// Rows that name nobody who can be told, or with a cell that cannot be taken.
    #[schema(example = 2)]
    pub unknown: i64,
    /// Rows of a person or certificate that is there already.
    #[schema(example = 1)]
    pub duplicate: i64,
    /// Rows the register says the same of.
    #[schema(example = 1180)]
    pub same: i64,
}

pub(super) fn view(ctx: &Ctx, list: household_list::Model) -> HouseholdListView {
    HouseholdListView {
        shrinks: shrinks(ctx, &list),
        id: list.id,
        kind: list.kind,
        county_code: list.county_code,
        listed_on: list.listed_on,
        state: list.state,
        rows: list.rows,
        difference: ListDifferenceView {
            new: list.new_rows,
            changed: list.changed_rows,
            ended: list.ended_rows,
            unknown: list.unknown_rows,
            duplicate: list.duplicate_rows,
            same: list.same_rows,
        },
        holders: list.holders,
        digest: list.digest,
        created_at: list.created_at,
        applied_at: list.applied_at,
        shrink_reason: list.shrink_reason,
    }
}
