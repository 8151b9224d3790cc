//! An objection as the authority and whoever raised it see it.

use super::{Contact, place};
use crate::{
    http::ApiError,
    vault::{Keyring, PhoneNumber, mask_name},
};
use entity::{
    id::{AccountId, ObjectionId, VerificationId},
    objection::{self, ObjectionOutcome},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Something said against a supplier in the public notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectionView {
    /// Its id.
    pub id: ObjectionId,
    /// The verification it is about.
    pub verification_id: VerificationId,
    /// What is said.
    #[schema(example = "该地块已流转他人，并非其种植")]
    pub statement: String,
    /// When.
    pub raised_at: Timestamp,
    /// Account that raised it; null for a member of the public, and for the supplier it is about.
    pub account_id: Option<AccountId>,
    /// Name of a member of the public, masked.
    #[schema(example = "张*")]
    pub contact_name: Option<String>,
    /// Phone of a member of the public, first three and last four digits.
    #[schema(example = "199****0001")]
    pub contact_phone: Option<String>,
    /// What the authority found; null before.
    #[schema(example = "经实地核查，地块为其承包")]
    pub answer: Option<String>,
    /// Whether it was right; null before.
    pub outcome: Option<ObjectionOutcome>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// Version of the objection.
    #[schema(example = 1)]
    pub version: i64,
}

/// Shows an objection; who raised it only `to_authority`.
///
/// # Errors
/// When the contact cannot be opened.
pub fn view(keys: &Keyring, row: objection::Model, to_authority: bool) -> Result<ObjectionView, ApiError> {
    let contact = if to_authority { open(keys, &row)? } else { None };
    Ok(ObjectionView {
        id: row.id,
        verification_id: row.verification_id,
        statement: row.statement,
        raised_at: row.raised_at,
        account_id: row.account_id.filter(|_| to_authority),
        contact_name: contact.as_ref().map(|contact| mask_name(&contact.name)),
        contact_phone: contact.as_ref().map(|contact| PhoneNumber::mask(&contact.phone)),
        answer: row.answer,
        outcome: row.outcome,
        answered_at: row.answered_at,
        version: row.version,
    })
}

/// Name and phone in clear; none once they are forgotten.
pub(super) fn open(keys: &Keyring, row: &objection::Model) -> Result<Option<Contact>, ApiError> {
    let Some(sealed) = row.contact_sealed.as_ref().filter(|sealed| *sealed != objection::FORGOTTEN) else {
        return Ok(None);
    };
    let plain = keys.open(place(row.id), sealed)?;
    serde_json::from_str(&plain).map(Some).map_err(|_| ApiError::internal("a contact that does not read"))
}
