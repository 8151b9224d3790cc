//! Enter a supplier: a household that sells, a cooperative, a processor, a family farm, a distributor.

use super::{
    change::{told, tracked},
    contact, identity,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    finding,
    http::{ApiError, Check, Command, Reply, Text, is_code},
    store::{Begun, bulk, is_duplicate},
    suppliers::{
        list::SupplierResponse,
        personal::Sealed,
        search_households::normal,
        update_personal_data::{Misses, keyed},
        verification::entered,
    },
    vault::Secret,
};
use axum::{extract::State, http::StatusCode};
use entity::{
    id::{HouseholdId, SupplierId},
    supplier::{self, SupplierKind, SupplierStatus},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A supplier as its county enters it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSupplierRequest {
    /// Id chosen by the client (UUIDv7), for what is entered offline.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// Supplier code used in imports and reports, unique.
    #[schema(example = "S-910526-099")]
    pub code: String,
    /// Registered name, up to 100 characters.
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub name: String,
    /// Its kind: it decides what else is needed.
    #[schema(example = "cooperative")]
    pub kind: SupplierKind,
    /// Registered township or county, within the caller's reach, or another province, by the province's authority; never
    /// decides the share (S4).
    #[schema(example = "910425")]
    pub division_code: String,
    /// Village and group, up to 60 characters.
    #[schema(example = "草海村一组")]
    pub village: Option<String>,
    /// Unified social credit code (GB 32100): of a cooperative it begins with 93 (H2), of a processor, distributor or
    /// registered family farm with 91 or 92; a household has none.
    #[schema(example = "93520526MA6WNNG01E")]
    pub social_credit_code: Option<String>,
    /// The household that sells, of the caller's counties and with its ID number entered; for kind `household` only.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub household_id: Option<HouseholdId>,
    /// Resident identity number of whoever runs a family farm (GB 11643); stored encrypted. For kind `family_farm` only.
    #[schema(value_type = Option<String>, example = json!(null))]
    pub id_number: Option<Secret>,
    /// Phone number of the contact; stored encrypted. A household's is entered with the household.
    #[schema(value_type = Option<String>, example = "19900000099")]
    pub phone: Option<Secret>,
}

/// Enter a supplier
///
/// By officers of its county, or of the province where it is of another province. It is `pending` until it is approved
/// (H4), by others than who entered it, and offers nothing before. One organisation, one household and one person are
/// entered once each; whose a taken ID number is is not told, and that it is taken a few times a day only.
#[utoipa::path(
    post, path = "/suppliers", operation_id = "create_supplier", tag = "suppliers", security(("bearer" = [])),
    request_body = CreateSupplierRequest,
    responses((status = 201, body = SupplierResponse, description = "Entered, waiting for approval"))
)]
pub async fn create_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<CreateSupplierRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Supplier)?;
    let households = caller.actor.may(Action::Read, Resource::Household)?;
    let key = keyed(&ctx, command.key).await?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let body = command.body;
    let today = work.at.business_day();
    let mut check = Check::default();
    let id: SupplierId = check.client_id("/id", body.id).unwrap_or_else(|| ctx.ids.next());
    let name = check.text("/name", &body.name, identity::LONGEST_NAME);
    check.that(
        is_code(&body.code),
        "/code",
        "code_malformed",
        Text::new("代码由字母、数字、- 和 _ 组成。", "A code has letters, digits, - and _ only."),
    );
    let village = body.village.as_deref().and_then(|text| identity::village(&mut check, text));
    let county = identity::county_in_reach(work.txn(), &scope, &mut check, &body.division_code).await?;
    let code = identity::credit_code(&mut check, body.kind, body.social_credit_code.as_deref());
    identity::person(&mut check, body.kind, body.id_number.is_some(), body.phone.is_some());
    let of = (body.kind, county.as_deref());
    let household = identity::household(work.txn(), &households, &mut check, of, body.household_id).await?;
    let given = [(Sealed::IdNumber, body.id_number), (Sealed::Phone, body.phone)];
    let numbers: Vec<_> = given
        .into_iter()
        .filter_map(|(field, number)| Some((field, normal(&mut check, field, &number?, today)?)))
        .collect();
    check.finish()?;
    let row = supplier::Model {
        id,
        code: body.code,
        name,
        kind: body.kind,
        division_code: body.division_code,
        household_id: household.map(|household| household.id),
        status: SupplierStatus::Pending,
        version: 1,
        social_credit_code: code.map(|code| code.to_string()),
        village,
    };
    let mut sealed = contact::empty(id);
    if !numbers.is_empty() {
        let keys = ctx.vault.open_to_seal(work.txn(), &ctx.ids, work.at).await?;
        for (field, number) in &numbers {
            contact::put(*field, &keys, &ctx.ids, &mut sealed, Some(number.expose()))?;
        }
    }
    // The answer looks past the county's border.
    let misses = Misses::admit(&ctx, &caller, &work, sealed.id_number_hash.is_some()).await?;
    if let Some(problem) = identity::taken(work.txn(), &row).await? {
        return Err(problem);
    }
    if contact::is_taken(work.txn(), &sealed).await? {
        misses.count().await;
        return Err(identity::id_number_taken());
    }
    let faster = |error| if is_duplicate(&error) { identity::taken_just_now() } else { error.into() };
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await.map_err(faster)?;
    if !numbers.is_empty() {
        contact::store(work.txn(), &sealed).await.map_err(faster)?;
    }
    entered(work.txn(), &caller, id, work.at).await?;
    finding::put(work.txn(), std::slice::from_ref(&row)).await?;
    let view = told((&ctx, &caller), &mut work, "supplier.create", &row, [&Value::Null, &tracked(&row)]).await?;
    work.commit(StatusCode::CREATED, &view).await
}
