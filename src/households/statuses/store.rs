//! Queries on the histories, and on what rests on them.

use crate::{access::Scope, households::period::Held, suppliers::find_household};
use chrono::NaiveDate;
use entity::{
    household,
    household_status::{self, StatusHistory},
    id::{HouseholdId, HouseholdStatusId},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Statement,
};

/// What stands in one history of a household, in the order of time: a few rows.
pub(super) async fn held(
    db: &impl ConnectionTrait,
    household: HouseholdId,
    history: StatusHistory,
) -> Result<Vec<Held>, DbErr> {
    let columns = household_status::COLUMN;
    let rows = household_status::Entity::find()
        .filter(columns.household_id.eq(household))
        .filter(columns.history.eq(history))
        .filter(columns.annulled_at.is_null())
        .order_by_asc(household_status::Column::FromOn)
        .all(db)
        .await?;
    let held =
        |row: household_status::Model| Held { id: row.id, status: row.status, from_on: row.from_on, to_on: row.to_on };
    Ok(rows.into_iter().map(held).collect())
}

/// A status with its household, where that lives within `scope`.
pub(super) async fn find_status(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: HouseholdStatusId,
) -> Result<Option<(household_status::Model, household::Model)>, DbErr> {
    let Some(status) = household_status::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let household = find_household(db, scope, status.household_id).await?;
    Ok(household.map(|household| (status, household)))
}

/// Lines of the ledger that rest on a status.
#[derive(Debug, Default, FromQueryResult)]
pub(super) struct Resting {
    pub lines: i64,
    pub schools: i64,
    pub first_on: Option<NaiveDate>,
    pub last_on: Option<NaiveDate>,
}

/// The lines whose producer the household was while the status held, and that took it down (S3).
pub(super) async fn lines_resting_on(
    db: &impl ConnectionTrait,
    status: &household_status::Model,
) -> Result<Resting, DbErr> {
    // Statuses stand joined by |; one name is part of another.
    let sql = "select count(*) as lines, count(distinct school_id) as schools, min(purchased_on) as first_on,
          max(purchased_on) as last_on
        from purchase_line
        where producer_household_id = $1 and purchased_on >= $2 and purchased_on <= $3
          and corrects_line_id is null and '|' || producer_status || '|' like $4";
    let values = [
        status.household_id.into(),
        status.from_on.into(),
        status.to_on.unwrap_or(LAST_DAY).into(),
        format!("%|{}|%", status.status.to_value()).into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Resting::find_by_statement(statement).one(db).await?.unwrap_or_default())
}

const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");
