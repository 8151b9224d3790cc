//! A version of an indicator: a set of qualifying classes, a basis, a target, a validity (S5).

use crate::{
    context::Ctx,
    ledger::PurchaseClass,
    share::reading::{AmountShare, Percent, Sums, WeightShare, meets, still_needed},
};
use chrono::{Datelike, NaiveDate};
use entity::{
    id::IndicatorId,
    indicator::{self, Basis},
    indicator_class,
    money::Fen,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use utoipa::ToSchema;

/// An indicator as it held on a day.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// The version.
    pub version: indicator::Model,
    pub(super) classes: BTreeSet<i32>,
    /// By the code of a class whether it counts, and whether it would with evidence: asked for every class of every part.
    counting: Vec<(bool, bool)>,
    // What every part's reading is called.
    code: Arc<str>,
    name_zh: Arc<str>,
    name_en: Arc<str>,
}

/// An indicator and its figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingView {
    /// Stable name of the indicator.
    #[schema(value_type = String, example = "poverty_share")]
    pub indicator: Arc<str>,
    /// Chinese name.
    #[schema(value_type = String, example = "贫困地区贫困户采购占比")]
    pub name_zh: Arc<str>,
    /// English name.
    #[schema(value_type = String, example = "Share from poverty areas or registered households")]
    pub name_en: Arc<str>,
    /// By amount.
    pub amount: AmountShare,
    /// By weight.
    pub weight: WeightShare,
    /// What the target is measured by.
    pub basis: Basis,
    /// Target in percent; null where the indicator is only reported.
    #[schema(value_type = Option<String>, example = "50.00")]
    pub target: Option<Percent>,
    /// Whether the exact share reaches the target; null where undefined or without a target.
    #[schema(example = true)]
    pub meets_target: Option<bool>,
    /// Amount that must still be bought from qualifying sources to reach the target, where it is measured by amount.
    pub still_needed: Option<Fen>,
    /// The share if every unverified line were proven: the upper end of what may be true (S6).
    pub amount_if_proven: AmountShare,
}

impl Indicator {
    /// A version and the classes that qualify under it.
    #[must_use]
    pub fn new(version: indicator::Model, classes: BTreeSet<i32>) -> Self {
        let mut counting = Vec::new();
        for class in PurchaseClass::all() {
            let Ok(code) = usize::try_from(class.code()) else { continue };
            if counting.len() <= code {
                counting.resize(code + 1, (false, false));
            }
            counting[code] = (classes.contains(&class.code()), classes.contains(&class.proven().code()));
        }
        let shared = |name: &String| Arc::from(name.as_str());
        let (code, name_zh, name_en) = (shared(&version.code), shared(&version.name_zh), shared(&version.name_en));
        Self { version, classes, counting, code, name_zh, name_en }
    }

    /// Whether a class counts.
    #[must_use]
    pub fn counts(&self, class: i32) -> bool {
        self.counting(class).0
    }

    fn counting(&self, class: i32) -> (bool, bool) {
        usize::try_from(class).ok().and_then(|code| self.counting.get(code)).copied().unwrap_or_default()
    }

    /// Codes of the classes that count.
    #[must_use]
    pub fn class_codes(&self) -> Vec<i32> {
        self.classes.iter().copied().collect()
    }

    /// The indicator's figures over sums by class.
    #[must_use]
    pub fn read(&self, by_class: &BTreeMap<i32, Sums>) -> ReadingView {
        let mut whole = Sums::default();
        let mut part = Sums::default();
        let mut proven = 0;
        for (class, sums) in by_class {
            let (counts, would_count) = self.counting(*class);
            whole.add(sums);
            if counts {
                part.add(sums);
            }
            if would_count {
                proven += sums.amount.0;
            }
        }
        let target = self.version.target_bp.map(i64::from);
        let (numerator, denominator) = match self.version.basis {
            Basis::Amount => (part.amount.0, whole.amount.0),
            Basis::Weight => (part.weight.0, whole.weight.0),
        };
        ReadingView {
            indicator: Arc::clone(&self.code),
            name_zh: Arc::clone(&self.name_zh),
            name_en: Arc::clone(&self.name_en),
            amount: AmountShare::of(part.amount, whole.amount),
            weight: WeightShare::of(part.weight, whole.weight),
            basis: self.version.basis,
            target: target.map(Percent),
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
        .filter(Column::ScopeUnitCode.is_null())
        .filter(Column::RuralOnly.eq(false))
        .filter(Column::Stages.eq(""))
        .order_by_desc(Column::Headline)
        .order_by_asc(Column::Code)
        .all(db)
        .await?;
    with_classes(db, versions).await
}

/// The versions with the classes that qualify under each: one statement.
///
/// # Errors
/// When the database does not answer.
pub async fn with_classes(db: &impl ConnectionTrait, versions: Vec<indicator::Model>) -> Result<Vec<Indicator>, DbErr> {
    let ids = versions.iter().map(|version| version.id);
    let mut classes: HashMap<IndicatorId, BTreeSet<i32>> = HashMap::new();
    let of_these = indicator_class::Entity::find().filter(indicator_class::Column::IndicatorId.is_in(ids));
    for row in of_these.all(db).await? {
        classes.entry(row.indicator_id).or_default().insert(row.class);
    }
    let mut of = |version: &indicator::Model| classes.remove(&version.id).unwrap_or_default();
    Ok(versions
        .into_iter()
        .map(|version| (of(&version), version))
        .map(|(of, version)| Indicator::new(version, of))
        .collect())
}

/// The version of an indicator that held on `day`, whoever it measures; none where there was none.
///
/// # Errors
/// When the database does not answer.
pub async fn indicator_on(db: &impl ConnectionTrait, code: &str, day: NaiveDate) -> Result<Option<Indicator>, DbErr> {
    use indicator::Column;
    let version = indicator::Entity::find()
        .filter(Column::Code.eq(code))
        .filter(Column::ValidFrom.lte(day))
        .filter(Condition::any().add(Column::ValidTo.is_null()).add(Column::ValidTo.gte(day)))
        .all(db)
        .await?;
    Ok(with_classes(db, version).await?.pop())
}

/// The same, from memory where they were read within the last second.
///
/// # Errors
/// When the database does not answer.
pub async fn recent_indicators(ctx: &Ctx, day: NaiveDate) -> Result<Arc<Vec<Indicator>>, DbErr> {
    let key = i64::from(day.num_days_from_ce());
    ctx.recent.table(key, ctx.clock.now(), indicators_on(&ctx.store.read, day)).await
}
