//! Roll-ups in both hierarchies: sums of numerators and denominators, never averages (S9, S10).

use super::{
    coverage::{self, Coverage, Days},
    indicators::{Indicator, Population, ReadingView, recent_indicators},
    reading::Sums,
    school::Figures,
    sums::{Area, Group, SumRow, Within, by_class, months_before, of_area, whole_months},
};
use crate::{
    context::Ctx,
    http::{ApiError, FieldError, Text},
    registry,
};
use chrono::NaiveDate;
use entity::{
    category,
    division::{self, DivisionLevel},
    id::SchoolId,
    reporting_unit,
    time::month_of,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Select, Statement,
    Value,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
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

/// One part of a breakdown by place: its code, its name, and the keys of the totals that belong to it.
pub struct Child {
    pub(super) code: String,
    pub(super) name: String,
}

/// A place in one of the two hierarchies, ready to be summed.
pub struct Node {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    pub(super) area: Area,
    /// Parts below, in order.
    pub(super) children: Vec<Child>,
    /// By what totals are grouped to find a part.
    pub(super) group: Group,
    /// Part of each key of that group; for schools the key is the part.
    part_of: HashMap<String, String>,
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
    let rows = of_area(db, &node.area, months, group, within, &everyone).await?;
    let coverage_group = if by_place { node.group } else { Group::None };
    let days = Days { from, to, today: ctx.clock.now().business_day() };
    let covered = coverage::of_area(db, &node.area, months, days, coverage_group, &everyone).await?;
    let mut coverage = Coverage::default();
    for part in covered.values() {
        coverage.add(part);
    }
    let known = match by {
        Some(By::Category | By::ChildCategory) => {
            category::Entity::find().order_by_asc(category::Column::Code).all(db).await?
        }
        _ => Vec::new(),
    };
    let mut parts = match by {
        None => Vec::new(),
        Some(By::Category) => {
            let mut english: HashMap<String, String> = HashMap::new();
            let mut named = Vec::new();
            for row in known {
                english.insert(row.code.clone(), row.name_en);
                named.push(Child { code: row.code, name: row.name_zh });
            }
            let mut found = parts(&indicators, &rows, &named, |row| row.key.clone(), None);
            for part in &mut found {
                part.name_en = english.remove(&part.key);
            }
            found
        }
        Some(By::Month) => {
            parts(&indicators, &rows, &[Child { code: String::new(), name: String::new() }], |_| String::new(), None)
        }
        Some(By::Child | By::ChildMonth | By::ChildCategory) => {
            let mut by_part: HashMap<String, Coverage> = HashMap::new();
            for (key, part) in &covered {
                by_part.entry(node.part(key)).or_default().add(part);
            }
            let mut found = parts(&indicators, &rows, &node.children, |row| node.part(&row.key), Some(&by_part));
            for part in found.iter_mut().filter_map(|part| part.category.as_mut()) {
                if let Some(row) = known.iter().find(|row| row.code == part.code) {
                    (part.name, part.name_en) = (row.name_zh.clone(), row.name_en.clone());
                }
            }
            found
        }
    };
    let mut before = None;
    let headline = indicators.iter().find(|indicator| indicator.version.headline);
    if let Some(headline) = headline.filter(|_| compared) {
        let within = if within == Within::Month { Within::Whole } else { within };
        let rows = of_area(db, &node.area, months_before(months), group, within, &everyone).await?;
        before = Some(headline.read(&by_class(&rows)));
        let mut sums: HashMap<(String, String), BTreeMap<i32, Sums>> = HashMap::new();
        for row in &rows {
            let part = if by_place { node.part(&row.key) } else { row.key.clone() };
            sums.entry((part, row.category.clone())).or_default().entry(row.class).or_default().add(&row.sums());
        }
        for part in parts.iter_mut().filter(|part| part.month.is_none()) {
            let category = part.category.as_ref().map(|category| category.code.clone()).unwrap_or_default();
            part.before = Some(headline.read(sums.get(&(part.key.clone(), category)).unwrap_or(&BTreeMap::new())));
        }
    }
    Ok(RollUpView {
        before,
        code: node.code.clone(),
        name: node.name.clone(),
        from,
        to,
        figures: Figures::of(&indicators, &by_class(&rows)),
        coverage,
        parts,
    })
}

impl Node {
    pub(super) fn part(&self, key: &str) -> String {
        self.part_of.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }
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
type ByMonthAndCategory<'a> = BTreeMap<(i32, &'a str), BTreeMap<i32, Sums>>;

fn parts(
    indicators: &[Indicator],
    rows: &[SumRow],
    children: &[Child],
    part_of: impl Fn(&SumRow) -> String,
    coverage: Option<&HashMap<String, Coverage>>,
) -> Vec<PartView> {
    let mut sums: HashMap<String, ByMonthAndCategory> = HashMap::new();
    for row in rows {
        let part = sums.entry(part_of(row)).or_default().entry((row.month, row.category.as_str())).or_default();
        part.entry(row.class).or_default().add(&row.sums());
    }
    let mut views = Vec::new();
    for child in children {
        let mut found = sums.remove(&child.code).unwrap_or_default();
        if found.is_empty() && coverage.is_some() {
            // A place without purchases is shown all the same: its share is undefined, not missing.
            found.insert((0, ""), BTreeMap::new());
        }
        for ((month, category), by_class) in found {
            let named =
                |code: &str| PartCategory { code: code.to_owned(), name: String::new(), name_en: String::new() };
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

#[derive(FromQueryResult)]
struct SchoolRow {
    id: SchoolId,
    name: String,
}

/// The schools that belonged to an area at some time of the period, and were open then or bought all the same.
async fn schools_of(
    db: &impl ConnectionTrait,
    area: &Area,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<(Vec<Child>, HashMap<String, String>), ApiError> {
    let (seats, values) = area.seats(5);
    let sql = format!(
        "select distinct s.id, s.code, s.name from school_affiliation a join school s on s.id = a.school_id \
         where a.from_on <= $2 and (a.to_on is null or a.to_on >= $1) and {seats} \
         and (s.opened_on <= $2 and (s.closed_on is null or s.closed_on >= $1) or exists (select 1 \
         from school_month_total t where t.county_code = a.county_code and t.school_id = a.school_id \
         and t.month between $3 and $4)) order by s.code"
    );
    let mut bound: Vec<Value> = vec![from.into(), to.into(), month_of(from).into(), month_of(to).into()];
    bound.extend(values);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, bound);
    let schools = SchoolRow::find_by_statement(statement).all(db).await?;
    let children = schools.into_iter().map(|school| Child { code: school.id.to_string(), name: school.name });
    let children: Vec<Child> = children.collect();
    // SQLite shows ids without hyphens.
    let part_of = children.iter().map(|child| (child.code.replace('-', ""), child.code.clone())).collect();
    Ok((children, part_of))
}

/// A unit of the reporting tree, with what reported to it in the period.
///
/// # Errors
/// 404 when there is none.
pub async fn unit_node(ctx: &Ctx, code: &str, days: (NaiveDate, NaiveDate)) -> Result<Node, ApiError> {
    let db = &ctx.store.read;
    // A hundred rows at most: one for each unit of the province.
    let units = reporting_unit::Entity::find().order_by_asc(reporting_unit::Column::Code).all(db).await?;
    let unit = units.iter().find(|unit| unit.code == code).ok_or(ApiError::NotFound)?;
    let below = |top: &str| {
        let mut found = vec![top.to_owned()];
        let mut next = 0;
        while next < found.len() {
            let parent = found[next].clone();
            found
                .extend(units.iter().filter(|it| it.parent_code.as_deref() == Some(&parent)).map(|it| it.code.clone()));
            next += 1;
        }
        found
    };
    let children: Vec<Child> = units
        .iter()
        .filter(|child| child.parent_code.as_deref() == Some(code))
        .map(|child| Child { code: child.code.clone(), name: child.name.clone() })
        .collect();
    let (name, area) = (unit.name.clone(), Area::Units(below(code)));
    if children.is_empty() {
        let (children, part_of) = schools_of(db, &area, days).await?;
        return Ok(Node { code: code.to_owned(), name, area, children, group: Group::School, part_of });
    }
    let mut part_of: HashMap<String, String> = children
        .iter()
        .flat_map(|child| below(&child.code).into_iter().map(|unit| (unit, child.code.clone())))
        .collect();
    let mut children = children;
    let (reports_here, _) = schools_of(db, &Area::Units(vec![code.to_owned()]), days).await?;
    if !reports_here.is_empty() {
        // Schools that report to this very unit stand beside the units below it.
        part_of.insert(code.to_owned(), code.to_owned());
        children.push(Child { code: code.to_owned(), name: format!("{name}（直报）") });
    }
    Ok(Node { code: code.to_owned(), name, area, children, group: Group::Unit, part_of })
}

/// A division of the geographic tree, with what lay in it in the period.
///
/// # Errors
/// 404 when there is none, or none of this province.
pub async fn division_node(
    ctx: &Ctx,
    code: &str,
    days: (NaiveDate, NaiveDate),
) -> Result<(division::Model, Node), ApiError> {
    let db = &ctx.store.read;
    let asked = division::Entity::find_by_id(code).one(db).await?.ok_or(ApiError::NotFound)?;
    // A code that is no more stands for its successor, except in a period it saw the end of: there it is history.
    let is_past = asked.valid_to.is_none_or(|last| last >= days.1);
    let place = if is_past { asked } else { registry::find_division(db, code).await?.ok_or(ApiError::NotFound)? };
    let code = place.code.as_str();
    let below = |parent: String| async move {
        lasting(days).filter(division::Column::ParentCode.eq(parent)).order_by_asc(division::Column::Code).all(db).await
    };
    let (area, children, group, part_of) = match place.level {
        DivisionLevel::Province => {
            let prefectures = below(place.code.clone()).await?;
            (Area::All, prefectures.iter().map(Child::of).collect(), Group::Prefecture, HashMap::new())
        }
        DivisionLevel::Prefecture => {
            let counties = below(place.code.clone()).await?;
            let mut codes: Vec<String> = counties.iter().map(|county| county.code.clone()).collect();
            // What was written down under a code before anybody entered that it was over counts under its successor.
            let gone = gone(days).filter(division::Column::ParentCode.eq(place.code.as_str())).all(db).await?;
            codes.extend(gone.iter().map(|county| county.code.clone()));
            let part_of = successors(gone);
            (Area::Counties(codes), counties.iter().map(Child::of).collect(), Group::County, part_of)
        }
        DivisionLevel::County => {
            let area = Area::Counties(registry::territory(db, &place).await?);
            let (children, part_of) = schools_of(db, &area, days).await?;
            (area, children, Group::School, part_of)
        }
        DivisionLevel::Township => {
            let parent = place.parent_code.as_deref().unwrap_or_default();
            let county = division::Entity::find_by_id(parent).one(db).await?.ok_or(ApiError::NotFound)?;
            let area = Area::Township {
                counties: registry::territory(db, &county).await?,
                townships: registry::territory(db, &place).await?,
            };
            let (children, part_of) = schools_of(db, &area, days).await?;
            (area, children, Group::School, part_of)
        }
        DivisionLevel::OtherProvince | DivisionLevel::OtherCounty => return Err(ApiError::NotFound),
    };
    let node = Node { code: code.to_owned(), name: place.name.clone(), area, children, group, part_of };
    Ok((place, node))
}

/// The same division with its counties as its parts.
///
/// # Errors
/// 400 for a division that has none.
pub async fn by_county(
    ctx: &Ctx,
    (place, node): (division::Model, Node),
    days: (NaiveDate, NaiveDate),
) -> Result<Node, ApiError> {
    let db = &ctx.store.read;
    match place.level {
        DivisionLevel::Prefecture => Ok(node),
        DivisionLevel::Province => {
            let of_level = division::Column::Level.eq(DivisionLevel::County);
            let counties = lasting(days).filter(of_level.clone()).order_by_asc(division::Column::Code).all(db).await?;
            let part_of = successors(gone(days).filter(of_level).all(db).await?);
            let children = counties.iter().map(Child::of).collect();
            Ok(Node { children, group: Group::County, part_of, ..node })
        }
        _ => Err(ApiError::Malformed(FieldError::new(
            "?level",
            "no_counties_below",
            Text::new("该区划之下没有县。", "No counties lie below this division."),
        ))),
    }
}

impl Child {
    fn of(place: &division::Model) -> Self {
        Self { code: place.code.clone(), name: place.name.clone() }
    }
}

/// Divisions that lasted at some time of the period.
fn lasting((from, to): (NaiveDate, NaiveDate)) -> Select<division::Entity> {
    let (begins, ends) = (division::COLUMN.valid_from, division::COLUMN.valid_to);
    division::Entity::find()
        .filter(Condition::any().add(begins.is_null()).add(begins.lte(to)))
        .filter(Condition::any().add(ends.is_null()).add(ends.gte(from)))
}

/// Divisions that were over before the period and live on in another.
fn gone((from, _): (NaiveDate, NaiveDate)) -> Select<division::Entity> {
    division::Entity::find()
        .filter(division::COLUMN.valid_to.lt(from))
        .filter(division::COLUMN.successor_code.is_not_null())
}

fn successors(gone: Vec<division::Model>) -> HashMap<String, String> {
    gone.into_iter().filter_map(|county| Some((county.code, county.successor_code?))).collect()
}
