//! Queries on accounts, memberships and sessions.

use super::{
    actor::{Actor, Grant, Place},
    second_factor,
};
use crate::{context::Ctx, http::ApiError};
use chrono::NaiveDate;
use entity::{
    account, household_consent,
    id::{AccountId, SessionId, SupplierId},
    membership::{self, Role},
    session,
    time::Timestamp,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    QueryTrait, Statement, sea_query::SelectStatement,
};
use std::collections::BTreeSet;

/// The account of a living session with its present memberships.
pub async fn load_actor(
    ctx: &Ctx,
    session_id: SessionId,
    account_id: AccountId,
    now: Timestamp,
) -> Result<Option<Actor>, ApiError> {
    let db = ctx.store.primary();
    let alive = session::Entity::find_by_id(session_id)
        .select_only()
        .column(session::Column::AccountId)
        .filter(session::COLUMN.ended_at.is_null())
        .filter(session::Column::ExpiresAt.gt(now))
        .into_query();
    let account = account::Entity::find_by_id(account_id).filter(account::COLUMN.id.in_subquery(alive)).one(db).await?;
    let Some(account) = account.filter(|account| account.disabled_at.is_none()) else { return Ok(None) };
    let grants = grants(db, account_id, now).await?;
    let lacks = second_factor::is_lacking(ctx, account_id, &grants).await?;
    Ok(Some(Actor::new(account_id, session_id, account.must_change_password, grants).lacking_second_factor(lacks)))
}

/// What an account holds on the day of `now`.
pub async fn grants(db: &impl ConnectionTrait, account_id: AccountId, now: Timestamp) -> Result<Vec<Grant>, DbErr> {
    let today = now.business_day();
    let memberships = membership::Entity::find()
        .filter(membership::COLUMN.account_id.eq(account_id))
        .filter(membership::COLUMN.from_on.lte(today))
        .filter(Condition::any().add(membership::COLUMN.to_on.is_null()).add(membership::COLUMN.to_on.gte(today)))
        .all(db)
        .await?;
    let mut grants = Vec::with_capacity(memberships.len());
    let mut is_agent = false;
    for held in memberships {
        let place = match held {
            membership::Model { role: Role::Administrator, .. } => Place::Everywhere,
            membership::Model { school_id: Some(school), .. } => Place::School(school),
            membership::Model { supplier_id: Some(supplier), .. } => Place::Supplier(supplier),
            // A household that consented, not the unit an agent is registered with, is where the agent may act.
            membership::Model { role: Role::Agent, .. } => {
                is_agent = true;
                continue;
            }
            membership::Model { reporting_unit_code: Some(unit), .. } => subtree(db, &unit).await?,
            // The table's check leaves no other row.
            _ => continue,
        };
        grants.push(Grant { role: held.role, place });
    }
    if is_agent {
        grants.extend(consents(db, account_id, today).await?);
    }
    Ok(grants)
}

/// The households an agent may act for on `day` (H5).
async fn consents(db: &impl ConnectionTrait, agent: AccountId, day: NaiveDate) -> Result<Vec<Grant>, DbErr> {
    let consents = household_consent::COLUMN;
    let held = household_consent::Entity::find()
        .filter(consents.account_id.eq(agent))
        .filter(consents.from_on.lte(day))
        .filter(Condition::any().add(consents.to_on.is_null()).add(consents.to_on.gte(day)))
        .all(db)
        .await?;
    let grant = |held: household_consent::Model| Grant {
        role: Role::Agent,
        place: Place::Household { supplier: held.supplier_id, consent: held.id },
    };
    Ok(held.into_iter().map(grant).collect())
}

/// Who may act for these suppliers on `day` on their consent, among the `open` accounts.
///
/// # Errors
/// When the database does not answer.
pub async fn agents_of(
    db: &impl ConnectionTrait,
    suppliers: BTreeSet<SupplierId>,
    open: SelectStatement,
    day: NaiveDate,
) -> Result<Vec<(SupplierId, AccountId)>, DbErr> {
    use household_consent::Column;
    let agents = membership::Entity::find()
        .select_only()
        .column(membership::Column::AccountId)
        .filter(membership::Column::Role.eq(Role::Agent.to_value()))
        .filter(membership::Column::FromOn.lte(day))
        .filter(Condition::any().add(membership::Column::ToOn.is_null()).add(membership::Column::ToOn.gte(day)))
        .into_query();
    household_consent::Entity::find()
        .select_only()
        .columns([Column::SupplierId, Column::AccountId])
        .filter(Column::SupplierId.is_in(suppliers))
        .filter(Column::FromOn.lte(day))
        .filter(Condition::any().add(Column::ToOn.is_null()).add(Column::ToOn.gte(day)))
        .filter(Column::AccountId.in_subquery(agents))
        .filter(Column::AccountId.in_subquery(open))
        .into_tuple()
        .all(db)
        .await
}

#[derive(FromQueryResult)]
struct UnitRow {
    code: Option<String>,
    division_code: Option<String>,
}

/// A reporting unit and all units below it. The top of the tree stands for other provinces too: who sells from there is
/// looked after by nobody else.
async fn subtree(db: &impl ConnectionTrait, top: &str) -> Result<Place, DbErr> {
    let sql = "with recursive below as ( \
               select code, division_code from reporting_unit where code = $1 \
               union all \
               select u.code, u.division_code from reporting_unit u join below b on u.parent_code = b.code) \
               select code, division_code from below \
               union all \
               select null, d.code from division d join reporting_unit u on u.code = $1 and u.parent_code is null \
               where d.level in ('other_province', 'other_county') order by code, division_code";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [top.into()]);
    let rows = UnitRow::find_by_statement(statement).all(db).await?;
    let divisions = rows.iter().filter_map(|row| row.division_code.clone()).collect();
    Ok(Place::Subtree { top: top.to_owned(), units: rows.into_iter().filter_map(|row| row.code).collect(), divisions })
}
