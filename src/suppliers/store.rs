//! Queries on suppliers and households.

use crate::{
    access::Scope,
    store::bulk::{Kind, Rows},
};
use chrono::NaiveDate;
use entity::{
    beneficiary_link, household,
    household_status::HouseholdStatusKind,
    id::{HouseholdId, SupplierId},
    school,
    supplier::{self, SupplierStatus},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, Statement};
use std::collections::{BTreeSet, HashMap};

/// A supplier within `scope`.
///
/// # Errors
/// When the database does not answer.
pub async fn find_supplier(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: SupplierId,
) -> Result<Option<supplier::Model>, DbErr> {
    supplier::Entity::find_by_id(id).filter(in_scope(scope)).one(db).await
}

/// Whether this supplier is approved and may take orders now (H4).
///
/// # Errors
/// When the database does not answer.
pub async fn may_sell(db: &impl ConnectionTrait, id: SupplierId) -> Result<bool, DbErr> {
    let found = supplier::Entity::find_by_id(id).one(db).await?;
    Ok(found.is_some_and(|supplier| supplier.status == SupplierStatus::Approved))
}

/// A household living in a county of `scope`.
///
/// # Errors
/// When the database does not answer.
pub async fn find_household(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: HouseholdId,
) -> Result<Option<household::Model>, DbErr> {
    household::Entity::find_by_id(id).filter(scope.on_county(household::Column::CountyCode)).one(db).await
}

/// Suppliers of `scope`; a supplier is no school's own.
pub(super) fn in_scope(scope: &Scope) -> Condition {
    scope.rows(None::<school::Column>, Some(supplier::Column::Id))
}

#[derive(FromQueryResult)]
struct StatusRow {
    household_id: HouseholdId,
    status: HouseholdStatusKind,
}

/// What both histories (H1) say of each household on `day`, in one statement; the registration comes first.
/// A household without any status that day is absent.
///
/// # Errors
/// When the database does not answer.
pub async fn statuses_on(
    db: &impl ConnectionTrait,
    households: &[HouseholdId],
    day: NaiveDate,
) -> Result<HashMap<HouseholdId, Vec<HouseholdStatusKind>>, DbErr> {
    let ids: BTreeSet<HouseholdId> = households.iter().copied().collect();
    let mut statuses: HashMap<HouseholdId, Vec<HouseholdStatusKind>> = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(statuses);
    }
    let backend = db.get_database_backend();
    let cells = ids.into_iter().map(|id| vec![id.into()]).collect();
    let (relation, mut values) = Rows::new(&["id"], &[Kind::Uuid], cells).relation(backend)?;
    values.push(day.into());
    let sql = format!(
        "select s.household_id, s.status from {relation} join household_status s on s.household_id = r.id
         where s.annulled_at is null and s.from_on <= $2 and (s.to_on is null or s.to_on >= $2)
         order by s.household_id, s.history desc"
    );
    for row in StatusRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await? {
        statuses.entry(row.household_id).or_default().push(row.status);
    }
    Ok(statuses)
}

#[derive(FromQueryResult)]
struct LinkedRow {
    supplier_id: SupplierId,
    households: i32,
}

/// How many households stand behind each supplier on `day` (H3) that are registered poor or lifted that day, in one
/// statement; a household with several links counts once, a supplier with none is 0.
///
/// # Errors
/// When the database does not answer.
pub async fn linked_households_on(
    db: &impl ConnectionTrait,
    suppliers: &[SupplierId],
    day: NaiveDate,
) -> Result<HashMap<SupplierId, i32>, DbErr> {
    let mut counts: HashMap<SupplierId, i32> = suppliers.iter().map(|id| (*id, 0)).collect();
    if counts.is_empty() {
        return Ok(counts);
    }
    let backend = db.get_database_backend();
    let cells = counts.keys().map(|id| vec![(*id).into()]).collect();
    let (relation, mut values) = Rows::new(&["id"], &[Kind::Uuid], cells).relation(backend)?;
    values.push(day.into());
    let sql = format!(
        "select k.supplier_id, cast(count(distinct k.household_id) as integer) as households
         from {relation} join beneficiary_link k on k.supplier_id = r.id
         where k.from_on <= $2 and (k.to_on is null or k.to_on >= $2)
           and exists (select 1 from household_status s
             where s.household_id = k.household_id and s.history = 'registration'
               and s.status in ('registered_poor', 'lifted')
               and s.annulled_at is null and s.from_on <= $2 and (s.to_on is null or s.to_on >= $2))
         group by k.supplier_id"
    );
    for row in LinkedRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await? {
        counts.insert(row.supplier_id, row.households);
    }
    Ok(counts)
}

/// Whether a household is linked to a supplier on `day` (H3).
///
/// # Errors
/// When the database does not answer.
pub async fn is_linked_on(
    db: &impl ConnectionTrait,
    supplier: SupplierId,
    household: HouseholdId,
    day: NaiveDate,
) -> Result<bool, DbErr> {
    let links = beneficiary_link::COLUMN;
    let link = beneficiary_link::Entity::find()
        .filter(links.supplier_id.eq(supplier))
        .filter(links.household_id.eq(household))
        .filter(links.from_on.lte(day))
        .filter(Condition::any().add(links.to_on.is_null()).add(links.to_on.gte(day)))
        .one(db)
        .await?;
    Ok(link.is_some())
}
