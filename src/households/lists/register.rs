//! The register as lists are compared with it: a few thousand households a statement.

use super::judge::{Known, ListOf};
use crate::{
    households::period::Held,
    http::hex,
    store::bulk::{Kind, Rows},
};
use chrono::{Datelike, NaiveDate};
use entity::{
    household_status::HouseholdStatusKind,
    id::{HouseholdId, HouseholdStatusId},
};
use ring::digest::{Context, SHA256};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, FromQueryResult, Statement};
use std::collections::HashMap;
use uuid::Uuid;

/// Households read at once.
const PAGE: usize = 5_000;

#[derive(FromQueryResult)]
struct KnownRow {
    id: HouseholdId,
    version: i64,
    code: String,
    name: String,
    division_code: String,
    county_code: String,
    id_number_hash: Option<String>,
    status_id: Option<HouseholdStatusId>,
    status: Option<HouseholdStatusKind>,
    from_on: Option<NaiveDate>,
    to_on: Option<NaiveDate>,
}

impl KnownRow {
    fn last(&self) -> Option<Held> {
        let (Some(id), Some(status), Some(from_on)) = (self.status_id, self.status, self.from_on) else { return None };
        Some(Held { id, status, from_on, to_on: self.to_on })
    }

    fn known(self) -> Known {
        Known {
            last: self.last(),
            id: self.id,
            version: self.version,
            code: self.code,
            name: self.name,
            division_code: self.division_code,
            county_code: self.county_code,
            id_number_hash: self.id_number_hash,
        }
    }
}

const COLUMNS: &str = "h.id, h.version, h.code, h.name, h.division_code, h.county_code, h.id_number_hash,
    s.id as status_id, s.status, s.from_on, s.to_on";

/// By what a household is looked up.
#[derive(Clone, Copy)]
pub(super) enum By {
    Code,
    IdNumberHash,
}

/// The households with these codes or hashes, wherever they live, each with the last period of the list's history.
pub(super) async fn find_known(
    db: &impl ConnectionTrait,
    list: &ListOf,
    by: By,
    keys: Vec<String>,
) -> Result<HashMap<String, Known>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let cells = keys.into_iter().map(|key| vec![key.into()]).collect();
    let (relation, mut values) = Rows::new(&["found_by"], &[Kind::Text], cells).relation(backend)?;
    values.push(list.kind.to_value().into());
    let column = match by {
        By::Code => "code",
        By::IdNumberHash => "id_number_hash",
    };
    // The last period is looked up household by household along its index: as an anti-join PostgreSQL, before it has
    // counted the rows, compares every period with every other.
    let sql = format!(
        "select {COLUMNS}
         from {relation} join household h on h.{column} = r.found_by
         left join household_status s on s.id = (select n.id from household_status n
           where n.household_id = h.id and n.history = $2 and n.annulled_at is null
           order by n.from_on desc limit 1)"
    );
    let rows = KnownRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    let key = |row: &KnownRow| match by {
        By::Code => row.code.clone(),
        By::IdNumberHash => row.id_number_hash.clone().unwrap_or_default(),
    };
    Ok(rows.into_iter().map(|row| (key(&row), row.known())).collect())
}

/// The county's households in the order of ids, with what the list's history says of its day.
pub(super) struct Walk<'a> {
    list: &'a ListOf,
    after: Uuid,
    over: bool,
    digest: Context,
}

impl<'a> Walk<'a> {
    pub(super) fn new(list: &'a ListOf) -> Self {
        Self { list, after: Uuid::nil(), over: false, digest: Context::new(&SHA256) }
    }

    /// The next few thousand; none after the last.
    pub(super) async fn next(&mut self, db: &impl ConnectionTrait) -> Result<Option<Vec<Known>>, DbErr> {
        if self.over {
            return Ok(None);
        }
        let sql = format!(
            "select {COLUMNS}
             from household h left join household_status s on s.household_id = h.id and s.history = $1
               and s.annulled_at is null and s.from_on <= $2 and (s.to_on is null or s.to_on >= $2)
             where h.county_code = $3 and h.id > $4 order by h.id limit {PAGE}"
        );
        let values = [
            self.list.kind.to_value().into(),
            self.list.listed_on.into(),
            self.list.county_code.clone().into(),
            self.after.into(),
        ];
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        let rows = KnownRow::find_by_statement(statement).all(db).await?;
        self.over = rows.len() < PAGE;
        self.after = rows.last().map_or(self.after, |row| row.id.0);
        for row in &rows {
            self.digest.update(row.id.0.as_bytes());
            self.digest.update(&row.version.to_be_bytes());
            self.digest.update(row.status_id.unwrap_or(HouseholdStatusId(Uuid::nil())).0.as_bytes());
            self.digest.update(&row.to_on.map_or(0, |day| day.num_days_from_ce()).to_be_bytes());
        }
        Ok(Some(rows.into_iter().map(KnownRow::known).collect()))
    }

    /// SHA-256 over every household, its version and that status.
    pub(super) fn digest(self) -> String {
        hex(self.digest.finish().as_ref())
    }
}

/// The digest of the register a list of this county, kind and day is compared with.
pub(super) async fn digest(db: &impl ConnectionTrait, list: &ListOf) -> Result<String, DbErr> {
    let mut walk = Walk::new(list);
    while walk.next(db).await?.is_some() {}
    Ok(walk.digest())
}
