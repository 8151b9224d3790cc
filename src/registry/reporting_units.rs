//! The reporting tree: who reports to whom (S10).

use super::filter::{code_cursor, code_filter};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
};
use axum::{Json, extract::State};
use entity::reporting_unit::{self, ReportingUnitKind};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A unit of the reporting tree.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportingUnitView {
    /// Division code, or an internal code where no division matches.
    #[schema(example = "910526")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "松坡县教育局")]
    pub name: String,
    /// Its kind.
    pub kind: ReportingUnitKind,
    /// The unit it reports to; null for the province.
    #[schema(example = "910000")]
    pub parent_code: Option<String>,
    /// The division it stands for, where there is one.
    #[schema(example = "910526")]
    pub division_code: Option<String>,
}

/// Which units.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportingUnitsQuery {
    /// Those that report straight to this one.
    #[param(example = "910000")]
    parent: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List reporting units
///
/// In the order of codes. The tree is not the geography: some counties report straight to the province.
#[utoipa::path(
    get, path = "/reporting-units", operation_id = "list_reporting_units", tag = "registry",
    security(("bearer" = [])), params(ReportingUnitsQuery),
    responses((status = 200, body = Page<ReportingUnitView>, description = "A page of units"))
)]
pub async fn list_reporting_units(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ReportingUnitsQuery>,
) -> Result<Json<Page<ReportingUnitView>>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut units = reporting_unit::Entity::find().order_by_asc(reporting_unit::Column::Code).limit(limit + 1);
    if let Some(parent) = code_filter("parent", query.parent.as_deref())? {
        units = units.filter(reporting_unit::Column::ParentCode.eq(parent));
    }
    if let Some(after) = code_cursor(&paging)? {
        units = units.filter(reporting_unit::Column::Code.gt(after));
    }
    let rows = units.all(&ctx.store.read).await?;
    let show = |row: reporting_unit::Model| ReportingUnitView {
        code: row.code,
        name: row.name,
        kind: row.kind,
        parent_code: row.parent_code,
        division_code: row.division_code,
    };
    Ok(Json(page(rows, limit, |row| row.code.clone(), show)))
}

/// Codes of a unit and of all below it; of a code that is no unit's, itself. A province has a hundred units.
///
/// # Errors
/// When the database does not answer.
pub async fn units_below(db: &impl ConnectionTrait, code: &str) -> Result<Vec<String>, DbErr> {
    use reporting_unit::Column;
    let units: Vec<(String, Option<String>)> = reporting_unit::Entity::find()
        .select_only()
        .columns([Column::Code, Column::ParentCode])
        .order_by_asc(Column::Code)
        .into_tuple()
        .all(db)
        .await?;
    let mut found = vec![code.to_owned()];
    let mut next = 0;
    while let Some(parent) = found.get(next).cloned() {
        found.extend(units.iter().filter(|(_, above)| above.as_ref() == Some(&parent)).map(|(code, _)| code.clone()));
        next += 1;
    }
    Ok(found)
}
