//! The roll-ups over HTTP.

use super::{
    node::{by_county, division_node_of, unit_node},
    rollup::{By, PartLevel, RollUpView, roll_up},
    school::RangeQuery,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Path, Query},
    registry,
};
use axum::{extract::State, response::Response};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which months, broken down how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RollUpQuery {
    /// First of a month; the first of this year unless given.
    pub from: Option<NaiveDate>,
    /// Last of a month; the last of this year unless given.
    pub to: Option<NaiveDate>,
    /// How it is broken down; not at all unless given.
    pub by: Option<By>,
    /// With `true` beside the headline of as many months before.
    #[serde(default)]
    pub before: bool,
}

/// Which months of a division, broken down how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DivisionRollUpQuery {
    /// First of a month; the first of this year unless given.
    pub from: Option<NaiveDate>,
    /// Last of a month; the last of this year unless given.
    pub to: Option<NaiveDate>,
    /// How it is broken down; not at all unless given.
    pub by: Option<By>,
    /// Which parts a breakdown by place has; what lies directly below unless given.
    #[param(inline)]
    pub level: Option<PartLevel>,
    /// With `true` beside the headline of as many months before.
    #[serde(default)]
    pub before: bool,
}

/// A reporting unit's roll-up
///
/// Everything below it in the reporting tree, in which some counties and the universities report straight to the
/// province (S10), with coverage.
#[utoipa::path(
    get, path = "/shares/reporting-units/{code}", operation_id = "reporting_unit_share", tag = "share",
    security(("bearer" = [])),
    params(("code" = String, Path, description = "Code of the unit", example = "910500"), RollUpQuery),
    responses((status = 200, body = RollUpView, description = "The roll-up"))
)]
pub async fn reporting_unit_share(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<RollUpQuery>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::RollUp)?;
    if !scope.covers_unit(&code) {
        return Err(ApiError::NotFound);
    }
    let (days, by, now) = (range(query.from, query.to, &ctx)?, query.by, ctx.clock.now());
    let compared = query.before;
    let compute = async {
        let node = unit_node(&ctx, &code, days).await?;
        written(&roll_up(&ctx, &node, days, by, compared).await?)
    };
    ctx.pages.answer(format!("unit {code} {days:?} {by:?} {compared}"), Topic::Ledger, now, compute).await
}

/// A division's roll-up
///
/// Everything that lies in it, wherever it reports to, with coverage. A province is broken down to its counties by
/// `level=county`, to each county's categories with `by=child_category`.
#[utoipa::path(
    get, path = "/shares/divisions/{code}", operation_id = "division_share", tag = "share",
    security(("bearer" = [])),
    params(("code" = String, Path, description = "Code of the division", example = "910500"),
        DivisionRollUpQuery),
    responses((status = 200, body = RollUpView, description = "The roll-up"))
)]
pub async fn division_share(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<DivisionRollUpQuery>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::RollUp)?;
    let place = registry::find_division(&ctx.store.read, &code).await?.ok_or(ApiError::NotFound)?;
    if !scope.covers_division(&place) {
        return Err(ApiError::NotFound);
    }
    let (days, by, now) = (range(query.from, query.to, &ctx)?, query.by, ctx.clock.now());
    let (level, compared) = (query.level.unwrap_or_default(), query.before);
    let compute = async {
        let found = division_node_of(&ctx, &code, place, days).await?;
        let node = match level {
            PartLevel::Child => found.1,
            PartLevel::County => by_county(&ctx, found, days).await?,
        };
        written(&roll_up(&ctx, &node, days, by, compared).await?)
    };
    ctx.pages.answer(format!("division {code} {days:?} {by:?} {level:?} {compared}"), Topic::Ledger, now, compute).await
}

/// Bytes a part takes more or less: its figures under each indicator, with their names.
const PART: usize = 2_800;

/// As JSON, in memory that need not grow: that of a province by county and category is megabytes.
fn written(view: &RollUpView) -> Result<Vec<u8>, ApiError> {
    let mut json = Vec::with_capacity((view.parts.len() + 2) * PART);
    serde_json::to_writer(&mut json, view).map_err(ApiError::internal)?;
    Ok(json)
}

fn range(from: Option<NaiveDate>, to: Option<NaiveDate>, ctx: &Ctx) -> Result<(NaiveDate, NaiveDate), ApiError> {
    RangeQuery { from, to }.days(ctx.clock.now().business_day())
}
