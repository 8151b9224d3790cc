//! Queries on places and schools.

use crate::{
    access::Scope,
    store::bulk::{Kind, Rows},
};
use chrono::NaiveDate;
use entity::{
    canteen,
    county_list::CountyListKind,
    division::{self, DivisionLevel},
    id::{CanteenId, SchoolId},
    reporting_unit, school,
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, Statement};
use std::collections::{BTreeSet, HashMap};

use super::{affiliation::Affiliations, is_code};

/// A division and the lists it stood on, on one day. Asked for by a code that is no more, it is the one division that
/// stands in its place today, under which the lists are kept too (S11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its present code: what is to be stored.
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// Its level.
    pub level: DivisionLevel,
    /// Last day it held, where nothing single stands in its place: it was split or given up.
    pub ended_on: Option<NaiveDate>,
    /// Its county: itself for a county here or elsewhere, the parent of a township, none above.
    pub county_code: Option<String>,
    /// Lists that held that day, for the place itself and for a township also its county's: code and what it stands for.
    pub lists: Vec<(String, CountyListKind)>,
}

impl Place {
    /// Whether the place lies in a poor or deeply poor county of the province, that day (S5, S11).
    #[must_use]
    pub fn in_poverty_area(&self) -> bool {
        self.lists.iter().any(|(_, kind)| POVERTY_AREA.contains(kind))
    }
}

/// Lists that make a place a poverty area.
pub const POVERTY_AREA: [CountyListKind; 2] = [CountyListKind::PovertyCounty, CountyListKind::DeepPovertyCounty];

/// County of a division, see [`Place::county_code`].
#[must_use]
pub fn county_of(level: DivisionLevel, code: &str, parent_code: Option<&str>) -> Option<String> {
    match level {
        DivisionLevel::County | DivisionLevel::OtherCounty => Some(code.to_owned()),
        DivisionLevel::Township => parent_code.map(str::to_owned),
        DivisionLevel::Province | DivisionLevel::Prefecture | DivisionLevel::OtherProvince => None,
    }
}

#[derive(FromQueryResult)]
struct PlaceRow {
    asked: String,
    code: String,
    name: String,
    level: DivisionLevel,
    parent_code: Option<String>,
    valid_to: Option<NaiveDate>,
    list_code: Option<String>,
    list_kind: Option<CountyListKind>,
}

/// The places behind `codes`, present or former, as they stood on `day`, in one statement; unknown codes are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn places_on(
    db: &impl ConnectionTrait,
    codes: &[String],
    day: NaiveDate,
) -> Result<HashMap<String, Place>, DbErr> {
    let wanted: BTreeSet<&str> = codes.iter().map(String::as_str).filter(|code| is_code(code)).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let cells = wanted.iter().map(|code| vec![(*code).into()]).collect();
    let (relation, mut values) = Rows::new(&["code"], &[Kind::Text], cells).relation(backend)?;
    values.push(day.into());
    let sql = format!(
        "select r.code as asked, d.code, d.name, d.level, d.parent_code, d.valid_to, m.list_code, l.kind as list_kind
         from {relation} join division o on o.code = r.code
         join division d on d.code = coalesce(o.successor_code, o.code)
         left join county_list_member m
           on m.division_code in (d.code, case when d.level = 'township' then d.parent_code else d.code end)
           and m.valid_from <= $2 and (m.valid_to is null or m.valid_to >= $2)
         left join county_list l on l.code = m.list_code
         order by r.code, m.list_code"
    );
    let rows = PlaceRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    let mut places: HashMap<String, Place> = HashMap::with_capacity(wanted.len());
    for row in rows {
        let place = places.entry(row.asked).or_insert_with(|| Place {
            county_code: county_of(row.level, &row.code, row.parent_code.as_deref()),
            code: row.code,
            name: row.name,
            level: row.level,
            ended_on: row.valid_to,
            lists: Vec::new(),
        });
        if let (Some(code), Some(kind)) = (row.list_code, row.list_kind)
            && place.lists.last().is_none_or(|(last, _)| *last != code)
        {
            place.lists.push((code, kind));
        }
    }
    Ok(places)
}

/// The division with this code; for one that is no more, the one division that stands in its place today.
///
/// # Errors
/// When the database does not answer.
pub async fn find_division(db: &impl ConnectionTrait, code: &str) -> Result<Option<division::Model>, DbErr> {
    if !is_code(code) {
        return Ok(None);
    }
    let found = division::Entity::find_by_id(code).one(db).await?;
    match found.as_ref().and_then(|division| division.successor_code.clone()) {
        Some(present) => division::Entity::find_by_id(present).one(db).await,
        None => Ok(found),
    }
}

/// The code that stands today for a place asked for by `code`: itself, unless it is no more and one division took its
/// place. Texts that are no code of a division come back as they are.
///
/// # Errors
/// When the database does not answer.
pub async fn present_code(db: &impl ConnectionTrait, code: &str) -> Result<String, DbErr> {
    let found = find_division(db, code).await?;
    Ok(found.map_or_else(|| code.to_owned(), |division| division.code))
}

/// The reporting unit with this code.
///
/// # Errors
/// When the database does not answer.
pub async fn find_reporting_unit(
    db: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<reporting_unit::Model>, DbErr> {
    if !is_code(code) {
        return Ok(None);
    }
    reporting_unit::Entity::find_by_id(code).one(db).await
}

/// A school within `scope`.
///
/// # Errors
/// When the database does not answer.
pub async fn find_school(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: SchoolId,
) -> Result<Option<school::Model>, DbErr> {
    // One row by its key, judged here: a province's officer would bind a hundred units to the statement.
    Ok(school::Entity::find_by_id(id).one(db).await?.filter(|school| scope.covers_school(school)))
}

/// Whether a school ever reported to a unit of `scope`.
///
/// # Errors
/// When the database does not answer.
pub async fn held_school(db: &impl ConnectionTrait, scope: &Scope, id: SchoolId) -> Result<bool, DbErr> {
    let history = Affiliations::find(db, id).await?;
    Ok(history.rows().iter().any(|row| scope.covers_unit(&row.reporting_unit_code)))
}

/// A kitchen and the school it belongs to, where that school lies within `scope`.
///
/// # Errors
/// When the database does not answer.
pub async fn find_canteen(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: CanteenId,
) -> Result<Option<(canteen::Model, school::Model)>, DbErr> {
    let of_school =
        canteen::Entity::belongs_to(school::Entity).from(canteen::Column::SchoolId).to(school::Column::Id).into();
    let found = canteen::Entity::find_by_id(id)
        .join(JoinType::InnerJoin, of_school)
        .select_also(school::Entity)
        .filter(scope.on_school())
        .one(db)
        .await?;
    Ok(found.and_then(|(canteen, school)| school.map(|school| (canteen, school))))
}
