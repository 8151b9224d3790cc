//! What a list comes down to, row by row; rows the register says the same of are counted only.

use super::apply::find_list;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, bad_cursor, page},
    vault::mask_name,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    household_list_row::{self, ListOutcome, ListReason},
    household_status::HouseholdStatusKind,
    id::{HouseholdId, HouseholdListId},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A row that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListRowView {
    /// Line of the file; households that end are counted on from its last.
    #[schema(example = 2)]
    pub line: i64,
    /// What it comes down to.
    pub outcome: ListOutcome,
    /// Why it is not taken; null where it is.
    pub reason: Option<ListReason>,
    /// What differs: name, place, id_number, status.
    #[schema(example = json!(["status"]))]
    pub changes: Vec<String>,
    /// Household it is or becomes; null where it is not taken and none of the county is named.
    pub household_id: Option<HouseholdId>,
    /// Number of the handbook or certificate.
    #[schema(example = "h-910526-01")]
    pub code: String,
    /// Name, masked.
    #[schema(example = "王*")]
    pub name: String,
    /// Place.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// ID number without the day of birth; null where the row brings none.
    #[schema(example = "910000********0019")]
    pub id_number: Option<String>,
    /// The status that begins, or the one that ends.
    pub status: Option<HouseholdStatusKind>,
    /// First day of the status that begins.
    #[schema(example = "2026-03-01")]
    pub from_on: Option<NaiveDate>,
    /// Last day of the status that ends.
    #[schema(example = "2026-02-28")]
    pub ends_on: Option<NaiveDate>,
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowsQuery {
    /// Those that come down to this.
    #[param(inline, example = "changed")]
    outcome: Option<ListOutcome>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the rows of a list of households
///
/// In the order of the file, masked.
#[utoipa::path(
    get, path = "/household-lists/{id}/rows", operation_id = "list_household_list_rows", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdListId, Path, description = "The list"), RowsQuery),
    responses((status = 200, body = Page<ListRowView>, description = "A page of rows"))
)]
pub async fn list_household_list_rows(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdListId>,
    Query(query): Query<RowsQuery>,
) -> Result<Json<Page<ListRowView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let after = match paging.after::<1>()? {
        Some([line]) => line.parse::<i64>().map_err(|_| bad_cursor())?,
        None => 0,
    };
    let db = &ctx.store.read;
    find_list(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let columns = household_list_row::COLUMN;
    let mut rows = household_list_row::Entity::find()
        .filter(columns.list_id.eq(id))
        .filter(columns.line.gt(after))
        .order_by_asc(household_list_row::Column::Line)
        .limit(limit + 1);
    if let Some(outcome) = query.outcome {
        rows = rows.filter(columns.outcome.eq(outcome));
    }
    Ok(Json(page(rows.all(db).await?, limit, |row| row.line.to_string(), view)))
}

fn view(row: household_list_row::Model) -> ListRowView {
    ListRowView {
        line: row.line,
        outcome: row.outcome,
        reason: row.reason,
        changes: row.changes.split('|').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        household_id: row.household_id,
        code: row.code,
        name: mask_name(&row.name),
        division_code: row.division_code,
        id_number: row.id_number_masked,
        status: row.status,
        from_on: row.from_on,
        ends_on: row.ends_on,
    }
}
