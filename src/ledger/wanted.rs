//! Which lines of the ledger a query asks for, and in which order they are read.

use super::read::LedgerQuery;
use crate::{
    access::Scope,
    http::{ApiError, FieldError, PageQuery, Text, bad_cursor},
    registry::{self, Area},
};
use chrono::NaiveDate;
use entity::{
    division::DivisionLevel,
    id::SchoolId,
    purchase_line::{self, Column},
    school_affiliation, stated_producer,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, sea_query::Expr,
};
use uuid::Uuid;

/// Schools read at a time at first; twice as many each time, where few of their lines are wanted.
const FIRST_SCHOOLS: usize = 20;
/// Schools read at a time at most.
const MOST_SCHOOLS: usize = 1_280;

/// The lines a query asks for.
pub struct Wanted {
    /// They, in no order yet.
    pub lines: Select<purchase_line::Entity>,
    /// Schools to walk through, in order, where a place is asked about.
    pub walked: Option<Vec<SchoolId>>,
    /// Whether the households behind them are shown (P1).
    pub shows_households: bool,
}

/// Reads a query within a scope.
///
/// # Errors
/// 400 where nothing is named whose lines are wanted, 403 for what only authorities may ask, 404 outside the scope.
pub async fn wanted(db: &impl ConnectionTrait, scope: &Scope, query: &LedgerQuery) -> Result<Wanted, ApiError> {
    let mut lines = purchase_line::Entity::find().filter(Column::PurchasedOn.between(query.from, query.to));
    let shows_households;
    if let Some(id) = query.school_id {
        let school = registry::find_school(db, scope, id).await?;
        shows_households = match school {
            Some(school) => {
                lines = lines.filter(scope.rows(Some(Column::SchoolId), None::<Column>));
                scope.shows_households_of(&school)
            }
            // The school has moved on; the lines that counted for this authority stay its own.
            None if registry::held_school(db, scope, id).await? => {
                lines = lines.filter(scope.on_unit(Column::ReportingUnitCode));
                true
            }
            None => return Err(ApiError::NotFound),
        };
        lines = lines.filter(Column::SchoolId.eq(id));
    } else {
        if !scope.is_authority() {
            return Err(authorities_only());
        }
        shows_households = true;
        lines = lines.filter(scope.on_unit(Column::ReportingUnitCode));
    }
    let tells = query.class.is_some() || query.producer_unmatched.is_some() || query.producer_household_id.is_some();
    if tells && !shows_households {
        return Err(ApiError::refused(
            "class_not_shown",
            Text::new(
                "采购类别与生产农户含有农户身份信息，仅主管部门可按其筛选。",
                "The class and the producer tell a household's status; only authorities filter by them.",
            ),
        ));
    }
    let mut placed = Vec::new();
    if let Some(unit) = &query.unit {
        if !scope.covers_unit(unit) {
            return Err(ApiError::NotFound);
        }
        let units = registry::units_below(db, unit).await?;
        lines = lines.filter(Column::ReportingUnitCode.is_in(units.iter().map(String::as_str)));
        placed.push(Condition::all().add(school_affiliation::Column::ReportingUnitCode.is_in(units)));
    }
    if let Some(code) = &query.division {
        let area = area(db, scope, code).await?;
        lines = lines.filter(area.holds(Column::CountyCode));
        placed.push(area.holds(school_affiliation::Column::CountyCode));
    }
    let by_index = query.school_id.is_some() || query.supplier_id.is_some() || query.producer_household_id.is_some();
    if placed.is_empty() && !by_index {
        return Err(ApiError::Malformed(FieldError::new(
            "?school_id",
            "required",
            Text::new(
                "请给出学校、填报单位、区划、供货主体或农户之一。",
                "Name a school, a unit, a division, a supplier or a household.",
            ),
        )));
    }
    let walked = if by_index { None } else { Some(schools(db, placed).await?) };
    Ok(Wanted { lines: narrowed(lines, query), walked, shows_households })
}

fn narrowed(mut lines: Select<purchase_line::Entity>, query: &LedgerQuery) -> Select<purchase_line::Entity> {
    if let Some(supplier) = query.supplier_id {
        lines = lines.filter(Column::SupplierId.eq(supplier));
    }
    if let Some(household) = query.producer_household_id {
        lines = lines.filter(Column::ProducerHouseholdId.eq(household));
    }
    if let Some(list) = &query.origin_list {
        // Codes of lists stand between bars.
        let bars = Expr::cust("'|' || purchase_line.origin_lists || '|'");
        lines = lines.filter(crate::http::expression_contains_word(bars, &format!("|{list}|")));
    }
    if let Some(channel) = query.channel {
        lines = lines.filter(Column::Channel.eq(channel.to_value()));
    }
    if let Some(category) = &query.category {
        lines = lines.filter(Column::CategoryCode.eq(category.as_str()));
    }
    if let Some(class) = query.class {
        lines = lines.filter(Column::Class.eq(class));
    }
    if let Some(unmatched) = query.producer_unmatched {
        let stated = stated_producer::Entity::find().select_only().column(stated_producer::Column::PurchaseLineId);
        let stated = stated.into_query();
        lines =
            lines.filter(if unmatched { Column::Id.in_subquery(stated) } else { Column::Id.not_in_subquery(stated) });
    }
    lines
}

/// A county or more.
async fn area(db: &impl ConnectionTrait, scope: &Scope, code: &str) -> Result<Area, ApiError> {
    let place = registry::find_division(db, code).await?.ok_or(ApiError::NotFound)?;
    if !scope.covers_division(&place) {
        return Err(ApiError::NotFound);
    }
    let whole =
        !matches!(place.level, DivisionLevel::Township | DivisionLevel::OtherCounty | DivisionLevel::OtherProvince);
    Area::of(&place.code).filter(|_| whole).ok_or_else(|| {
        ApiError::Malformed(FieldError::new(
            "?division",
            "division_too_small",
            Text::new("台账按县、市州或省查询。", "The ledger is asked for by county, prefecture or province."),
        ))
    })
}

/// Schools that ever belonged there, in order.
async fn schools(db: &impl ConnectionTrait, placed: Vec<Condition>) -> Result<Vec<SchoolId>, DbErr> {
    let id = school_affiliation::Column::SchoolId;
    let mut found = school_affiliation::Entity::find().select_only().column(id).distinct().order_by_asc(id);
    for condition in placed {
        found = found.filter(condition);
    }
    found.into_tuple().all(db).await
}

/// The page's lines, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn in_order(
    db: &impl ConnectionTrait,
    mut lines: Select<purchase_line::Entity>,
    after: Option<(NaiveDate, Uuid)>,
    limit: u64,
) -> Result<Vec<purchase_line::Model>, DbErr> {
    if let Some((day, id)) = after {
        lines = lines.filter(later(day, id));
    }
    lines.order_by_asc(Column::PurchasedOn).order_by_asc(Column::Id).limit(limit).all(db).await
}

/// The page's lines by school and day. A few schools at a time, by the index on their lines: of a million lines in one order,
/// each page would sort them all.
///
/// # Errors
/// When the database does not answer.
pub async fn walk(
    db: &impl ConnectionTrait,
    lines: &Select<purchase_line::Entity>,
    schools: &[SchoolId],
    after: Option<(SchoolId, NaiveDate, Uuid)>,
    limit: u64,
) -> Result<Vec<purchase_line::Model>, DbErr> {
    let mut rest = match after {
        Some((school, ..)) => &schools[schools.partition_point(|one| *one <= school)..],
        None => schools,
    };
    let mut found = match after {
        // By itself: the index has its lines in order, and most pages of a long list are full with them. Among other schools
        // a plan made for any values sorts all lines of all of them.
        Some((school, day, id)) => {
            let same = lines.clone().filter(Column::SchoolId.eq(school)).filter(Column::PurchasedOn.gte(day));
            in_order(db, same, Some((day, id)), limit).await?
        }
        None => Vec::new(),
    };
    let mut step = FIRST_SCHOOLS;
    while !rest.is_empty() {
        let (these, others) = rest.split_at(step.min(rest.len()));
        let left = limit.saturating_sub(found.len() as u64);
        if left == 0 {
            break;
        }
        let of_these = lines.clone().filter(Column::SchoolId.is_in(these.iter().copied()));
        let ordered = of_these.order_by_asc(Column::SchoolId).order_by_asc(Column::PurchasedOn);
        found.extend(ordered.order_by_asc(Column::Id).limit(left).all(db).await?);
        rest = others;
        step = (step * 2).min(MOST_SCHOOLS);
    }
    Ok(found)
}

fn later(day: NaiveDate, id: Uuid) -> Condition {
    Condition::any()
        .add(Column::PurchasedOn.gt(day))
        .add(Condition::all().add(Column::PurchasedOn.eq(day)).add(Column::Id.gt(id)))
}

/// # Errors
/// 400 for a cursor of another list.
pub fn day_cursor(paging: &PageQuery) -> Result<Option<(NaiveDate, Uuid)>, ApiError> {
    let Some([day, id]) = paging.after::<2>()? else { return Ok(None) };
    Ok(Some((day.parse().map_err(|_| bad_cursor())?, Uuid::parse_str(&id).map_err(|_| bad_cursor())?)))
}

/// # Errors
/// 400 for a cursor of another list.
pub fn place_cursor(paging: &PageQuery) -> Result<Option<(SchoolId, NaiveDate, Uuid)>, ApiError> {
    let Some([school, day, id]) = paging.after::<3>()? else { return Ok(None) };
    let school = Uuid::parse_str(&school).map_err(|_| bad_cursor())?;
    let day = day.parse().map_err(|_| bad_cursor())?;
    Ok(Some((SchoolId(school), day, Uuid::parse_str(&id).map_err(|_| bad_cursor())?)))
}

fn authorities_only() -> ApiError {
    ApiError::Malformed(FieldError::new(
        "?school_id",
        "required",
        Text::new("学校只查询本校台账，请给出 school_id。", "A school reads its own ledger: name it as school_id."),
    ))
}
