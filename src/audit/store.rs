//! Queries on the trail, its seals and its signed days.

use crate::store::bulk::{Kind, Rows};
use chrono::{NaiveDate, NaiveTime};
use entity::{audit_day, audit_entry, audit_seal, id::AuditEntryId, time::Timestamp};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use std::collections::HashMap;
use uuid::{Builder, Uuid};

const CHINA_OFFSET_MILLIS: i64 = 8 * 3600 * 1000;

/// The first instant of a business day.
#[must_use]
pub fn start_of(day: NaiveDate) -> Timestamp {
    Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - CHINA_OFFSET_MILLIS)
}

/// The lowest id a row of this instant can have: ids begin with their instant.
#[must_use]
pub fn first_id(at: Timestamp) -> AuditEntryId {
    let millis = u64::try_from(at.0).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().into()
}

/// The instant an id begins with.
pub(super) fn instant_of(id: AuditEntryId) -> Timestamp {
    let (high, _) = id.0.as_u64_pair();
    Timestamp(i64::try_from(high >> 16).unwrap_or(i64::MAX))
}

/// Rows without a seal from `from` on and before `until`, in id order. The bound stands in both halves, so that neither
/// database walks over seals of the past.
pub(super) async fn waiting(
    db: &impl ConnectionTrait,
    from: AuditEntryId,
    until: AuditEntryId,
    limit: u64,
) -> Result<Vec<audit_entry::Model>, DbErr> {
    let sql = format!(
        "select e.* from audit_entry e where e.id >= $1 and e.id < $2 \
         and not exists (select 1 from audit_seal s where s.entry_id = e.id and s.entry_id >= $1) \
         order by e.id limit {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [from.into(), until.into()]);
    audit_entry::Entity::find().from_raw_sql(statement).all(db).await
}

/// The end of the chain.
pub(super) async fn last_seal(db: &impl ConnectionTrait) -> Result<Option<audit_seal::Model>, DbErr> {
    audit_seal::Entity::find().order_by_desc(audit_seal::Column::Seq).one(db).await
}

/// The last seal before a place.
pub(super) async fn seal_before(db: &impl ConnectionTrait, seq: i64) -> Result<Option<audit_seal::Model>, DbErr> {
    let before = audit_seal::Entity::find().filter(audit_seal::Column::Seq.lt(seq));
    before.order_by_desc(audit_seal::Column::Seq).one(db).await
}

/// The first seal at or after a place.
pub(super) async fn seal_from(db: &impl ConnectionTrait, seq: i64) -> Result<Option<audit_seal::Model>, DbErr> {
    let from = audit_seal::Entity::find().filter(audit_seal::Column::Seq.gte(seq));
    from.order_by_asc(audit_seal::Column::Seq).one(db).await
}

/// The first seal of a day or a later one.
pub(super) async fn seal_from_day(
    db: &impl ConnectionTrait,
    day: NaiveDate,
) -> Result<Option<audit_seal::Model>, DbErr> {
    let from = audit_seal::Entity::find().filter(audit_seal::Column::Day.gte(day));
    from.order_by_asc(audit_seal::Column::Day).order_by_asc(audit_seal::Column::Seq).one(db).await
}

/// The last seal of a day.
pub(super) async fn last_of_day(db: &impl ConnectionTrait, day: NaiveDate) -> Result<Option<audit_seal::Model>, DbErr> {
    let of_day = audit_seal::Entity::find().filter(audit_seal::Column::Day.eq(day));
    of_day.order_by_desc(audit_seal::Column::Seq).one(db).await
}

/// Seals from a place on, in order.
pub(super) async fn seals(db: &impl ConnectionTrait, from: i64, limit: u64) -> Result<Vec<audit_seal::Model>, DbErr> {
    let from = audit_seal::Entity::find().filter(audit_seal::Column::Seq.gte(from));
    from.order_by_asc(audit_seal::Column::Seq).limit(limit).all(db).await
}

/// The newest signed day.
pub(super) async fn last_day(db: &impl ConnectionTrait) -> Result<Option<audit_day::Model>, DbErr> {
    audit_day::Entity::find().order_by_desc(audit_day::Column::Day).one(db).await
}

/// Signed days within a range, in order; a row a day.
pub(super) async fn days(
    db: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<audit_day::Model>, DbErr> {
    let days = audit_day::Entity::find().filter(audit_day::Column::Day.between(from, to));
    days.order_by_asc(audit_day::Column::Day).all(db).await
}

/// The rows behind seals.
pub(super) async fn entries_of(
    db: &impl ConnectionTrait,
    seals: &[audit_seal::Model],
) -> Result<HashMap<Uuid, audit_entry::Model>, DbErr> {
    let (relation, values) = ids(db, seals.iter().map(|seal| seal.entry_id))?;
    let sql = format!("select e.* from {relation} join audit_entry e on e.id = r.id");
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let entries = audit_entry::Entity::find().from_raw_sql(statement).all(db).await?;
    Ok(entries.into_iter().map(|entry| (entry.id.0, entry)).collect())
}

/// The seals of rows.
pub(super) async fn seals_of(
    db: &impl ConnectionTrait,
    entries: &[audit_entry::Model],
) -> Result<HashMap<AuditEntryId, audit_seal::Model>, DbErr> {
    let (relation, values) = ids(db, entries.iter().map(|entry| entry.id))?;
    let sql = format!("select s.* from {relation} join audit_seal s on s.entry_id = r.id");
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let seals = audit_seal::Entity::find().from_raw_sql(statement).all(db).await?;
    Ok(seals.into_iter().map(|seal| (seal.entry_id, seal)).collect())
}

fn ids(
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = AuditEntryId>,
) -> Result<(String, Vec<sea_orm::Value>), DbErr> {
    let cells = ids.map(|id| vec![id.into()]).collect();
    Rows::new(&["id"], &[Kind::Uuid], cells).relation(db.get_database_backend())
}
