//! A household's numbers in clear: for a reason, to its county's officers, with a line in the audit trail (P1).

use super::{
    personal::{PersonalField, Sealed},
    store,
};
use crate::{
    access::{Action, Caller, Resource, count_reveal, reason_for},
    context::Ctx,
    http::{ApiError, Check, Command, Path, Text},
    store::Begun,
    vault::VaultError,
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use entity::id::HouseholdId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What is to be seen, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealHouseholdRequest {
    /// One to four fields.
    pub fields: Vec<PersonalField>,
    /// Why, 5 to 200 characters, without anybody's number: it is kept in the audit trail.
    #[schema(example = "核对一季度货款打款账户")]
    pub reason: String,
}

/// The fields asked for, in clear; the others are absent. Not `Debug`: this must not be printed.
#[derive(Serialize, ToSchema)]
pub struct RevealedHousehold {
    /// The household.
    pub id: HouseholdId,
    /// Name of the head of the household.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "王某")]
    pub name: Option<String>,
    /// Resident identity number; null where it is not known.
    #[serde(skip_serializing_if = "Shown::is_hidden")]
    #[schema(value_type = Option<String>, example = "910000190001010019")]
    pub id_number: Shown,
    /// Phone number; null where it is not known.
    #[serde(skip_serializing_if = "Shown::is_hidden")]
    #[schema(value_type = Option<String>, example = "19900000001")]
    pub phone: Shown,
    /// Bank account; null where it is not known.
    #[serde(skip_serializing_if = "Shown::is_hidden")]
    #[schema(value_type = Option<String>, example = "6219990000000000010")]
    pub bank_account: Shown,
}

/// A field of the answer.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown {
    /// Not asked for: absent.
    Hidden,
    /// Asked for and not known: null.
    Unknown,
    /// In clear.
    Number(String),
}

impl Shown {
    pub(super) fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden)
    }
}

/// Reveal personal data of a household
///
/// For officers of the household's county. Every call leaves a line in the audit trail with the fields and the reason;
/// calls are limited by account and day. The answer is stored nowhere, so there is nothing to repeat under a key.
#[utoipa::path(
    post, path = "/households/{id}/reveal", operation_id = "reveal_household", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdId, Path, description = "The household")),
    request_body = RevealHouseholdRequest,
    responses((status = 200, body = RevealedHousehold, description = "The fields in clear, not to be stored"))
)]
pub async fn reveal_household(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdId>,
    command: Command<RevealHouseholdRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let scope = caller.actor.may(Action::Reveal, Resource::Household)?;
    // No key: its row would keep the answer.
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Err(ApiError::Unavailable) };
    let row = store::find_household(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let (fields, reason) = command.body.rule()?;
    count_reveal(&ctx, &caller, work.at).await?;
    let keys = ctx.vault.open(work.txn()).await?;
    let wanted = |field| fields.contains(&field);
    let number = |field, sealed: Sealed| {
        if !wanted(field) {
            return Ok(Shown::Hidden);
        }
        let number = sealed.open(&keys, &row)?;
        Ok::<_, VaultError>(number.map_or(Shown::Unknown, |number| Shown::Number(number.to_string())))
    };
    let answer = RevealedHousehold {
        id,
        name: wanted(PersonalField::Name).then(|| row.name.clone()),
        id_number: number(PersonalField::IdNumber, Sealed::IdNumber)?,
        phone: number(PersonalField::Phone, Sealed::Phone)?,
        bank_account: number(PersonalField::BankAccount, Sealed::BankAccount)?,
    };
    work.audit("household.reveal", "household", &id, &serde_json::json!({"fields": fields, "reason": reason}));
    work.commit(StatusCode::OK, &()).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)))
}

impl RevealHouseholdRequest {
    pub(super) fn rule(self) -> Result<(BTreeSet<PersonalField>, String), ApiError> {
        let mut check = Check::default();
        let fields: BTreeSet<PersonalField> = self.fields.iter().copied().collect();
        check.that(
            !fields.is_empty() && fields.len() == self.fields.len(),
            "/fields",
            "field_count",
            Text::new("须列出一至四项，不得重复。", "One to four fields are needed, each once."),
        );
        let reason = reason_for(&mut check, "/reason", &self.reason);
        check.finish()?;
        Ok((fields, reason))
    }
}
