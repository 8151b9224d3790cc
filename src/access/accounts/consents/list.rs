//! The consents within a caller's reach.

use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    account, household_consent,
    id::{AccountId, ConsentId, SupplierId},
    supplier,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// A household's consent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsentView {
    /// Its id.
    pub id: ConsentId,
    /// The agent.
    pub account_id: AccountId,
    /// Name of the agent.
    #[schema(example = "白石镇代办员")]
    pub agent: Option<String>,
    /// The household that sells.
    pub supplier_id: SupplierId,
    /// Its registered name.
    #[schema(example = "白石镇农户王某")]
    pub household: Option<String>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; null while it holds.
    pub to_on: Option<NaiveDate>,
    /// Number of the signed paper.
    #[schema(example = "WT-2026-0031")]
    pub proof_number: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it was taken back; null where it was not.
    pub withdrawn_at: Option<Timestamp>,
    /// Version of the consent.
    #[schema(example = 1)]
    pub version: i64,
}

/// Which consents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsentsQuery {
    /// To this agent.
    account_id: Option<AccountId>,
    /// Of this household.
    supplier_id: Option<SupplierId>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List consents
///
/// Of the households in the caller's reach, newest first. A household sees who may act for it, an agent for whom.
#[utoipa::path(
    get, path = "/consents", operation_id = "list_consents", tag = "accounts", security(("bearer" = [])),
    params(ConsentsQuery),
    responses((status = 200, body = Page<ConsentView>, description = "A page of consents"))
)]
pub async fn list_consents(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ConsentsQuery>,
) -> Result<Json<Page<ConsentView>>, ApiError> {
    use household_consent::Column;
    let scope = caller.actor.may(Action::Read, Resource::Consent)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut consents =
        household_consent::Entity::find().filter(scope.on_consent()).order_by_desc(Column::Id).limit(limit + 1);
    if let Some(account) = query.account_id {
        consents = consents.filter(Column::AccountId.eq(account));
    }
    if let Some(supplier) = query.supplier_id {
        consents = consents.filter(Column::SupplierId.eq(supplier));
    }
    if let Some(after) = paging.after_id()? {
        consents = consents.filter(Column::Id.lt(after));
    }
    let db = &ctx.store.read;
    let page = page(consents.all(db).await?, limit, |row| row.id.to_string(), |row| row);
    let items = views(db, page.items).await?;
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// Views with the names of both sides.
pub(super) async fn views(
    db: &impl ConnectionTrait,
    rows: Vec<household_consent::Model>,
) -> Result<Vec<ConsentView>, DbErr> {
    let agents: Vec<(AccountId, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::DisplayName])
        .filter(account::Column::Id.is_in(rows.iter().map(|row| row.account_id)))
        .into_tuple()
        .all(db)
        .await?;
    let households: Vec<(SupplierId, String)> = supplier::Entity::find()
        .select_only()
        .columns([supplier::Column::Id, supplier::Column::Name])
        .filter(supplier::Column::Id.is_in(rows.iter().map(|row| row.supplier_id)))
        .into_tuple()
        .all(db)
        .await?;
    let agents: HashMap<AccountId, String> = agents.into_iter().collect();
    let households: HashMap<SupplierId, String> = households.into_iter().collect();
    let view = |row: household_consent::Model| ConsentView {
        agent: agents.get(&row.account_id).cloned(),
        household: households.get(&row.supplier_id).cloned(),
        id: row.id,
        account_id: row.account_id,
        supplier_id: row.supplier_id,
        from_on: row.from_on,
        to_on: row.to_on,
        proof_number: row.proof_number,
        recorded_at: row.recorded_at,
        withdrawn_at: row.withdrawn_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The view of one consent.
pub(super) async fn view(db: &impl ConnectionTrait, row: household_consent::Model) -> Result<ConsentView, ApiError> {
    views(db, vec![row]).await?.pop().ok_or(ApiError::NotFound)
}
