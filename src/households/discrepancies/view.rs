//! Something to be looked into, masked.

use crate::vault::mask_name;
use entity::{
    household_discrepancy::{self, DiscrepancyKind},
    household_list_row::ListReason,
    id::{DiscrepancyId, HouseholdId, HouseholdListId},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A row of a list that could not be taken into the register.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiscrepancyView {
    /// Its id.
    pub id: DiscrepancyId,
    /// What is to be looked into.
    pub kind: DiscrepancyKind,
    /// Why the row was not taken.
    pub reason: ListReason,
    /// County whose list it stood in.
    #[schema(example = "910526")]
    pub county_code: String,
    /// The list.
    pub list_id: HouseholdListId,
    /// Line of the file.
    #[schema(example = 17)]
    pub line: i64,
    /// Household of the county it may concern; null where none is named.
    pub household_id: Option<HouseholdId>,
    /// Number of the handbook or certificate, as listed; empty where there was none.
    #[schema(example = "h-910526-77")]
    pub code: String,
    /// Name, masked.
    #[schema(example = "王*")]
    pub name: String,
    /// ID number without the day of birth; null where there was none.
    #[schema(example = "910000********0019")]
    pub id_number: Option<String>,
    /// When it was found.
    pub found_at: Timestamp,
    /// When it was settled; null while it waits.
    pub resolved_at: Option<Timestamp>,
    /// How it was settled.
    #[schema(example = "已核对户口本，编号录错")]
    pub note: Option<String>,
    /// Its version.
    #[schema(example = 1)]
    pub version: i64,
}

pub(super) fn view(row: household_discrepancy::Model) -> DiscrepancyView {
    DiscrepancyView {
        id: row.id,
        kind: row.kind,
        reason: row.reason,
        county_code: row.county_code,
        list_id: row.list_id,
        line: row.line,
        household_id: row.household_id,
        code: row.code,
        name: mask_name(&row.name),
        id_number: row.id_number_masked,
        found_at: row.found_at,
        resolved_at: row.resolved_at,
        note: row.note,
        version: row.version,
    }
}
