//! Adds changes to the values: they are read, added to and written back, so that whoever raises must be the only one.

use super::{ClassSums, OF_CATEGORIES, OF_SCHOOLS, PACKED, Packed, SUMMED, pack, spans_of, unpack};
use crate::store::bulk::{Kind, Rows};
use entity::total_change;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A key of one of the tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    span: i32,
    county_code: String,
    school_id: Option<Uuid>,
    reporting_unit_code: String,
    category_code: Option<String>,
}

impl Key {
    fn of(packed: Packed, change: &total_change::Model, span: i32) -> Self {
        Self {
            span,
            county_code: change.county_code.clone(),
            school_id: (packed == OF_SCHOOLS).then_some(change.school_id.0),
            reporting_unit_code: change.reporting_unit_code.clone(),
            category_code: (packed == OF_CATEGORIES).then(|| change.category_code.clone()),
        }
    }

    fn read(packed: Packed, row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            span: row.try_get("", "span")?,
            county_code: row.try_get("", "county_code")?,
            school_id: (packed == OF_SCHOOLS).then(|| row.try_get("", "school_id")).transpose()?,
            reporting_unit_code: row.try_get("", "reporting_unit_code")?,
            category_code: (packed == OF_CATEGORIES).then(|| row.try_get("", "category_code")).transpose()?,
        })
    }

    /// Its cells in the order of the table's key.
    fn cells(&self, packed: Packed) -> Vec<Value> {
        let cell = |column: &&str| match *column {
            "span" => self.span.into(),
            "county_code" => self.county_code.as_str().into(),
            "school_id" => self.school_id.into(),
            "category_code" => self.category_code.as_deref().into(),
            _ => self.reporting_unit_code.as_str().into(),
        };
        packed.key.iter().map(cell).collect()
    }
}

/// Adds the changes to every table.
///
/// # Errors
/// When the database refuses.
pub async fn raise(db: &impl ConnectionTrait, changes: &[total_change::Model]) -> Result<(), DbErr> {
    for packed in PACKED {
        let mut sums: BTreeMap<Key, ClassSums> = BTreeMap::new();
        for change in changes {
            let change_sums = [
                change.amount_fen.0,
                change.weight_gram.0,
                change.unknown_weight_fen.0,
                change.unknown_weight_lines,
                change.line_count,
            ];
            for span in spans_of(change.month) {
                add(sums.entry(Key::of(packed, change, span)).or_default(), change.class, &change_sums);
            }
        }
        add_kept(db, packed, &mut sums).await?;
        keep(db, packed, &sums).await?;
    }
    Ok(())
}

fn add(sums: &mut ClassSums, class: i32, more: &[i64; SUMMED.len()]) {
    let sums = sums.entry(class).or_default();
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

fn kind(column: &str) -> Kind {
    match column {
        "span" => Kind::Int,
        "school_id" => Kind::Uuid,
        _ => Kind::Text,
    }
}

/// Adds what the table has under these keys.
async fn add_kept(db: &impl ConnectionTrait, packed: Packed, sums: &mut BTreeMap<Key, ClassSums>) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let kinds: Vec<Kind> = packed.key.iter().map(|column| kind(column)).collect();
    let cells = sums.keys().map(|key| key.cells(packed)).collect();
    let (keys, values) = Rows::new(packed.key, &kinds, cells).relation(backend)?;
    let same: Vec<String> = packed.key.iter().map(|column| format!("t.{column} = r.{column}")).collect();
    // Across a cross join SQLite begins at the keys.
    let sql = format!("select t.* from {keys} cross join {} t where {}", packed.table, same.join(" and "));
    for row in db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
        let kept: Vec<u8> = row.try_get("", "sums")?;
        if let Some(sums) = sums.get_mut(&Key::read(packed, &row)?) {
            for (class, kept) in unpack(&kept)? {
                add(sums, class, &kept);
            }
        }
    }
    Ok(())
}

async fn keep(db: &impl ConnectionTrait, packed: Packed, sums: &BTreeMap<Key, ClassSums>) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let columns: Vec<&str> = packed.key.iter().copied().chain(["sums"]).collect();
    let kinds: Vec<Kind> = packed.key.iter().map(|column| kind(column)).chain([Kind::Bytes]).collect();
    let cells = sums.iter().map(|(key, sums)| {
        let mut cells = key.cells(packed);
        cells.push(pack(sums).into());
        cells
    });
    let (rows, values) = Rows::new(&columns, &kinds, cells.collect()).relation(backend)?;
    let (list, key) = (columns.join(", "), packed.key.join(", "));
    let sql = format!(
        "insert into {} ({list}) select {list} from {rows} where true on conflict ({key}) do update set sums = excluded.sums",
        packed.table
    );
    db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}
