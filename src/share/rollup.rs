//! Roll-ups in both hierarchies: sums of numerators and denominators, never averages (S9, S10).

use super::{
    area::{Group, Within},
    area_sums::{ByClass, Of, add, of_area, whole},
    coverage::{self, Coverage, Days},
    indicators::{Indicator, Population, ReadingView, recent_indicators},
    node::{Child, Node, Parts},
    school::Figures,
    sums::{months_before, whole_months},
};
use crate::{
    context::Ctx,
    http::{ApiError, FieldError, Text},
};
use chrono::NaiveDate;
use entity::category;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, btree_map::Entry},
};
use utoipa::ToSchema;

/// How a roll-up is broken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By what lies directly below: units, divisions, at the bottom schools.
    Child,
    /// By month.
    Month,
    /// By product category.
    Category,
    /// By what lies directly below, and by month.
    ChildMonth,
    /// By what lies directly below, and by product category.
    ChildCategory,
}

/// Which parts a breakdown by place has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartLevel {
    /// What lies directly below.
    #[default]
    Child,
    /// The counties, of a province as of a prefecture.
    County,
}

impl By {
    fn is_by_place(self) -> bool {
        matches!(self, Self::Child | Self::ChildMonth | Self::ChildCategory)
    }
}

/// A roll-up.
#[derive(Debug, Serialize, ToSchema)]
pub struct RollUpView {
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
    pub figures: Figures,
    /// Schools behind the figures.
    pub coverage: Coverage,
    /// The headline in as many months before, when asked for.
    pub before: Option<ReadingView>,
    /// The parts, when asked for.
    pub parts: Vec<PartView>,
}

/// A part of a roll-up.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartView {
    /// Code of the unit, division, category, or id of the school; empty in a breakdown by month.
    #[schema(example = "910526")]
    pub key: String,
    /// Its name.
    #[schema(example = "松坡县")]
    pub name: String,
    /// Its English name, in a breakdown by category; places have none.
    #[schema(example = "Vegetables")]
    pub name_en: Option<String>,
    /// Month as year * 100 + month, in a breakdown by month.
    #[schema(example = 202_603)]
    pub month: Option<i32>,
    /// Product category, in a breakdown by place and category.
    pub category: Option<PartCategory>,
    /// The figures.
    pub figures: Figures,
    /// Schools behind them; null where the breakdown is not by place.
    pub coverage: Option<Coverage>,
    /// The headline in as many months before, when asked for; null in a breakdown by month.
    pub before: Option<ReadingView>,
}

/// The product category of a part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartCategory {
    /// Its code.
    #[schema(example = "VEGETABLE")]
    pub code: String,
    /// Its Chinese name.
    #[schema(example = "蔬菜")]
    pub name: String,
    /// Its English name.
    #[schema(example = "Vegetables")]
    pub name_en: String,
}

/// Rolls a node up over whole months.
///
/// # Errors
/// 400 when the range is not made of whole months.
pub async fn roll_up(
    ctx: &Ctx,
    node: &Node,
    (from, to): (NaiveDate, NaiveDate),
    by: Option<By>,
    compared: bool,
) -> Result<RollUpView, ApiError> {
    let months = exact_months(from, to)?;
    let db = &ctx.store.read;
    let indicators = recent_indicators(ctx, to).await?;
    let by_place = by.is_some_and(By::is_by_place);
    let group = match by {
        Some(By::Category) => Group::Category,
        Some(by) if by.is_by_place() => node.group,
        _ => Group::None,
    };
    let within = match by {
        Some(By::Month | By::ChildMonth) => Within::Month,
        Some(By::ChildCategory) => Within::Category,
        _ => Within::Whole,
    };
    let everyone = Population::default();
    let coverage_group = if by_place { node.group } else { Group::None };
    let days = Days { from, to, today: ctx.clock.now().business_day() };
    let below = async { if by_place { node.parts(db, (from, to)).await } else { Ok(Cow::Owned(Parts::default())) } };
    let (sums, covered, below) = tokio::try_join!(
        of_area(db, &node.area, months, group, within, &everyone),
        coverage::of_area(db, &node.area, months, days, coverage_group, &everyone),
        below,
    )?;
    let figures = Figures::of(&indicators, &whole(&sums));
    let mut coverage = Coverage::default();
    for part in covered.values() {
        coverage.add(part);
    }
    let categories = match by {
        Some(By::Category | By::ChildCategory) => categories(db).await?,
        _ => BTreeMap::new(),
    };
    let mut parts = match by {
        None => Vec::new(),
        Some(By::Category) => {
            let named = |row: &PartCategory| Child { code: row.code.clone(), name: row.name.clone() };
            let named: Vec<Child> = categories.values().map(named).collect();
            let mut parts = parts(&indicators, gathered(&below, sums), &named, None);
            for part in &mut parts {
                part.name_en = categories.get(&part.key).map(|row| row.name_en.clone());
            }
            parts
        }
        Some(By::Month) => {
            let whole = vec![Child { code: String::new(), name: String::new() }];
            parts(&indicators, gathered(&below, sums), &whole, None)
        }
        Some(By::Child | By::ChildMonth | By::ChildCategory) => {
            let mut by_part: HashMap<String, Coverage> = HashMap::new();
            for (key, part) in &covered {
                by_part.entry(below.part(key)).or_default().add(part);
            }
            parts(&indicators, gathered(&below, sums), &below.children, Some(&by_part))
        }
    };
    if by == Some(By::ChildCategory) {
        for part in &mut parts {
            part.category = part.category.take().map(|row| categories.get(&row.code).cloned().unwrap_or(row));
        }
    }
    let mut before = None;
    let headline = indicators.iter().find(|indicator| indicator.version.headline);
    if let Some(headline) = headline.filter(|_| compared) {
        let within = if within == Within::Month { Within::Whole } else { within };
        let sums = of_area(db, &node.area, months_before(months), group, within, &everyone).await?;
        before = Some(headline.read(&whole(&sums)));
        let sums = gathered(&below, sums);
        for part in parts.iter_mut().filter(|part| part.month.is_none()) {
            let category = part.category.as_ref().map(|category| category.code.clone()).unwrap_or_default();
            let then = sums.get(&part.key).and_then(|parts| parts.get(&(0, category)));
            part.before = Some(headline.read(then.unwrap_or(&ByClass::new())));
        }
    }
    Ok(RollUpView { before, code: node.code.clone(), name: node.name.clone(), from, to, figures, coverage, parts })
}

/// Product categories by their codes.
async fn categories(db: &impl ConnectionTrait) -> Result<BTreeMap<String, PartCategory>, DbErr> {
    let rows = category::Entity::find().order_by_asc(category::Column::Code).all(db).await?;
    let named = |row: category::Model| PartCategory { code: row.code, name: row.name_zh, name_en: row.name_en };
    Ok(rows.into_iter().map(named).map(|row| (row.code.clone(), row)).collect())
}

/// Roll-ups are kept by month; any other range would silently leave days out.
pub(super) fn exact_months(from: NaiveDate, to: NaiveDate) -> Result<(i32, i32), ApiError> {
    let starts = chrono::Datelike::day(&from) == 1;
    let ends = to.succ_opt().is_some_and(|next| chrono::Datelike::day(&next) == 1);
    whole_months(from, to).filter(|_| starts && ends).ok_or_else(|| {
        ApiError::Malformed(FieldError::new(
            "?from",
            "range_not_whole_months",
            Text::new(
                "汇总按整月计算：起始日须为月初，截止日须为月末。",
                "Roll-ups are by whole months: from the first of a month to the last of one.",
            ),
        ))
    })
}

/// Sums by class of each month and category, zero and empty where they are not told apart.
type ByMonthAndCategory = BTreeMap<(i32, String), ByClass>;

/// The sums of each part of a node.
fn gathered(below: &Parts, sums: HashMap<Of, ByClass>) -> HashMap<String, ByMonthAndCategory> {
    let mut parts: HashMap<String, ByMonthAndCategory> = HashMap::new();
    for (of, sums) in sums {
        match parts.entry(below.part(&of.key)).or_default().entry((of.month, of.category)) {
            Entry::Vacant(first) => drop(first.insert(sums)),
            Entry::Occupied(mut others) => add(others.get_mut(), &sums),
        }
    }
    parts
}

fn parts(
    indicators: &[Indicator],
    mut sums: HashMap<String, ByMonthAndCategory>,
    children: &[Child],
    coverage: Option<&HashMap<String, Coverage>>,
) -> Vec<PartView> {
    let mut views = Vec::new();
    for child in children {
        let mut found = sums.remove(&child.code).unwrap_or_default();
        if found.is_empty() && coverage.is_some() {
            // A place without purchases is shown all the same: its share is undefined, not missing.
            found.insert((0, String::new()), ByClass::new());
        }
        for ((month, category), by_class) in found {
            let named = |code| PartCategory { code, name: String::new(), name_en: String::new() };
            views.push(PartView {
                key: child.code.clone(),
                name: child.name.clone(),
                name_en: None,
                month: (month > 0).then_some(month),
                category: (!category.is_empty()).then(|| named(category)),
                figures: Figures::of(indicators, &by_class),
                coverage: coverage.map(|coverage| coverage.get(&child.code).copied().unwrap_or_default()),
                before: None,
            });
        }
    }
    views
}
