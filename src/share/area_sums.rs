//! Sums of many schools over whole months, each part of a breakdown with all its classes.

use super::{
    area::{Area, Group, Within},
    indicators::Population,
    reading::Sums,
};
use crate::ledger::packed::{OF_AREAS, OF_CATEGORIES, OF_SCHOOLS, Packed, SUMMED, made_of, months_of, unpack};
use entity::{money::Fen, weight::Gram};
use futures_util::TryStreamExt;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, StreamTrait, TryGetable, Value, sea_query::ArrayType};
use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
};

/// Sums by class.
pub type ByClass = BTreeMap<i32, Sums>;

/// What sums are told apart by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Of {
    /// Key of the breakdown; empty where there is none.
    pub key: String,
    /// Month of the breakdown; 0 where there is none.
    pub month: i32,
    /// Category within the key; empty where there is none.
    pub category: String,
}

/// Adds the sums of each class.
pub fn add(to: &mut ByClass, more: &ByClass) {
    for (class, sums) in more {
        to.entry(*class).or_default().add(sums);
    }
}

/// The sums of all parts.
#[must_use]
pub fn whole(parts: &HashMap<Of, ByClass>) -> ByClass {
    let mut whole = ByClass::new();
    for sums in parts.values() {
        add(&mut whole, sums);
    }
    whole
}

/// Sums of the measured schools over whole months, grouped, and told apart within each key.
///
/// # Errors
/// When the database does not answer.
pub async fn of_area(
    db: &impl StreamTrait,
    area: &Area,
    months: (i32, i32),
    group: Group,
    within: Within,
    population: &Population,
) -> Result<HashMap<Of, ByClass>, DbErr> {
    let backend = db.get_database_backend();
    let mut bound: Vec<Value> = vec![months.0.into(), months.1.into()];
    let by_school = population.by_school() || group == Group::School || matches!(area, Area::Township { .. });
    let by_category = group == Group::Category || within == Within::Category;
    let packed = match (by_school, by_category) {
        // Kept by class, with the receipts themselves: nothing is waiting.
        (true, true) => None,
        (true, false) => Some(OF_SCHOOLS),
        (false, true) => Some(OF_CATEGORIES),
        (false, false) => Some(OF_AREAS),
    };
    if packed.is_some() {
        // The schools of a township are told by where each was at the end of a month.
        let monthly = within == Within::Month || matches!(area, Area::Township { .. });
        bound.push(bound_spans(backend, &if monthly { months_of(months) } else { made_of(months) }));
    }
    let (mut condition, values) = area.condition(backend, bound.len() + 1);
    bound.extend(values);
    let (measured, values) = population.of_totals(bound.len() + 1);
    bound.extend(values);
    condition.push_str(&format!(" and {measured}"));
    let rows = match packed {
        None => by_class("school_month_total", &condition),
        Some(packed) => folded(backend, packed, &condition),
    };
    let key = match group {
        Group::None => "''",
        Group::County => "t.county_code",
        Group::Prefecture => "coalesce(d.parent_code, t.county_code)",
        Group::Unit => "t.reporting_unit_code",
        Group::School if backend == DbBackend::Postgres => "cast(t.school_id as text)",
        Group::School => "lower(hex(t.school_id))",
        Group::Category => "t.category_code",
    };
    let month = if within == Within::Month { "t.month" } else { "0" };
    let category = if within == Within::Category { "t.category_code" } else { "''" };
    let prefectures = if group == Group::Prefecture { "join division d on d.code = t.county_code" } else { "" };
    let sql = format!(
        "select {key}, {month}, {category}, t.sums, t.class, {} from ({rows}) as t {prefectures}",
        SUMMED.map(|column| format!("t.{column}")).join(", ")
    );
    // Row by row: those of a province are many, and each is larger before it is read.
    let mut rows = pin!(db.stream_raw(Statement::from_sql_and_values(backend, sql, bound)).await?);
    let mut found: HashMap<Of, ByClass> = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let of = Of { key: cell(&row, 0)?, month: cell(&row, 1)?, category: cell(&row, 2)? };
        let found = found.entry(of).or_default();
        if let Some(packed) = cell::<Option<Vec<u8>>>(&row, 3)? {
            for (class, sums) in unpack(&packed)? {
                found.entry(class).or_default().add(&summed(sums));
            }
        } else {
            let mut sums = [0; SUMMED.len()];
            for (sum, at) in sums.iter_mut().zip(5..) {
                *sum = cell(&row, at)?;
            }
            found.entry(cell(&row, 4)?).or_default().add(&summed(sums));
        }
    }
    Ok(found)
}

fn cell<T: TryGetable>(row: &QueryResult, at: usize) -> Result<T, DbErr> {
    row.try_get_by_index(at)
}

fn summed([amount, weight, unknown_weight, unknown_weight_lines, lines]: [i64; SUMMED.len()]) -> Sums {
    Sums {
        amount: Fen(amount),
        weight: Gram(weight),
        unknown_weight_amount: Fen(unknown_weight),
        unknown_weight_lines,
        lines,
    }
}

/// Rows of a table by class where a condition on alias `t` holds, of the months `$1` to `$2`.
fn by_class(table: &str, condition: &str) -> String {
    format!("select t.*, cast(null as bytea) as sums from {table} t where t.month between $1 and $2 and {condition}")
}

/// What is folded, of the spans `$3`, and what waits to be, of the months `$1` to `$2`.
fn folded(backend: DbBackend, packed: Packed, condition: &str) -> String {
    let among = if backend == DbBackend::Postgres { "= any($3)" } else { "in (select value from json_each($3))" };
    let key = packed.key.iter().filter(|column| **column != "span").copied().collect::<Vec<_>>().join(", ");
    let nothing = SUMMED.map(|column| format!("cast(null as bigint) as {column}")).join(", ");
    format!(
        "select {key}, month, sums, cast(null as integer) as class, {nothing} from (select {key}, span as month, sums \
         from {table} where span {among}) as t where {condition} \
         union all select {key}, month, cast(null as bytea), class, {columns} from total_change t \
         where t.month between $1 and $2 and {condition}",
        table = packed.table,
        columns = SUMMED.join(", "),
    )
}

/// Spans as one value, so that the statement's text does not depend on how many they are.
fn bound_spans(backend: DbBackend, spans: &[i32]) -> Value {
    if backend == DbBackend::Postgres {
        let spans = spans.iter().map(|span| Value::from(*span)).collect();
        return Value::Array(ArrayType::Int, Some(Box::new(spans)));
    }
    serde_json::json!(spans).to_string().into()
}
