//! The share of one school.

use super::{
    indicators::{Indicator, ReadingView, recent_indicators},
    outlook::{OutlookView, outlook},
    reading::{AmountShare, Sums, WeightShare},
    school_parts::{SchoolPartView, parts_of_school},
    sums::{ShareOf, SumRow, by_class, school_with_sums},
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Path, Query},
    ledger::{OriginClass, ProducerClass, PurchaseClass, check_range},
};
use axum::{extract::State, response::Response};
use chrono::{Datelike, NaiveDate};
use entity::{id::SchoolId, money::Fen, purchase_line::Channel, weight::Gram};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RangeQuery {
    /// First day; the first of this year unless given.
    pub from: Option<NaiveDate>,
    /// Last day; the last of this year unless given.
    pub to: Option<NaiveDate>,
}

/// How a school's figures are broken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchoolBy {
    /// By month.
    Month,
    /// By product category.
    Category,
    /// By seller.
    Supplier,
    /// By kind of seller.
    SupplierKind,
}

/// Which days, broken down how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SchoolShareQuery {
    /// First day; the first of this year unless given.
    pub from: Option<NaiveDate>,
    /// Last day; the last of this year unless given.
    pub to: Option<NaiveDate>,
    /// How the figures are broken down; not at all unless given.
    #[param(inline)]
    pub by: Option<SchoolBy>,
    /// With `true` also where the share is heading.
    #[serde(default)]
    pub outlook: bool,
}

impl RangeQuery {
    /// The days meant.
    ///
    /// # Errors
    /// 400 when `from` is after `to` or the range spans more than five years.
    pub fn days(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), ApiError> {
        let year = today.year();
        let from = self.from.or(NaiveDate::from_ymd_opt(year, 1, 1)).unwrap_or(today);
        let to = self.to.or(NaiveDate::from_ymd_opt(year.max(from.year()), 12, 31)).unwrap_or(today);
        check_range(from, to)?;
        Ok((from, to))
    }
}

/// Figures over some lines: the headline reading, the others beside it, and what they are made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Figures {
    /// The indicator shown first; null on days before there was one.
    pub headline: Option<ReadingView>,
    /// The other readings and indicators.
    pub readings: Vec<ReadingView>,
    /// Lines without proof of origin: in the denominator only (S6).
    pub unverified: AmountShare,
    /// Lines whose weight is unknown (S7).
    pub unknown_weight: UnknownWeight,
    /// Lines behind the figures.
    #[schema(example = 120)]
    pub lines: i64,
}

/// Lines whose weight is unknown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnknownWeight {
    /// How many.
    #[schema(example = 3)]
    pub lines: i64,
    /// What they cost.
    pub amount: Fen,
}

impl Figures {
    /// The figures of sums by class.
    #[must_use]
    pub fn of(indicators: &[Indicator], by_class: &BTreeMap<i32, Sums>) -> Self {
        let mut whole = Sums::default();
        let mut unverified = Fen(0);
        for (class, sums) in by_class {
            whole.add(sums);
            if PurchaseClass::from_code(*class).is_none_or(|class| !class.evidence) {
                unverified.0 += sums.amount.0;
            }
        }
        let (headline, readings): (Vec<&Indicator>, Vec<&Indicator>) =
            indicators.iter().partition(|indicator| indicator.version.headline);
        Self {
            headline: headline.first().map(|indicator| indicator.read(by_class)),
            readings: readings.into_iter().map(|indicator| indicator.read(by_class)).collect(),
            unverified: AmountShare::of(unverified, whole.amount),
            unknown_weight: UnknownWeight { lines: whole.unknown_weight_lines, amount: whole.unknown_weight_amount },
            lines: whole.lines,
        }
    }
}

/// The share of a school.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SchoolShareView {
    /// The school.
    pub school_id: SchoolId,
    /// Its name.
    #[schema(example = "雨农小学")]
    pub school_name: String,
    /// County it lies in.
    #[schema(example = "910526")]
    pub county_code: String,
    /// Unit it reports to.
    #[schema(example = "910526")]
    pub reporting_unit_code: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The figures.
    pub figures: Figures,
    /// Bought through the marketplace only.
    pub marketplace: ChannelView,
    /// Declared from outside only.
    pub declared: ChannelView,
    /// What the figures are made of.
    pub classes: Vec<ClassView>,
    /// Where the share by amount is heading, in a period that is not over.
    pub outlook: Option<OutlookView>,
    /// The parts, when asked for: exactly what adds up to the figures.
    pub parts: Vec<SchoolPartView>,
}

/// Purchases of one channel and what of them qualifies under the headline.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelView {
    /// By amount.
    pub amount: AmountShare,
    /// By weight.
    pub weight: WeightShare,
}

/// Sums of one purchase class; for a school, of all classes of one origin and evidence together (P1).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClassView {
    /// Origin, producer and evidence, a digit each; shown to authorities only (P1).
    #[schema(example = 741)]
    pub class: Option<i32>,
    /// Its first digit in words.
    pub origin: Option<OriginClass>,
    /// Its second digit in words; shown to authorities only (P1).
    pub producer: Option<ProducerClass>,
    /// Whether documents prove the origin.
    #[schema(example = true)]
    pub evidence: bool,
    /// Whether it counts under the headline; shown to authorities only (P1).
    #[schema(example = true)]
    pub qualifies: Option<bool>,
    /// Amount.
    pub amount: Fen,
    /// Known weight.
    pub weight: Gram,
    /// Lines.
    #[schema(example = 12)]
    pub lines: i64,
}

/// A school's share
///
/// Over any days, by amount and by weight, under every reading, with what is still needed to reach the target.
#[utoipa::path(
    get, path = "/shares/schools/{id}", operation_id = "school_share", tag = "share", security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school"), SchoolShareQuery),
    responses((status = 200, body = SchoolShareView, description = "The share"))
)]
pub async fn school_share(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    Query(query): Query<SchoolShareQuery>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::SchoolShare)?;
    let now = ctx.clock.now();
    let (from, to) = RangeQuery { from: query.from, to: query.to }.days(now.business_day())?;
    let (by, with_outlook) = (query.by, query.outlook);
    let key = format!("school {id} {from} {to} {by:?} {with_outlook} {}", scope.key());
    let compute = async {
        let found = school_with_sums(&ctx.store.read, id, from, to).await?;
        let covered = |(school, _): &(ShareOf, _)| scope.holds_school(id, &school.reporting_unit_code);
        let (school, rows) = found.filter(covered).ok_or(ApiError::NotFound)?;
        let indicators = recent_indicators(&ctx, to).await?;
        let shows_households = scope.shows_households_under(&school.reporting_unit_code);
        let mut view = view(school, (from, to), &indicators, &rows, shows_households);
        let headline = indicators.iter().find(|indicator| indicator.version.headline);
        if let Some(headline) = headline.filter(|_| with_outlook) {
            let days = (to, now.business_day());
            view.outlook = outlook(&ctx.store.read, id, days, headline, &rows).await?;
        }
        if let Some(by) = by {
            view.parts = parts_of_school(&ctx.store.read, id, (from, to), by, &indicators).await?;
        }
        serde_json::to_vec(&view).map_err(ApiError::internal)
    };
    ctx.pages.answer(key, Topic::School(id), now, compute).await
}

/// The share of a school over some days. Without `shows_households` its classes do not tell the producers apart (P1).
fn view(
    school: ShareOf,
    (from, to): (NaiveDate, NaiveDate),
    indicators: &[Indicator],
    rows: &[SumRow],
    shows_households: bool,
) -> SchoolShareView {
    let all = by_class(rows);
    let headline = indicators.iter().find(|indicator| indicator.version.headline);
    let counts = |class: i32| headline.is_some_and(|indicator| indicator.counts(class));
    let classes = if shows_households { classes(&all, counts) } else { origins(&all) };
    SchoolShareView {
        school_id: school.school_id,
        school_name: school.school_name,
        county_code: school.county_code,
        reporting_unit_code: school.reporting_unit_code,
        from,
        to,
        figures: Figures::of(indicators, &all),
        marketplace: channel(rows, Channel::Marketplace, counts),
        declared: channel(rows, Channel::Declared, counts),
        classes,
        outlook: None,
        parts: Vec::new(),
    }
}

/// Sums of every class.
fn classes(all: &BTreeMap<i32, Sums>, counts: impl Fn(i32) -> bool) -> Vec<ClassView> {
    all.iter()
        .map(|(code, sums)| {
            let class = PurchaseClass::from_code(*code);
            ClassView {
                class: Some(*code),
                origin: class.map(|class| class.origin),
                producer: class.map(|class| class.producer),
                evidence: class.is_some_and(|class| class.evidence),
                qualifies: Some(counts(*code)),
                amount: sums.amount,
                weight: sums.weight,
                lines: sums.lines,
            }
        })
        .collect()
}

/// Sums of every origin with and without evidence, whoever produced.
fn origins(all: &BTreeMap<i32, Sums>) -> Vec<ClassView> {
    let mut found: BTreeMap<(Option<OriginClass>, bool), Sums> = BTreeMap::new();
    for (code, sums) in all {
        let class = PurchaseClass::from_code(*code);
        let key = (class.map(|class| class.origin), class.is_some_and(|class| class.evidence));
        found.entry(key).or_default().add(sums);
    }
    let view = |((origin, evidence), sums): ((Option<OriginClass>, bool), Sums)| ClassView {
        class: None,
        origin,
        producer: None,
        evidence,
        qualifies: None,
        amount: sums.amount,
        weight: sums.weight,
        lines: sums.lines,
    };
    found.into_iter().map(view).collect()
}

fn channel(rows: &[SumRow], channel: Channel, counts: impl Fn(i32) -> bool) -> ChannelView {
    let mut whole = Sums::default();
    let mut part = Sums::default();
    for row in rows.iter().filter(|row| row.channel == channel) {
        whole.add(&row.sums());
        if counts(row.class) {
            part.add(&row.sums());
        }
    }
    ChannelView {
        amount: AmountShare::of(part.amount, whole.amount),
        weight: WeightShare::of(part.weight, whole.weight),
    }
}
