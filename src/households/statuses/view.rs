//! A period of a household's history as its authorities see it.

use chrono::NaiveDate;
use entity::{
    household_status::{self, HouseholdStatusKind, StatusHistory},
    id::{HouseholdId, HouseholdListId, HouseholdStatusId},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

/// One period.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdStatusView {
    /// Its id.
    pub id: HouseholdStatusId,
    /// The household.
    pub household_id: HouseholdId,
    /// Which of the two histories it belongs to.
    pub history: StatusHistory,
    /// The status.
    pub status: HouseholdStatusKind,
    /// First day.
    #[schema(example = "2021-01-01")]
    pub from_on: NaiveDate,
    /// Last day; null while it holds.
    #[schema(example = "2026-12-31")]
    pub to_on: Option<NaiveDate>,
    /// Number of the document that proves it (H2).
    #[schema(example = "FPSC-910526-1007")]
    pub proof_number: String,
    /// When it was entered; null before this was kept.
    pub recorded_at: Option<Timestamp>,
    /// List it came with; null where it was entered one by one.
    pub list_id: Option<HouseholdListId>,
    /// When it was annulled; null while it stands.
    pub annulled_at: Option<Timestamp>,
    /// Why it was annulled.
    #[schema(example = "错录为另一农户")]
    pub annul_reason: Option<String>,
}

pub(super) fn view(row: household_status::Model) -> HouseholdStatusView {
    HouseholdStatusView {
        id: row.id,
        household_id: row.household_id,
        history: row.history,
        status: row.status,
        from_on: row.from_on,
        to_on: row.to_on,
        proof_number: row.proof_number,
        recorded_at: row.recorded_at,
        list_id: row.list_id,
        annulled_at: row.annulled_at,
        annul_reason: row.annul_reason,
    }
}
