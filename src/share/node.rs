//! Places of the two hierarchies and what lies below them (S10).

use super::area::{Area, Group};
use crate::{
    context::Ctx,
    http::{ApiError, FieldError, Text},
    registry,
};
use chrono::NaiveDate;
use entity::{
    division::{self, DivisionLevel},
    id::SchoolId,
    reporting_unit,
    time::month_of,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Select,
    Statement, Value,
};
use std::{borrow::Cow, collections::HashMap};

/// One part of a breakdown by place: its code and its name.
#[derive(Clone)]
pub struct Child {
    pub(super) code: String,
    pub(super) name: String,
}

/// What a breakdown by place shows.
#[derive(Clone, Default)]
pub struct Parts {
    /// In order.
    pub(super) children: Vec<Child>,
    /// Part of each key of the totals that is not its own.
    part_of: HashMap<String, String>,
}

impl Parts {
    pub(super) fn part(&self, key: &str) -> String {
        self.part_of.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }
}

/// A place in one of the two hierarchies, ready to be summed.
pub struct Node {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    pub(super) area: Area,
    /// By what totals are grouped to find a part.
    pub(super) group: Group,
    /// What lies directly below; none where that is schools, which are read when they are asked for.
    below: Option<Parts>,
}

impl Node {
    /// What lies directly below it in the period: meant to be read beside the sums.
    pub(super) async fn parts(
        &self,
        db: &impl ConnectionTrait,
        days: (NaiveDate, NaiveDate),
    ) -> Result<Cow<'_, Parts>, DbErr> {
        match &self.below {
            Some(parts) => Ok(Cow::Borrowed(parts)),
            None => schools_of(db, &self.area, days).await.map(Cow::Owned),
        }
    }
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
) -> Result<Parts, DbErr> {
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
    Ok(Parts { children, part_of })
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
        return Ok(Node { code: code.to_owned(), name, area, group: Group::School, below: None });
    }
    let mut part_of: HashMap<String, String> = children
        .iter()
        .flat_map(|child| below(&child.code).into_iter().map(|unit| (unit, child.code.clone())))
        .collect();
    let mut children = children;
    let reports_here = schools_of(db, &Area::Units(vec![code.to_owned()]), days).await?;
    if !reports_here.children.is_empty() {
        // Schools that report to this very unit stand beside the units below it.
        part_of.insert(code.to_owned(), code.to_owned());
        children.push(Child { code: code.to_owned(), name: format!("{name}（直报）") });
    }
    let below = Some(Parts { children, part_of });
    Ok(Node { code: code.to_owned(), name, area, group: Group::Unit, below })
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
    let present = registry::find_division(&ctx.store.read, code).await?.ok_or(ApiError::NotFound)?;
    division_node_of(ctx, code, present, days).await
}

/// The same where the division that stands for the code today is known.
///
/// # Errors
/// 404 when it is none of this province.
pub async fn division_node_of(
    ctx: &Ctx,
    code: &str,
    present: division::Model,
    days: (NaiveDate, NaiveDate),
) -> Result<(division::Model, Node), ApiError> {
    let db = &ctx.store.read;
    let mut place = present;
    // A code that is no more stands for its successor, except in a period it saw the end of: there it is history.
    if place.code != code {
        let asked = division::Entity::find_by_id(code).one(db).await?.ok_or(ApiError::NotFound)?;
        if asked.valid_to.is_none_or(|last| last >= days.1) {
            place = asked;
        }
    }
    let code = place.code.as_str();
    let below = |parent: String| async move {
        lasting(days).filter(division::Column::ParentCode.eq(parent)).order_by_asc(division::Column::Code).all(db).await
    };
    let (area, group, below) = match place.level {
        DivisionLevel::Province => {
            let prefectures = below(place.code.clone()).await?;
            (Area::All, Group::Prefecture, Some(Parts::of(&prefectures, HashMap::new())))
        }
        DivisionLevel::Prefecture => {
            let counties = below(place.code.clone()).await?;
            let mut codes: Vec<String> = counties.iter().map(|county| county.code.clone()).collect();
            // What was written down under a code before anybody entered that it was over counts under its successor.
            let gone = gone(days).filter(division::Column::ParentCode.eq(place.code.as_str())).all(db).await?;
            codes.extend(gone.iter().map(|county| county.code.clone()));
            (Area::Counties(codes), Group::County, Some(Parts::of(&counties, successors(gone))))
        }
        DivisionLevel::County => (Area::Counties(registry::territory(db, &place).await?), Group::School, None),
        DivisionLevel::Township => {
            let parent = place.parent_code.as_deref().unwrap_or_default();
            let county = division::Entity::find_by_id(parent).one(db).await?.ok_or(ApiError::NotFound)?;
            let area = Area::Township {
                counties: registry::territory(db, &county).await?,
                townships: registry::territory(db, &place).await?,
            };
            (area, Group::School, None)
        }
        DivisionLevel::OtherProvince | DivisionLevel::OtherCounty => return Err(ApiError::NotFound),
    };
    let node = Node { code: code.to_owned(), name: place.name.clone(), area, group, below };
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
            Ok(Node { group: Group::County, below: Some(Parts::of(&counties, part_of)), ..node })
        }
        _ => Err(ApiError::Malformed(FieldError::new(
            "?level",
            "no_counties_below",
            Text::new("该区划之下没有县。", "No counties lie below this division."),
        ))),
    }
}

impl Parts {
    fn of(places: &[division::Model], part_of: HashMap<String, String>) -> Self {
        let child = |place: &division::Model| Child { code: place.code.clone(), name: place.name.clone() };
        Self { children: places.iter().map(child).collect(), part_of }
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
