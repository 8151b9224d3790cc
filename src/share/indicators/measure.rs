//! One indicator over a place and what lies directly below it, among the schools it measures.

use super::{
    population::Population,
    version::{Indicator, ReadingView, indicator_on},
};
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, Path, Query},
    registry,
    share::{
        area::Within,
        area_sums::{ByClass, add, of_area, whole},
        coverage::{self, Coverage, Days},
        node::{Child, Node, division_node, unit_node},
        rollup::exact_months,
        school::RangeQuery,
    },
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// An indicator's figures for a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorShareView {
    /// Code of the unit or division.
    #[schema(example = "910500")]
    pub code: String,
    /// Its name.
    #[schema(example = "青石市")]
    pub name: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The figures of all of it: exactly the sums of the parts.
    pub reading: ReadingView,
    /// Schools measured.
    pub coverage: Coverage,
    /// Parts that bought anything.
    #[schema(example = 8)]
    pub parts_with_purchases: usize,
    /// Those of them that reach the target.
    #[schema(example = 6)]
    pub parts_on_target: usize,
    /// What lies directly below: units, divisions, at the bottom schools.
    pub parts: Vec<IndicatorPartView>,
}

/// A part of a place under an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorPartView {
    /// Code of the unit or division, or id of the school.
    #[schema(example = "910526")]
    pub key: String,
    /// Its name.
    #[schema(example = "松坡县")]
    pub name: String,
    /// The figures.
    pub reading: ReadingView,
    /// Schools measured.
    pub coverage: Coverage,
}

/// One of the two hierarchies (S10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tree {
    /// Who reports to whom: units and, below them, schools.
    #[default]
    Reporting,
    /// What lies where: prefectures, counties, townships, schools.
    Geography,
}

/// Which months, which place.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IndicatorShareQuery {
    /// First of a month; the first of this year unless given.
    pub from: Option<NaiveDate>,
    /// Last of a month; the last of this year unless given.
    pub to: Option<NaiveDate>,
    /// Code of the place.
    #[param(example = "910500")]
    pub place: String,
    /// In which hierarchy that is a place; the reporting tree unless given.
    #[param(inline)]
    pub tree: Option<Tree>,
}

/// An indicator's share
///
/// Of the schools it measures in a unit or a division, and of each part of it, under the version that holds on the last
/// day; with how many parts reach the target.
#[utoipa::path(
    get, path = "/indicators/{code}/share", operation_id = "indicator_share", tag = "share", security(("bearer" = [])),
    params(("code" = String, Path, description = "Name of the indicator", example = "poverty_share"), IndicatorShareQuery),
    responses((status = 200, body = IndicatorShareView, description = "The figures"))
)]
pub async fn indicator_share(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(code): Path<String>,
    Query(query): Query<IndicatorShareQuery>,
) -> Result<Json<IndicatorShareView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::RollUp)?;
    let days = RangeQuery { from: query.from, to: query.to }.days(ctx.clock.now().business_day())?;
    exact_months(days.0, days.1)?;
    let node = node_of(&ctx, &scope, query.tree.unwrap_or_default(), &query.place, days).await?;
    let indicator = indicator_on(&ctx.store.read, &code, days.1).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(measure(&ctx, &node, days, &indicator).await?))
}

/// A place of one of the two hierarchies (S10).
///
/// # Errors
/// 404 for what is not there or not in the scope.
pub(in crate::share) async fn node_of(
    ctx: &Ctx,
    scope: &Scope,
    tree: Tree,
    code: &str,
    days: (NaiveDate, NaiveDate),
) -> Result<Node, ApiError> {
    covered(ctx, scope, tree, code).await?;
    covered_node(ctx, tree, code, days).await
}

/// Whether a place lies in the scope; of a unit that takes no look at the database.
///
/// # Errors
/// 404 for what is not there or not in the scope.
pub(in crate::share) async fn covered(ctx: &Ctx, scope: &Scope, tree: Tree, code: &str) -> Result<(), ApiError> {
    let covers = match tree {
        Tree::Reporting => scope.covers_unit(code),
        Tree::Geography => {
            let place = registry::find_division(&ctx.store.read, code).await?.ok_or(ApiError::NotFound)?;
            scope.covers_division(&place)
        }
    };
    if covers { Ok(()) } else { Err(ApiError::NotFound) }
}

/// The same place, for whoever asked [`covered`] before.
///
/// # Errors
/// 404 for what is not there.
pub(in crate::share) async fn covered_node(
    ctx: &Ctx,
    tree: Tree,
    code: &str,
    days: (NaiveDate, NaiveDate),
) -> Result<Node, ApiError> {
    match tree {
        Tree::Reporting => unit_node(ctx, code, days).await,
        Tree::Geography => Ok(division_node(ctx, code, days).await?.1),
    }
}

/// The figures of an indicator over a node and its parts: a statement for the sums and one for the coverage.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn measure(
    ctx: &Ctx,
    node: &Node,
    (from, to): (NaiveDate, NaiveDate),
    indicator: &Indicator,
) -> Result<IndicatorShareView, ApiError> {
    let months = exact_months(from, to)?;
    let db = &ctx.store.read;
    let population = Population::of(db, &indicator.version).await?;
    let days = Days { from, to, today: ctx.clock.now().business_day() };
    let (found, covered, below) = tokio::try_join!(
        of_area(db, &node.area, months, node.group, Within::Whole, &population),
        coverage::of_area(db, &node.area, months, days, node.group, &population),
        node.parts(db, (from, to)),
    )?;
    let mut sums: HashMap<String, ByClass> = HashMap::new();
    for (of, by_class) in &found {
        add(sums.entry(below.part(&of.key)).or_default(), by_class);
    }
    let mut coverage = Coverage::default();
    let mut coverages: HashMap<String, Coverage> = HashMap::new();
    for (key, part) in &covered {
        coverage.add(part);
        coverages.entry(below.part(key)).or_default().add(part);
    }
    let nothing = ByClass::new();
    let measured = |child: &Child| IndicatorPartView {
        key: child.code.clone(),
        name: child.name.clone(),
        reading: indicator.read(sums.get(&child.code).unwrap_or(&nothing)),
        coverage: coverages.get(&child.code).copied().unwrap_or_default(),
    };
    // A part without a school that is measured is none of this indicator's.
    let concerned = |part: &IndicatorPartView| sums.contains_key(&part.key) || coverages.contains_key(&part.key);
    let parts: Vec<IndicatorPartView> = below.children.iter().map(measured).filter(concerned).collect();
    Ok(IndicatorShareView {
        code: node.code.clone(),
        name: node.name.clone(),
        from,
        to,
        reading: indicator.read(&whole(&found)),
        coverage,
        parts_with_purchases: parts.iter().filter(|part| part.reading.amount.percent.is_some()).count(),
        parts_on_target: parts.iter().filter(|part| part.reading.meets_target == Some(true)).count(),
        parts,
    })
}
