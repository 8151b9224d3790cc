//! The indicators of a day, and all their versions.

use super::version::{Indicator, indicators_on, with_classes};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, bad_cursor, page},
    ledger::check_range,
    share::reading::Percent,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::IndicatorId,
    indicator::{self, Basis},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An indicator version.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorView {
    /// Stable name.
    #[schema(example = "poverty_share")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "贫困地区贫困户采购占比")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "Share from poverty areas or registered households")]
    pub name_en: String,
    /// Shown first.
    #[schema(example = true)]
    pub headline: bool,
    /// What the target is measured by.
    pub basis: Basis,
    /// Target in percent; null where it is only reported.
    #[schema(value_type = Option<String>, example = "50.00")]
    pub target: Option<Percent>,
    /// Codes of the purchase classes that qualify.
    #[schema(example = json!([401, 411, 421]))]
    pub classes: Vec<i32>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; null while it holds.
    pub valid_to: Option<NaiveDate>,
    /// Where the target was published.
    #[schema(example = "省教育厅 2019-03-22")]
    pub source: String,
}

impl IndicatorView {
    fn of(indicator: Indicator) -> Self {
        let classes = indicator.class_codes();
        let version = indicator.version;
        Self {
            code: version.code,
            name_zh: version.name_zh,
            name_en: version.name_en,
            headline: version.headline,
            basis: version.basis,
            target: version.target_bp.map(|bp| Percent(i64::from(bp))),
            classes,
            valid_from: version.valid_from,
            valid_to: version.valid_to,
            source: version.source,
        }
    }
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IndicatorQuery {
    /// Day the indicators held; today unless given.
    pub on: Option<NaiveDate>,
}

/// List indicators
///
/// Those that hold on a day for all canteens, the headline first, each with the purchase classes that qualify.
#[utoipa::path(
    get, path = "/indicators", operation_id = "list_indicators", tag = "share", security(("bearer" = [])),
    params(IndicatorQuery),
    responses((status = 200, body = Vec<IndicatorView>, description = "The indicators"))
)]
pub async fn list_indicators(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<IndicatorQuery>,
) -> Result<Json<Vec<IndicatorView>>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let day = query.on.unwrap_or_else(|| ctx.clock.now().business_day());
    check_range(day, day)?;
    let found = indicators_on(&ctx.store.read, day).await?;
    Ok(Json(found.into_iter().map(IndicatorView::of).collect()))
}

/// A version of an indicator with whom it measures.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorVersionView {
    /// The version.
    pub id: IndicatorId,
    /// What it is.
    #[serde(flatten)]
    pub indicator: IndicatorView,
    /// Stages of the schools measured; all where empty.
    #[schema(example = json!(["primary"]))]
    pub stages: Vec<String>,
    /// Rural schools only.
    #[schema(example = false)]
    pub rural_only: bool,
    /// Schools of this division only.
    #[schema(example = "910500")]
    pub scope_division_code: Option<String>,
    /// Schools of this reporting unit and all below it only.
    #[schema(example = json!(null))]
    pub scope_unit_code: Option<String>,
}

impl IndicatorVersionView {
    pub(super) fn of(indicator: Indicator) -> Self {
        let version = indicator.version.clone();
        let stages = version.stages.split('|').filter(|stage| !stage.is_empty()).map(str::to_owned).collect();
        Self {
            id: version.id,
            indicator: IndicatorView::of(indicator),
            stages,
            rural_only: version.rural_only,
            scope_division_code: version.scope_division_code,
            scope_unit_code: version.scope_unit_code,
        }
    }
}

/// List indicator versions
///
/// Of all indicators, those for some schools only included, by name and first day.
#[utoipa::path(
    get, path = "/indicators/versions", operation_id = "list_indicator_versions", tag = "share",
    security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<IndicatorVersionView>, description = "A page"))
)]
pub async fn list_indicator_versions(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<IndicatorVersionView>>, ApiError> {
    use indicator::Column;
    caller.actor.may(Action::Read, Resource::Reference)?;
    let limit = paging.limit()?;
    let mut versions =
        indicator::Entity::find().order_by_asc(Column::Code).order_by_asc(Column::ValidFrom).limit(limit + 1);
    if let Some([code, from]) = paging.after::<2>()? {
        let from: NaiveDate = from.parse().map_err(|_| bad_cursor())?;
        let same = Condition::all().add(Column::Code.eq(code.as_str())).add(Column::ValidFrom.gt(from));
        versions = versions.filter(Condition::any().add(Column::Code.gt(code)).add(same));
    }
    let found = with_classes(&ctx.store.read, versions.all(&ctx.store.read).await?).await?;
    let key = |one: &Indicator| format!("{}~{}", one.version.code, one.version.valid_from);
    Ok(Json(page(found, limit, key, IndicatorVersionView::of)))
}
