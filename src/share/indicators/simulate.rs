//! Simulate an indicator: what a draft would have shown over months that are over.

use super::{
    draft::{IndicatorMeasure, Label},
    measure::{IndicatorShareView, Tree, measure, node_of},
    version::indicator_on,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Text},
    ledger::check_range,
    share::{indicators::recent_indicators, rollup::exact_months},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A draft, and where and when it is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateIndicatorRequest {
    /// What it would measure.
    pub measure: IndicatorMeasure,
    /// First of a month.
    #[schema(example = "2026-02-01")]
    pub from: NaiveDate,
    /// Last of a month that is over.
    #[schema(example = "2026-02-28")]
    pub to: NaiveDate,
    /// Code of the place.
    #[schema(example = "910500")]
    pub place: String,
    /// In which hierarchy that is a place; the reporting tree unless given.
    pub tree: Option<Tree>,
    /// Name of the indicator it is held against; the headline unless given.
    #[schema(example = "poverty_share")]
    pub compared_with: Option<String>,
}

/// A draft beside what holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorSimulationView {
    /// What the draft would have shown.
    pub draft: IndicatorShareView,
    /// What the indicator showed that held on the last day; null where none did.
    pub current: Option<IndicatorShareView>,
}

/// Simulate an indicator
///
/// What a draft would have shown over months that are over, beside the indicator that held: for the place, each part of it,
/// and how many parts reach the target. Nothing is stored, nothing that was published changes.
#[utoipa::path(
    post, path = "/indicators/simulate", operation_id = "simulate_indicator", tag = "share", security(("bearer" = [])),
    request_body = SimulateIndicatorRequest,
    responses((status = 200, body = IndicatorSimulationView, description = "Both"))
)]
pub async fn simulate_indicator(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<SimulateIndicatorRequest>,
) -> Result<Json<IndicatorSimulationView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::RollUp)?;
    let body = command.body;
    let days = (body.from, body.to);
    check_range(days.0, days.1)?;
    exact_months(days.0, days.1)?;
    let db = &ctx.store.read;
    let mut check = Check::default();
    check.that(
        days.1 < ctx.clock.now().business_day(),
        "/to",
        "period_not_over",
        Text::new("只能对已结束的月份进行模拟。", "Only months that are over can be simulated."),
    );
    let name = "draft".to_owned();
    let label = Label {
        id: ctx.ids.next(),
        code: name.clone(),
        name_zh: "草案".to_owned(),
        name_en: "Draft".to_owned(),
        headline: false,
        valid_from: days.0,
        valid_to: Some(days.1),
        source: name,
    };
    let drafted = body.measure.indicator(db, &mut check, "/measure", label).await?;
    let current = match &body.compared_with {
        None => recent_indicators(&ctx, days.1).await?.iter().find(|one| one.version.headline).cloned(),
        Some(code) => {
            let found = indicator_on(db, code, days.1).await?;
            check.that(
                found.is_some(),
                "/compared_with",
                "indicator_unknown",
                Text::new("该日没有此指标。", "No such indicator held on that day."),
            );
            found
        }
    };
    check.finish()?;
    let node = node_of(&ctx, &scope, body.tree.unwrap_or_default(), &body.place, days).await?;
    let draft = measure(&ctx, &node, days, &drafted).await?;
    let current = match &current {
        Some(current) => Some(measure(&ctx, &node, days, current).await?),
        None => None,
    };
    Ok(Json(IndicatorSimulationView { draft, current }))
}
