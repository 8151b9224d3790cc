//! Enter a household into the register.

use super::identity::{LONGEST, place_in_reach};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Reply, Text},
    store::{Begun, bulk, id_taken, is_duplicate},
    suppliers::{HouseholdView, Misses, SEALED, keyed, normal, show_households},
    vault::Secret,
};
use axum::{extract::State, http::StatusCode};
use entity::{household, id::HouseholdId};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// A household as its county enters it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateHouseholdRequest {
    /// Id chosen by the client (UUIDv7), for what is entered offline.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// Number of the poverty-relief handbook or of the county certificate (H2), up to 100 characters.
    #[schema(example = "h-910425-99")]
    pub code: String,
    /// Name of the head of the household, up to 100 characters.
    #[schema(example = "张某")]
    pub name: String,
    /// Township it lives in, or its county.
    #[schema(example = "910425")]
    pub division_code: String,
    /// Resident identity number of the head, who is at least 16 (GB 11643).
    #[schema(value_type = Option<String>, example = "330000190001019990")]
    pub id_number: Option<Secret>,
    /// Mobile number, or a landline with its area code.
    #[schema(value_type = Option<String>, example = "19900000099")]
    pub phone: Option<Secret>,
    /// Bank account or card number.
    #[schema(value_type = Option<String>, example = json!(null))]
    pub bank_account: Option<Secret>,
}

/// Enter a household
///
/// By officers of its county. Its statuses are entered one by one (H1). A handbook or certificate, and an ID number,
/// belong to one household only; the answer to a second one does not say whose they are, and an
/// account is given it a few times a day only.
#[utoipa::path(
    post, path = "/households", operation_id = "create_household", tag = "suppliers", security(("bearer" = [])),
    request_body = CreateHouseholdRequest,
    responses((status = 201, body = HouseholdView, description = "The household, masked"))
)]
pub async fn create_household(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<CreateHouseholdRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Household)?;
    let key = keyed(&ctx, command.key).await?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let body = command.body;
    let mut check = Check::default();
    let id: Option<HouseholdId> = check.client_id("/id", body.id);
    let code = check.paper_number("/code", &body.code, LONGEST);
    let name = check.text("/name", &body.name, LONGEST);
    let place = place_in_reach(work.txn(), &scope, &mut check, &body.division_code).await?;
    let today = work.at.business_day();
    let given = SEALED.into_iter().zip([body.id_number, body.phone, body.bank_account]);
    let numbers: Vec<_> =
        given.filter_map(|(field, number)| Some((field, normal(&mut check, field, &number?, today)?))).collect();
    check.finish()?;
    let (division_code, county_code) = place.ok_or(ApiError::NotFound)?;
    let mut row = household::Model {
        id: id.unwrap_or_else(|| ctx.ids.next()),
        code,
        name,
        division_code,
        county_code,
        id_number_sealed: None,
        id_number_hash: None,
        phone_sealed: None,
        phone_hash: None,
        bank_account_sealed: None,
        bank_account_hash: None,
        version: 1,
    };
    if !numbers.is_empty() {
        let keys = ctx.vault.open_to_seal(work.txn(), &ctx.ids, work.at).await?;
        for (field, number) in &numbers {
            field.put(&keys, &ctx.ids, &mut row, Some(number.expose()))?;
        }
    }
    // The answer looks past the county's border.
    let misses = Misses::admit(&ctx, &caller, &work, true).await?;
    if let Some(code) = taken_by_another(work.txn(), &row).await? {
        let problem = misses.count().await;
        return Err(if code == "id_number_taken" { problem } else { taken(code) });
    }
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await.map_err(|error| {
        // Another request was faster.
        if is_duplicate(&error) && body.id.is_none() { taken("household_taken") } else { id_taken(error) }
    })?;
    let fields: Vec<_> = numbers.iter().map(|(field, _)| field.column()).collect();
    work.audit(
        "household.create",
        "household",
        &row.id,
        &json!({"code": row.code, "division_code": row.division_code, "fields": fields}),
    );
    let view = show_households(&ctx, work.txn(), vec![row]).await?.pop().ok_or(ApiError::NotFound)?;
    work.commit(StatusCode::CREATED, &view).await
}

/// Two households never share a certificate or an ID number.
async fn taken_by_another(db: &impl ConnectionTrait, row: &household::Model) -> Result<Option<&'static str>, ApiError> {
    let columns = household::COLUMN;
    if household::Entity::find().filter(columns.code.eq(row.code.as_str())).one(db).await?.is_some() {
        return Ok(Some("household_code_taken"));
    }
    if let Some(hash) = &row.id_number_hash
        && household::Entity::find().filter(columns.id_number_hash.eq(hash.as_str())).one(db).await?.is_some()
    {
        return Ok(Some("id_number_taken"));
    }
    Ok(None)
}

fn taken(code: &'static str) -> ApiError {
    let detail = match code {
        "household_code_taken" => Text::new(
            "该手册或证明编号已登记在另一农户名下。",
            "Another household is entered under this handbook or certificate.",
        ),
        _ => Text::new(
            "同一手册、证明或身份证号码的农户刚刚登记。",
            "A household of the same certificate or ID number was entered just now.",
        ),
    };
    ApiError::conflict(code, detail)
}
