//! A household as its authorities see it: every number and the name masked (P2).

use super::{personal::Sealed, store};
use crate::{
    context::Ctx,
    http::ApiError,
    vault::{BankAccount, IdNumber, Keyring, PhoneNumber, mask_name},
};
use entity::{household, household_status::HouseholdStatusKind, id::HouseholdId};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;

/// A household with its personal data masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdView {
    /// Its id.
    pub id: HouseholdId,
    /// Number of the poverty-relief handbook or of the county certificate (H2).
    #[schema(example = "h-910526-01")]
    pub code: String,
    /// Name of the head of the household, masked.
    #[schema(example = "王*")]
    pub name: String,
    /// Township it lives in.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// County it lives in.
    #[schema(example = "910526")]
    pub county_code: String,
    /// Resident identity number without the day of birth; null where it is not known.
    #[schema(example = "910000********0019")]
    pub id_number: Option<String>,
    /// Phone number, first three and last four digits.
    #[schema(example = "199****0001")]
    pub phone: Option<String>,
    /// Bank account, last four digits.
    #[schema(example = "****0010")]
    pub bank_account: Option<String>,
    /// What both of its histories say today (H1).
    pub statuses: Vec<HouseholdStatusKind>,
    /// Version of the household's data.
    #[schema(example = 1)]
    pub version: i64,
}

/// Shows rows as of today: one statement for the keys, one for the statuses of all.
///
/// # Errors
/// When the database does not answer, or a number cannot be opened.
pub async fn show(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    rows: Vec<household::Model>,
) -> Result<Vec<HouseholdView>, ApiError> {
    let keys = ctx.vault.open(db).await?;
    let ids: Vec<HouseholdId> = rows.iter().map(|row| row.id).collect();
    let mut statuses = store::statuses_on(db, &ids, ctx.clock.now().business_day()).await?;
    rows.into_iter().map(|row| view(&keys, statuses.remove(&row.id).unwrap_or_default(), row)).collect()
}

fn view(keys: &Keyring, statuses: Vec<HouseholdStatusKind>, row: household::Model) -> Result<HouseholdView, ApiError> {
    let masked = |field: Sealed, mask: fn(&str) -> String| {
        field.open(keys, &row).map(|number| number.map(|number| mask(&number)))
    };
    Ok(HouseholdView {
        id_number: masked(Sealed::IdNumber, IdNumber::mask)?,
        phone: masked(Sealed::Phone, PhoneNumber::mask)?,
        bank_account: masked(Sealed::BankAccount, BankAccount::mask)?,
        id: row.id,
        name: mask_name(&row.name),
        code: row.code,
        division_code: row.division_code,
        county_code: row.county_code,
        statuses,
        version: row.version,
    })
}
