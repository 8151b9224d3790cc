//! Indicators as dated data: a set of qualifying classes, a basis, a target, a validity (S5).

use super::reading::{AmountShare, Sums, WeightShare, meets, percent, still_needed};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Query},
    ledger::{PurchaseClass, check_range},
};
use axum::{Json, extract::State};
use chrono::{Datelike, NaiveDate};
use entity::{
    indicator::{self, Basis},
    indicator_class,
    money::Fen,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use utoipa::{IntoParams, ToSchema};

/// An indicator as it held on a day.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// The version.
    pub version: indicator::Model,
    classes: HashSet<i32>,
}

/// An indicator and its figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingView {
    /// Stable name of the indicator.
    #[schema(example = "poverty_share")]
    pub indicator: String,
    /// Chinese name.
    #[schema(example = "贫困地区贫困户采购占比")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "Share from poverty areas or registered households")]
    pub name_en: String,
    /// By amount.
    pub amount: AmountShare,
    /// By weight.
    pub weight: WeightShare,
    /// What the target is measured by.
    pub basis: Basis,
    /// Target in percent; null where the indicator is only reported.
    #[schema(example = "50.00")]
    pub target: Option<String>,
    /// Whether the exact share reaches the target; null where undefined or without a target.
    #[schema(example = true)]
    pub meets_target: Option<bool>,
    /// Amount that must still be bought from qualifying sources to reach the target, where it is measured by amount.
    pub still_needed: Option<Fen>,
    /// The share if every unverified line were proven: the upper end of what may be true (S6).
    pub amount_if_proven: AmountShare,
}

impl Indicator {
    /// Whether a class counts.
    #[must_use]
    pub fn counts(&self, class: i32) -> bool {
        self.classes.contains(&class)
    }

    /// The indicator's figures over sums by class.
    #[must_use]
    pub fn read(&self, by_class: &BTreeMap<i32, Sums>) -> ReadingView {
        let mut whole = Sums::default();
        let mut part = Sums::default();
        let mut proven = 0;
        for (class, sums) in by_class {
            whole.add(sums);
            if self.counts(*class) {
                part.add(sums);
            }
            if PurchaseClass::from_code(*class).is_some_and(|class| self.counts(class.proven().code())) {
                proven += sums.amount.0;
            }
        }
        let target = self.version.target_bp.map(i64::from);
        let (numerator, denominator) = match self.version.basis {
            Basis::Amount => (part.amount.0, whole.amount.0),
            Basis::Weight => (part.weight.0, whole.weight.0),
        };
        ReadingView {
            indicator: self.version.code.clone(),
            name_zh: self.version.name_zh.clone(),
            name_en: self.version.name_en.clone(),
            amount: AmountShare::of(part.amount, whole.amount),
            weight: WeightShare::of(part.weight, whole.weight),
            basis: self.version.basis,
            target: target.map(percent),
            meets_target: target.and_then(|target| meets(numerator, denominator, target)),
            still_needed: target
                .filter(|_| self.version.basis == Basis::Amount && denominator > 0)
                .and_then(|target| still_needed(numerator, denominator, target))
                .map(Fen),
            amount_if_proven: AmountShare::of(Fen(proven), whole.amount),
        }
    }
}

/// The indicators for all canteens of the province that hold on `day`, the headline first: two statements.
///
/// # Errors
/// When the database does not answer.
pub async fn indicators_on(db: &impl ConnectionTrait, day: NaiveDate) -> Result<Vec<Indicator>, DbErr> {
    use indicator::Column;
    let versions = indicator::Entity::find()
        .filter(Column::ValidFrom.lte(day))
        .filter(Condition::any().add(Column::ValidTo.is_null()).add(Column::ValidTo.gte(day)))
        .filter(Column::ScopeDivisionCode.is_null())
        .filter(Column::RuralOnly.eq(false))
        .filter(Column::Stages.eq(""))
        .order_by_desc(Column::Headline)
        .order_by_asc(Column::Code)
        .all(db)
        .await?;
    let ids = versions.iter().map(|version| version.id);
    let classes =
        indicator_class::Entity::find().filter(indicator_class::Column::IndicatorId.is_in(ids)).all(db).await?;
    Ok(versions
        .into_iter()
        .map(|version| {
            let of_this = classes.iter().filter(|row| row.indicator_id == version.id);
            Indicator { classes: of_this.map(|row| row.class).collect(), version }
        })
        .collect())
}

/// The same, from memory where they were read within the last second.
///
/// # Errors
/// When the database does not answer.
pub async fn recent_indicators(ctx: &Ctx, day: NaiveDate) -> Result<Arc<Vec<Indicator>>, DbErr> {
    let key = i64::from(day.num_days_from_ce());
    ctx.recent.table(key, ctx.clock.now(), indicators_on(&ctx.store.read, day)).await
}

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
    #[schema(example = "50.00")]
    pub target: Option<String>,
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
    let view = |indicator: Indicator| {
        let mut classes: Vec<i32> = indicator.classes.into_iter().collect();
        classes.sort_unstable();
        let version = indicator.version;
        IndicatorView {
            code: version.code,
            name_zh: version.name_zh,
            name_en: version.name_en,
            headline: version.headline,
            basis: version.basis,
            target: version.target_bp.map(|bp| percent(i64::from(bp))),
            classes,
            valid_from: version.valid_from,
            valid_to: version.valid_to,
            source: version.source,
        }
    };
    Ok(Json(found.into_iter().map(view).collect()))
}
