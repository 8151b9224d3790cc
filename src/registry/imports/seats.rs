//! What lies in a division that is over moves to the one that stands in its place: schools with their histories,
//! suppliers, households, offers, reporting units. What is written down of the past stays (S3).

use crate::{
    finding,
    registry::school_change,
    store::bulk::{Kind, Rows},
};
use chrono::NaiveDate;
use entity::supplier;
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A division that is over, the one in its place, and the county of that one.
pub(super) struct Seat {
    pub old: String,
    pub new: String,
    /// None above the counties.
    pub county: Option<String>,
}

/// What moved with its division.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MovedSeats {
    /// Schools, from the day on; their history before it stays.
    #[schema(example = 12)]
    pub schools: u64,
    /// Suppliers registered there.
    #[schema(example = 3)]
    pub suppliers: u64,
    /// Households that live there.
    #[schema(example = 40)]
    pub households: u64,
    /// Offers of goods grown there.
    #[schema(example = 9)]
    pub listings: u64,
    /// Reporting units that stand for it.
    #[schema(example = 1)]
    pub reporting_units: u64,
}

/// Moves them.
///
/// # Errors
/// When the database refuses.
pub(super) async fn move_seats(
    db: &impl ConnectionTrait,
    seats: &[Seat],
    from_on: NaiveDate,
    today: NaiveDate,
) -> Result<MovedSeats, DbErr> {
    let mut moved = MovedSeats::default();
    if seats.is_empty() {
        return Ok(moved);
    }
    let places = Map::of(seats.iter().filter(|seat| seat.county.is_some()));
    let all = Map::of(seats.iter());
    let eve = from_on.pred_opt().unwrap_or(from_on);
    // A seat that spans the day is cut in two; one that begins later lies in the new place from its first day.
    let spans = "a.from_on < $1 and (a.to_on is null or a.to_on >= $1)";
    places
        .run(db, &[from_on.into()], |relation| {
            format!(
                "insert into school_affiliation \
                 (school_id, from_on, to_on, division_code, county_code, reporting_unit_code) \
                 select a.school_id, $1, a.to_on, r.new, r.county, a.reporting_unit_code \
                 from school_affiliation a join {relation} on r.old = a.division_code where {spans}"
            )
        })
        .await?;
    places
        .run(db, &[from_on.into(), eve.into()], |relation| {
            format!(
                "update school_affiliation set to_on = $2 where from_on < $1 and (to_on is null or to_on >= $1) \
                 and division_code in (select r.old from {relation})"
            )
        })
        .await?;
    places
        .run(db, &[from_on.into()], |relation| {
            format!(
                "update school_affiliation set division_code = r.new, county_code = r.county from {relation} \
                 where school_affiliation.division_code = r.old and school_affiliation.from_on >= $1"
            )
        })
        .await?;
    moved.schools = school_change::settle(db, today, from_on).await?;
    let set = |table: &'static str, change: &'static str, column: &'static str| {
        move |relation: &str| format!("update {table} set {change} from {relation} where {table}.{column} = r.old")
    };
    let place = "division_code = r.new, version = version + 1";
    moved.suppliers = move_suppliers(db, &places, set("supplier", place, "division_code")).await?;
    let place = "division_code = r.new, county_code = r.county, version = version + 1";
    moved.households = places.run(db, &[], set("household", place, "division_code")).await?;
    let origin = "origin_division_code = r.new, origin_county_code = r.county, version = version + 1";
    moved.listings = places.run(db, &[], set("listing", origin, "origin_division_code")).await?;
    let unit = "division_code = r.new";
    moved.reporting_units = all.run(db, &[], set("reporting_unit", unit, "division_code")).await?;
    // Delivery areas name prefectures and counties, joined by bars.
    for seat in seats.iter().filter(|seat| seat.old.len() == 6) {
        let [old, new] = [&seat.old, &seat.new].map(|code| format!("|{code}|"));
        let sql = "update listing set delivery_area = trim(replace('|' || delivery_area || '|', $1, $2), '|'), \
                   version = version + 1 where '|' || delivery_area || '|' like $3";
        let values: [Value; 3] = [old.clone().into(), new.into(), format!("%{old}%").into()];
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    }
    Ok(moved)
}

/// Moves suppliers by `sql`, and the terms they are found by with them; answers how many.
async fn move_suppliers(db: &impl ConnectionTrait, places: &Map, sql: impl Fn(&str) -> String) -> Result<u64, DbErr> {
    let Some(statement) =
        places.statement(db, &[], |relation| format!("{} returning supplier.id as id", sql(relation)))?
    else {
        return Ok(0);
    };
    let moved = db.query_all_raw(statement).await?;
    let ids = moved.iter().map(|row| row.try_get("", "id")).collect::<Result<Vec<Uuid>, _>>()?;
    finding::renew::<supplier::Model>(db, &ids).await?;
    Ok(ids.len() as u64)
}

/// Old and new places as a relation `r`.
struct Map(Vec<Vec<Value>>);

impl Map {
    fn of<'a>(seats: impl Iterator<Item = &'a Seat>) -> Self {
        let cells = |seat: &Seat| {
            vec![seat.old.as_str().into(), seat.new.as_str().into(), seat.county.as_deref().unwrap_or_default().into()]
        };
        Self(seats.map(cells).collect())
    }

    /// Runs a statement over the relation; `values` are bound as `$1` and so on.
    async fn run(
        &self,
        db: &impl ConnectionTrait,
        values: &[Value],
        sql: impl Fn(&str) -> String,
    ) -> Result<u64, DbErr> {
        match self.statement(db, values, sql)? {
            Some(statement) => Ok(db.execute_raw(statement).await?.rows_affected()),
            None => Ok(0),
        }
    }

    /// The statement to run; none where there are no places.
    fn statement(
        &self,
        db: &impl ConnectionTrait,
        values: &[Value],
        sql: impl Fn(&str) -> String,
    ) -> Result<Option<Statement>, DbErr> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let backend = db.get_database_backend();
        let columns = Rows::new(&["old", "new", "county"], &[Kind::Text; 3], self.0.clone());
        let (relation, mut bound) = columns.relation(backend)?;
        // The relation binds its own values first.
        let mut sql = sql("{relation}");
        for number in (1..=values.len()).rev() {
            sql = sql.replace(&format!("${number}"), &format!("${}", number + bound.len()));
        }
        bound.extend(values.iter().cloned());
        let sql = sql.replace("{relation}", &relation);
        Ok(Some(Statement::from_sql_and_values(backend, sql, bound)))
    }
}
