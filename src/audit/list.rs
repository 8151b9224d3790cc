//! Reading the trail: an administrator all of it, an authority what happened in its subtree.

use super::store::{first_id, seals_of, start_of};
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, FieldError, Page, PageQuery, Query, Text, page},
};
use axum::{Json, extract::State};
use chrono::{Datelike, NaiveDate};
use entity::{
    account,
    audit_entry::{self, Outcome},
    audit_seal,
    id::{AccountId, AuditEntryId, SchoolId, SupplierId},
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// First business day.
    #[param(example = "2026-03-02")]
    pub from: Option<NaiveDate>,
    /// Last business day.
    #[param(example = "2026-03-02")]
    pub to: Option<NaiveDate>,
    /// By this account.
    pub account_id: Option<AccountId>,
    /// Of this action: `order.confirm`, or of a refusal its call: `POST /orders/{id}/confirm`.
    #[param(example = "order.confirm")]
    pub action: Option<String>,
    /// About this kind of thing.
    #[param(example = "order")]
    pub resource: Option<String>,
    /// About this very thing; needs `resource`.
    #[param(example = "01990000-0000-7000-8000-000000000001")]
    pub resource_id: Option<String>,
    /// Done or refused; both unless given.
    pub outcome: Option<Outcome>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A row of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryView {
    /// The row.
    pub id: AuditEntryId,
    /// When.
    pub at: Timestamp,
    /// Who; null for the system itself and for log-ins under an unknown name.
    pub account_id: Option<AccountId>,
    /// Its log-in name.
    #[schema(example = "songpo-potato-coop")]
    pub username: Option<String>,
    /// For whom, where somebody acts for another.
    #[schema(example = "supplier:01990000-0000-7000-8000-000000000001")]
    pub on_behalf_of: Option<String>,
    /// What; of a refusal the call.
    #[schema(example = "order.confirm")]
    pub action: String,
    /// To what kind of thing.
    #[schema(example = "order")]
    pub resource: String,
    /// To which.
    #[schema(example = "01990000-0000-7000-8000-000000000001")]
    pub resource_id: String,
    /// Done or refused.
    pub outcome: Outcome,
    /// School it concerns.
    pub school_id: Option<SchoolId>,
    /// Supplier it concerns.
    pub supplier_id: Option<SupplierId>,
    /// Reporting unit it concerns, where it is no school's.
    #[schema(example = "910526")]
    pub reporting_unit_code: Option<String>,
    /// The request it came in.
    #[schema(example = "01990000-0000-7000-8000-0000000000aa")]
    pub request_id: String,
    /// Where the request came from.
    #[schema(example = "10.20.30.40")]
    pub address: Option<String>,
    /// Facts; of a refusal the problem's code and the fields concerned. Personal data is masked.
    #[schema(value_type = Object, example = json!({"order_id": "01990000-0000-7000-8000-000000000001"}))]
    pub facts: Value,
    /// Fields that changed, each `before` and `after`. Personal data is masked.
    #[schema(value_type = Object, example = json!({"status": {"before": "placed", "after": "confirmed"}}))]
    pub changes: Value,
    /// Its place in the chain; null for a moment after it was written.
    pub seal: Option<SealView>,
}

/// A row's place in the chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealView {
    /// Place, from 1 without gaps.
    #[schema(example = 4711)]
    pub seq: i64,
    /// Day whose chain it is in.
    pub day: NaiveDate,
    /// SHA-256 over the hash before, the place, the day and the row, in hex.
    #[schema(example = "9b1c2f0d3e4a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4")]
    pub hash: String,
}

impl From<&audit_seal::Model> for SealView {
    fn from(seal: &audit_seal::Model) -> Self {
        Self { seq: seal.seq, day: seal.day, hash: seal.hash.clone() }
    }
}

/// List audit entries
///
/// Changes and refused changes within the caller's reach, newest first.
#[utoipa::path(
    get, path = "/audit", operation_id = "list_audit_entries", tag = "audit", security(("bearer" = [])),
    params(AuditQuery),
    responses((status = 200, body = Page<AuditEntryView>, description = "A page"))
)]
pub async fn list_audit_entries(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntryView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Audit)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let (limit, after) = (paging.limit()?, paging.after_id()?);
    check_days(query.from, query.to)?;
    if query.resource_id.is_some() && query.resource.is_none() {
        let detail = Text::new("按编号查询时须同时给出 resource。", "A resource_id needs its resource along.");
        return Err(ApiError::Malformed(FieldError::new("?resource", "required", detail)));
    }
    let db = &ctx.store.read;
    let mut select = within(&scope, query.from, query.to).order_by_desc(audit_entry::Column::Id).limit(limit + 1);
    if let Some(id) = after {
        select = select.filter(audit_entry::Column::Id.lt(AuditEntryId(id)));
    }
    let rows = filtered(select, &query).all(db).await?;
    let seals = seals_of(db, &rows).await?;
    let names = names(db, &rows).await?;
    Ok(Json(page(rows, limit, |row| row.id.to_string(), |row| view(row, &seals, &names))))
}

/// # Errors
/// 400 for days nobody means or a range that runs backwards.
pub(super) fn check_days(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(), ApiError> {
    let wrong = |name: &str, code: &'static str, detail: Text| {
        Err(ApiError::Malformed(FieldError::new(format!("?{name}"), code, detail)))
    };
    for (name, day) in [("from", from), ("to", to)] {
        if day.is_some_and(|day| !(2000..=9999).contains(&day.year())) {
            return wrong(name, "date_out_of_range", Text::new("日期超出范围。", "The date is out of range."));
        }
    }
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        let detail = Text::new("起始日期晚于截止日期。", "The first day is after the last.");
        return wrong("from", "range_reversed", detail);
    }
    Ok(())
}

/// Rows of these business days that the scope covers. The days bound the key: a row's id is made in the moment it tells
/// of, and a range of ids needs no index of its own.
pub(super) fn within(scope: &Scope, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Select<audit_entry::Entity> {
    use audit_entry::Column;
    let mut select = audit_entry::Entity::find().filter(scope.rows_of_units(
        Column::SchoolId,
        Column::SupplierId,
        Column::ReportingUnitCode,
    ));
    if let Some(day) = from {
        select = select.filter(Column::Id.gte(first_id(start_of(day))));
    }
    if let Some(day) = to.and_then(|day| day.succ_opt()) {
        select = select.filter(Column::Id.lt(first_id(start_of(day))));
    }
    select
}

fn filtered(mut select: Select<audit_entry::Entity>, query: &AuditQuery) -> Select<audit_entry::Entity> {
    use audit_entry::Column;
    if let Some(account) = query.account_id {
        select = select.filter(Column::AccountId.eq(account));
    }
    if let Some(outcome) = query.outcome {
        // Spelt out: a partial index serves a condition that is its own, not one with a parameter.
        select = select.filter(Expr::cust(match outcome {
            Outcome::Done => "audit_entry.outcome = 'done'",
            Outcome::Refused => "audit_entry.outcome = 'refused'",
        }));
    }
    let texts = [
        (Column::Action, &query.action),
        (Column::Resource, &query.resource),
        (Column::ResourceId, &query.resource_id),
    ];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            select = select.filter(column.eq(wanted.as_str()));
        }
    }
    select
}

async fn names(db: &impl ConnectionTrait, rows: &[audit_entry::Model]) -> Result<HashMap<AccountId, String>, DbErr> {
    let accounts = account::Entity::find()
        .filter(account::Column::Id.is_in(rows.iter().filter_map(|row| row.account_id)))
        .all(db)
        .await?;
    Ok(accounts.into_iter().map(|account| (account.id, account.username)).collect())
}

fn view(
    row: audit_entry::Model,
    seals: &HashMap<AuditEntryId, audit_seal::Model>,
    names: &HashMap<AccountId, String>,
) -> AuditEntryView {
    let mut facts: Value = serde_json::from_str(&row.detail).unwrap_or_else(|_| json!({}));
    let changes = facts.as_object_mut().and_then(|facts| facts.remove("changes")).unwrap_or_else(|| json!({}));
    AuditEntryView {
        seal: seals.get(&row.id).map(SealView::from),
        username: row.account_id.and_then(|id| names.get(&id).cloned()),
        id: row.id,
        at: row.at,
        account_id: row.account_id,
        on_behalf_of: row.on_behalf_of,
        action: row.action,
        resource: row.resource,
        resource_id: row.resource_id,
        outcome: row.outcome,
        school_id: row.school_id,
        supplier_id: row.supplier_id,
        reporting_unit_code: row.reporting_unit_code,
        request_id: row.request_id,
        address: row.address,
        facts,
        changes,
    }
}
