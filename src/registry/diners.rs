//! How many people a school fed, month by month: a head count, never names.

use super::{create_school::check_diners, store};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Query, Reply, Text},
    store::{Begun, bulk},
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::{Datelike, Months};
use entity::{id::SchoolId, school_diners, time::month_of};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// A head count.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutDinersRequest {
    /// People fed on a school day of that month.
    #[schema(example = 420, minimum = 0)]
    pub diners: i64,
}

/// Diners of one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DinersView {
    /// The month.
    #[schema(example = "2026-03")]
    pub month: String,
    /// People fed on a school day of that month.
    #[schema(example = 420)]
    pub diners: i64,
    /// Version of this month's figure.
    #[schema(example = 1)]
    pub version: i64,
}

/// Diners of a year.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DinersResponse {
    /// The months that were entered, in order.
    pub months: Vec<DinersView>,
}

/// Which year.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DinersQuery {
    /// Calendar year; this one unless given.
    #[param(example = 2026, minimum = 2000, maximum = 2999)]
    year: Option<i32>,
}

/// `2026-03` as `202603`.
fn read_month(text: &str) -> Option<i32> {
    let (year, month) = text.split_once('-').filter(|_| text.len() == 7)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return None;
    }
    let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
    ((2000..=2999).contains(&year) && (1..=12).contains(&month)).then_some(year * 100 + month)
}

fn view(row: &school_diners::Model) -> DinersView {
    let month = format!("{}-{:02}", row.month / 100, row.month % 100);
    DinersView { month, diners: row.diners, version: row.version }
}

/// Diners of a school by month
///
/// Those of one calendar year, as far as they were entered.
#[utoipa::path(
    get, path = "/schools/{id}/diners", operation_id = "list_diners", tag = "registry", security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school"), DinersQuery),
    responses((status = 200, body = DinersResponse, description = "The months"))
)]
pub async fn list_diners(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    Query(query): Query<DinersQuery>,
) -> Result<Json<DinersResponse>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::School)?;
    let db = &ctx.store.read;
    store::find_school(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let year = query.year.unwrap_or_else(|| ctx.clock.now().business_day().year()).clamp(1, 9999);
    let rows = school_diners::Entity::find()
        .filter(school_diners::COLUMN.school_id.eq(id))
        .filter(school_diners::COLUMN.month.between(year * 100 + 1, year * 100 + 12))
        .order_by_asc(school_diners::Column::Month)
        .all(db)
        .await?;
    Ok(Json(DinersResponse { months: rows.iter().map(view).collect() }))
}

/// Enter the diners of a month
///
/// Writes over what was entered before; `If-Match` guards against two people doing so. Months up to the next one.
#[utoipa::path(
    put, path = "/schools/{id}/diners/{month}", operation_id = "put_diners", tag = "registry",
    security(("bearer" = [])),
    params(
        ("id" = SchoolId, Path, description = "The school"),
        ("month" = String, Path, description = "The month", example = "2026-03"),
    ),
    request_body = PutDinersRequest,
    responses((status = 200, body = DinersView, description = "Entered"))
)]
pub async fn put_diners(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path((id, month)): Path<(SchoolId, String)>,
    version: IfMatch,
    command: Command<PutDinersRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let school = store::find_school(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let month = read_month(&month).ok_or(ApiError::NotFound)?;
    let today = work.at.business_day();
    let last = month_of(today.checked_add_months(Months::new(1)).unwrap_or(today));
    let open = month_of(school.opened_on)..=school.closed_on.map_or(last, month_of).min(last);
    let mut check = Check::default();
    check.that(
        open.contains(&month),
        "",
        "month_out_of_range",
        Text::new("学校该月未开办，或该月尚早。", "The school is not open in that month, or it is too far ahead."),
    );
    check_diners(&mut check, "/diners", command.body.diners);
    check.finish()?;
    let before = school_diners::Entity::find_by_id((id, month)).one(work.txn()).await?;
    version.check(before.as_ref().map_or(0, |row| row.version))?;
    let row = school_diners::Model {
        school_id: id,
        month,
        diners: command.body.diners,
        recorded_at: work.at,
        version: before.as_ref().map_or(1, |row| row.version + 1),
    };
    match &before {
        None => bulk::insert(work.txn(), std::slice::from_ref(&row)).await?,
        Some(before) => {
            let columns = school_diners::COLUMN;
            let changed = school_diners::Entity::update_many()
                .col_expr(school_diners::Column::Diners, Expr::value(row.diners))
                .col_expr(school_diners::Column::RecordedAt, Expr::value(row.recorded_at))
                .col_expr(school_diners::Column::Version, Expr::value(row.version))
                .filter(columns.school_id.eq(id))
                .filter(columns.month.eq(month))
                .filter(columns.version.eq(before.version))
                .exec(work.txn())
                .await?;
            if changed.rows_affected != 1 {
                return Err(ApiError::Stale { version: row.version });
            }
        }
    }
    let facts = json!({ "school_id": id, "month": month });
    let told = |row: Option<&school_diners::Model>| json!({ "diners": row.map(|row| row.diners) });
    work.changed("school.put_diners", "school", &id, &facts, &told(before.as_ref()), &told(Some(&row)));
    work.commit(StatusCode::OK, &view(&row)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly() {
        assert_eq!(read_month("2026-03"), Some(202_603));
        for wrong in ["2026-3", "2026-13", "2026-00", "1999-12", "202603", "2026-+3", "٢٠٢٦-03", ""] {
            assert_eq!(read_month(wrong), None, "{wrong}");
        }
    }
}
