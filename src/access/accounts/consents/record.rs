//! Record a household's consent to an agent.

use super::list::{ConsentView, view};
use crate::{
    access::{
        Action, Caller, Resource, access_changed,
        accounts::{
            draft::Giver,
            managed,
            places::{Places, Wanted},
        },
    },
    context::Ctx,
    http::{ApiError, Check, Command, Reply, Text},
    store::{Begun, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    household_consent,
    id::{AccountId, SupplierId},
    membership::{self, Role},
    supplier::SupplierKind,
};
use sea_orm::{ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Households one agent may act for: all of them are read with each of its calls.
const MOST: u64 = 500;

/// A household's consent on paper.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordConsentRequest {
    /// Id chosen by the client (UUIDv7).
    pub id: Option<Uuid>,
    /// The agent: an account with that role.
    pub account_id: AccountId,
    /// The household that sells.
    pub supplier_id: SupplierId,
    /// First day, not in the past; today unless given.
    #[schema(example = "2026-09-01")]
    pub from_on: Option<NaiveDate>,
    /// Last day; none while it shall hold.
    #[schema(example = "2027-08-31")]
    pub to_on: Option<NaiveDate>,
    /// Number of the signed paper.
    #[schema(example = "WT-2026-0031")]
    pub proof_number: String,
}

/// Record a consent
///
/// From its first to its last day the agent offers, answers orders and sends for the household; each such record names
/// the consent (H5). Agent and household must lie in the caller's reach.
#[utoipa::path(
    post, path = "/consents", operation_id = "record_consent", tag = "accounts", security(("bearer" = [])),
    request_body = RecordConsentRequest,
    responses((status = 201, body = ConsentView, description = "Recorded"))
)]
pub async fn record_consent(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<RecordConsentRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Consent)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let request = command.body;
    let today = work.at.business_day();
    let mut check = Check::default();
    let id = check.client_id("/id", request.id).unwrap_or_else(|| ctx.ids.next());
    let proof_number = check.paper_number("/proof_number", &request.proof_number, 60);
    let from_on = request.from_on.unwrap_or(today);
    let giver = Giver { actor: &caller.actor, scope: &scope, today };
    giver.days(&mut check, "", from_on, request.to_on);
    let agent = managed::find(work.txn(), &scope, request.account_id).await?;
    let is_agent = agent.is_some() && has_agent_role(work.txn(), request.account_id, today).await?;
    check.that(
        is_agent && request.account_id != caller.actor.account_id(),
        "/account_id",
        "agent_unknown",
        Text::new("您的权限范围内没有这位代办人。", "No such agent in your reach."),
    );
    let wanted = Wanted { suppliers: [request.supplier_id].into(), ..Wanted::default() };
    let places = Places::find(work.txn(), wanted).await?;
    let household = places.supplier(request.supplier_id).filter(|(supplier, division)| {
        supplier.kind == SupplierKind::Household && scope.covers_registered(supplier.id, division)
    });
    check.that(
        household.is_some(),
        "/supplier_id",
        "household_unknown",
        Text::new("您的权限范围内没有这户农户供货主体。", "No such household in your reach."),
    );
    check.finish()?;
    let new = household_consent::Model {
        id,
        account_id: request.account_id,
        supplier_id: request.supplier_id,
        from_on,
        to_on: request.to_on,
        proof_number,
        recorded_at: work.at,
        withdrawn_at: None,
        version: 1,
    };
    if count_of(work.txn(), new.account_id, today).await? >= MOST {
        return Err(ApiError::conflict(
            "too_many_consents",
            Text::new(
                format!("一名代办人最多代办 {MOST} 户。"),
                format!("An agent acts for {MOST} households at most."),
            ),
        ));
    }
    if meets(work.txn(), &new).await? {
        return Err(ApiError::conflict(
            "consent_held",
            Text::new("该农户在此期间已委托此人。", "The household consented to this agent in these days already."),
        ));
    }
    bulk::insert(work.txn(), std::slice::from_ref(&new)).await.map_err(taken)?;
    let told = json!({
        "consent_id": id, "account_id": new.account_id, "supplier_id": new.supplier_id, "from_on": from_on,
        "to_on": new.to_on, "proof_number": new.proof_number,
    });
    work.audit("consent.record", "household_consent", &id, &told);
    let view = view(work.txn(), new).await?;
    access_changed(&ctx, work.txn(), request.account_id).await?;
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.guard.forget(request.account_id);
    Ok(reply)
}

fn taken(error: DbErr) -> ApiError {
    if is_duplicate(&error) {
        return ApiError::conflict("id_taken", Text::new("该编号已被使用。", "This id is in use already."));
    }
    error.into()
}

/// Whether the account holds the role of an agent today or will.
async fn has_agent_role(db: &impl ConnectionTrait, account: AccountId, today: NaiveDate) -> Result<bool, DbErr> {
    let held = membership::Entity::find()
        .filter(membership::Column::AccountId.eq(account))
        .filter(membership::Column::Role.eq(Role::Agent.to_value()))
        .filter(Condition::any().add(membership::Column::ToOn.is_null()).add(membership::Column::ToOn.gte(today)));
    Ok(held.count(db).await? > 0)
}

/// Consents to this agent that hold today or will.
async fn count_of(db: &impl ConnectionTrait, agent: AccountId, today: NaiveDate) -> Result<u64, DbErr> {
    use household_consent::Column;
    household_consent::Entity::find()
        .filter(Column::AccountId.eq(agent))
        .filter(Condition::any().add(Column::ToOn.is_null()).add(Column::ToOn.gte(today)))
        .count(db)
        .await
}

/// Whether the same two have a consent in any of the days.
async fn meets(db: &impl ConnectionTrait, new: &household_consent::Model) -> Result<bool, DbErr> {
    use household_consent::Column;
    let mut held = household_consent::Entity::find()
        .filter(Column::AccountId.eq(new.account_id))
        .filter(Column::SupplierId.eq(new.supplier_id))
        .filter(Condition::any().add(Column::ToOn.is_null()).add(Column::ToOn.gte(new.from_on)));
    if let Some(to_on) = new.to_on {
        held = held.filter(Column::FromOn.lte(to_on));
    }
    Ok(held.count(db).await? > 0)
}
