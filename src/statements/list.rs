//! Statements to look at.

use super::{
    month::Month,
    view::{FullStatementView, StatementView, full, in_scope, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, FieldError, Page, PageQuery, Path, Query, Text, page},
};
use axum::{Json, extract::State};
use entity::{id::StatementId, statement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which statements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementsQuery {
    /// Of this unit only.
    #[param(example = "910526")]
    pub unit: Option<String>,
    /// Of this month only.
    #[param(example = "2026-05")]
    pub month: Option<String>,
    /// With `true` only those that stand; with `false` only those whose month was opened again.
    pub standing: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A month of a query.
///
/// # Errors
/// 400 for anything but `2026-05`.
pub fn month_filter(text: Option<&str>) -> Result<Option<Month>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let malformed = |()| ApiError::Malformed(FieldError::new("?month", "month_malformed", month_detail()));
    text.parse().map(Some).map_err(malformed)
}

pub(super) fn month_detail() -> Text {
    Text::new("月份须形如 2026-05。", "A month looks like 2026-05.")
}

/// List statements
///
/// Of the units within reach, the oldest first: every version, those that were opened again too.
#[utoipa::path(
    get, path = "/statements", operation_id = "list_statements", tag = "statements", security(("bearer" = [])),
    params(StatementsQuery),
    responses((status = 200, body = Page<StatementView>, description = "A page"))
)]
pub async fn list_statements(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<StatementsQuery>,
) -> Result<Json<Page<StatementView>>, ApiError> {
    use statement::Column;
    let scope = caller.actor.may(Action::Read, Resource::Statement)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut found = statement::Entity::find()
        .filter(scope.on_unit(Column::ReportingUnitCode))
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some(unit) = query.unit.as_deref().filter(|unit| !unit.is_empty()) {
        found = found.filter(Column::ReportingUnitCode.eq(unit));
    }
    if let Some(month) = month_filter(query.month.as_deref())? {
        found = found.filter(Column::Month.eq(month.number()));
    }
    match query.standing {
        Some(true) => found = found.filter(Column::ReopenedAt.is_null()),
        Some(false) => found = found.filter(Column::ReopenedAt.is_not_null()),
        None => {}
    }
    if let Some(after) = paging.after_id()? {
        found = found.filter(Column::Id.gt(after));
    }
    let rows = found.all(&ctx.store.read).await?;
    let Page { items, next_cursor } = page(rows, limit, |row| row.id.to_string(), |row| view(&row));
    let items = items.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next_cursor }))
}

/// Find a statement
///
/// With its text, its signature and the key it was signed with. Anybody who has the text proves it: SHA-256 of it is the hash,
/// the signature is Ed25519 over it.
#[utoipa::path(
    get, path = "/statements/{id}", operation_id = "find_statement", tag = "statements", security(("bearer" = [])),
    params(("id" = StatementId, Path, description = "The statement")),
    responses((status = 200, body = FullStatementView, description = "The statement"))
)]
pub async fn find_statement(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<StatementId>,
) -> Result<Json<FullStatementView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Statement)?;
    Ok(Json(full(in_scope(&ctx.store.read, &scope, id).await?)?))
}
