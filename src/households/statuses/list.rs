//! Both histories of a household.

use super::view::{HouseholdStatusView, view};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
    suppliers::find_household,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    household_status::{self, StatusHistory},
    id::HouseholdId,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which periods.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatusesQuery {
    /// Those that held on this day.
    #[param(example = "2026-03-02")]
    on: Option<NaiveDate>,
    /// Those of this history.
    #[param(inline, example = "registration")]
    history: Option<StatusHistory>,
    /// With true also those that were annulled.
    #[serde(default)]
    annulled: bool,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the statuses of a household
///
/// Both histories (H1) in the order of their first days, as they stand now; with `on` what they say of that day.
#[utoipa::path(
    get, path = "/households/{id}/statuses", operation_id = "list_household_statuses", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdId, Path, description = "The household"), StatusesQuery),
    responses((status = 200, body = Page<HouseholdStatusView>, description = "A page of periods"))
)]
pub async fn list_household_statuses(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdId>,
    Query(query): Query<StatusesQuery>,
) -> Result<Json<Page<HouseholdStatusView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let after = paging.after::<2>()?;
    let db = &ctx.store.read;
    find_household(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let columns = household_status::COLUMN;
    let mut statuses = household_status::Entity::find()
        .filter(columns.household_id.eq(id))
        .order_by_asc(household_status::Column::FromOn)
        .order_by_asc(household_status::Column::Id)
        .limit(limit + 1);
    if let Some(day) = query.on {
        let open = Condition::any().add(columns.to_on.is_null()).add(columns.to_on.gte(day));
        statuses = statuses.filter(columns.from_on.lte(day)).filter(open);
    }
    if let Some(history) = query.history {
        statuses = statuses.filter(columns.history.eq(history));
    }
    if !query.annulled {
        statuses = statuses.filter(columns.annulled_at.is_null());
    }
    if let Some([day, last]) = after {
        let (Ok(day), Ok(last)) = (day.parse::<NaiveDate>(), last.parse::<uuid::Uuid>()) else {
            return Err(crate::http::bad_cursor());
        };
        let later = Condition::all().add(columns.from_on.eq(day)).add(household_status::Column::Id.gt(last));
        statuses = statuses.filter(Condition::any().add(columns.from_on.gt(day)).add(later));
    }
    let rows = statuses.all(db).await?;
    Ok(Json(page(rows, limit, |row| format!("{}~{}", row.from_on, row.id), view)))
}
