//! Who am I, where may I act.

use super::{actor::Caller, guard::NewcomerCaller, second_factor};
use crate::{context::Ctx, http::ApiError};
use axum::{Json, extract::State};
use entity::{
    account, canteen,
    id::{AccountId, CanteenId, SchoolId, SupplierId},
    membership::{self, Role},
    reporting_unit, school, supplier,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// An account and its present memberships.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeResponse {
    /// The account.
    pub id: AccountId,
    /// Log-in name.
    #[schema(example = "yunong")]
    pub username: String,
    /// Name shown to others.
    #[schema(example = "雨农小学食堂")]
    pub display_name: String,
    /// Whether a one-time password must be replaced first.
    #[schema(example = false)]
    pub must_change_password: bool,
    /// Whether log-ins ask for a code of a second factor.
    #[schema(example = false)]
    pub second_factor: bool,
    /// Whether a second factor must be enrolled first, because a role needs it.
    #[schema(example = false)]
    pub must_enrol_second_factor: bool,
    /// Where the account may act.
    pub memberships: Vec<MembershipView>,
}

/// One role and where it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipView {
    /// The role.
    pub role: Role,
    /// School of a canteen manager or inspector.
    pub school_id: Option<SchoolId>,
    /// Its kitchens.
    pub canteen_ids: Vec<CanteenId>,
    /// Supplier of a supplier's account.
    pub supplier_id: Option<SupplierId>,
    /// Top of an officer's subtree.
    #[schema(example = "910526")]
    pub reporting_unit_code: Option<String>,
    /// Name of the school, supplier or unit.
    #[schema(example = "雨农小学")]
    pub place: Option<String>,
}

/// Who am I
///
/// The account behind the token and where it may act.
#[utoipa::path(
    get, path = "/me", operation_id = "me", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = MeResponse, description = "The account"))
)]
pub async fn me(State(ctx): State<Ctx>, NewcomerCaller(caller): NewcomerCaller) -> Result<Json<MeResponse>, ApiError> {
    describe(&ctx, &caller).await.map(Json)
}

/// The account and its memberships with the names of their places.
pub async fn describe(ctx: &Ctx, caller: &Caller) -> Result<MeResponse, ApiError> {
    let db = ctx.store.primary();
    let id = caller.actor.account_id();
    let today = ctx.clock.now().business_day();
    let account = account::Entity::find_by_id(id).one(db).await?.ok_or(ApiError::NotFound)?;
    let held = membership::Entity::find()
        .filter(membership::COLUMN.account_id.eq(id))
        .filter(membership::COLUMN.from_on.lte(today))
        .filter(Condition::any().add(membership::COLUMN.to_on.is_null()).add(membership::COLUMN.to_on.gte(today)))
        .order_by_asc(membership::Column::Id)
        .all(db)
        .await?;
    let schools: Vec<SchoolId> = held.iter().filter_map(|held| held.school_id).collect();
    let suppliers: Vec<SupplierId> = held.iter().filter_map(|held| held.supplier_id).collect();
    let units: Vec<String> = held.iter().filter_map(|held| held.reporting_unit_code.clone()).collect();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut kitchens: HashMap<SchoolId, Vec<CanteenId>> = HashMap::new();
    if !schools.is_empty() {
        let found = school::Entity::find().filter(school::COLUMN.id.is_in(schools.clone())).all(db).await?;
        names.extend(found.into_iter().map(|school| (school.id.to_string(), school.name)));
        for canteen in canteen::Entity::find().filter(canteen::COLUMN.school_id.is_in(schools)).all(db).await? {
            kitchens.entry(canteen.school_id).or_default().push(canteen.id);
        }
    }
    if !suppliers.is_empty() {
        let found = supplier::Entity::find().filter(supplier::COLUMN.id.is_in(suppliers)).all(db).await?;
        names.extend(found.into_iter().map(|supplier| (supplier.id.to_string(), supplier.name)));
    }
    if !units.is_empty() {
        let found = reporting_unit::Entity::find().filter(reporting_unit::COLUMN.code.is_in(units)).all(db).await?;
        names.extend(found.into_iter().map(|unit| (unit.code, unit.name)));
    }
    let memberships = held
        .into_iter()
        .map(|held| {
            let key = held.school_id.map(|id| id.to_string()).or(held.supplier_id.map(|id| id.to_string()));
            let key = key.or_else(|| held.reporting_unit_code.clone());
            MembershipView {
                role: held.role,
                canteen_ids: held.school_id.and_then(|id| kitchens.get(&id).cloned()).unwrap_or_default(),
                school_id: held.school_id,
                supplier_id: held.supplier_id,
                reporting_unit_code: held.reporting_unit_code,
                place: key.and_then(|key| names.get(&key).cloned()),
            }
        })
        .collect();
    Ok(MeResponse {
        id,
        username: account.username,
        display_name: account.display_name,
        must_change_password: account.must_change_password,
        second_factor: second_factor::find(db, id).await?.is_some(),
        must_enrol_second_factor: caller.actor.lacks_second_factor(),
        memberships,
    })
}
