//! A supplier's numbers in clear: for a reason, to the manager of its authority, with a line in the audit trail (P1).

use super::view::open_numbers;
use crate::{
    access::{Action, Caller, Resource, count_reveal},
    context::Ctx,
    http::{ApiError, Command, Path},
    store::Begun,
    suppliers::{
        personal::PersonalField,
        reveal_household::{RevealHouseholdRequest, Shown},
    },
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use entity::id::SupplierId;
use serde::Serialize;
use utoipa::ToSchema;

/// The fields asked for, in clear; the others are absent. Not `Debug`: this must not be printed.
#[derive(Serialize, ToSchema)]
pub struct RevealedSupplier {
    /// The supplier.
    pub id: SupplierId,
    /// Registered name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "草海家庭农场")]
    pub name: Option<String>,
    /// Resident identity number of the farmer or of the household's head; null where there is none.
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

/// Reveal the numbers of a supplier
///
/// For managers of its authority. Every call leaves a line in the audit trail with the fields and the reason; calls are
/// limited by account and day. The answer is stored nowhere, so there is nothing to repeat under a key.
#[utoipa::path(
    post, path = "/suppliers/{id}/reveal", operation_id = "reveal_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = RevealHouseholdRequest,
    responses((status = 200, body = RevealedSupplier, description = "The fields in clear, not to be stored"))
)]
pub async fn reveal_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    command: Command<RevealHouseholdRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let scope = caller.actor.may(Action::Reveal, Resource::Supplier)?;
    // No key: its row would keep the answer.
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Err(ApiError::Unavailable) };
    let (row, _) = super::in_reach(work.txn(), &scope, id).await?;
    let (fields, reason) = command.body.rule()?;
    count_reveal(&ctx, &caller, work.at).await?;
    let [id_number, phone, bank_account] = open_numbers(&ctx, work.txn(), &row).await?;
    let wanted = |field| fields.contains(&field);
    let shown = |field, number: Option<zeroize::Zeroizing<String>>| match number {
        _ if !wanted(field) => Shown::Hidden,
        None => Shown::Unknown,
        Some(number) => Shown::Number(number.to_string()),
    };
    let answer = RevealedSupplier {
        id,
        name: wanted(PersonalField::Name).then(|| row.name.clone()),
        id_number: shown(PersonalField::IdNumber, id_number),
        phone: shown(PersonalField::Phone, phone),
        bank_account: shown(PersonalField::BankAccount, bank_account),
    };
    let told = serde_json::json!({"supplier_id": id, "fields": fields, "reason": reason});
    work.audit("supplier.reveal", "supplier", &id, &told);
    work.commit(StatusCode::OK, &()).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)))
}
