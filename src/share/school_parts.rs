//! A school's figures broken down: by month, category, seller, kind of seller.

use super::{
    indicators::Indicator,
    reading::Sums,
    school::{Figures, SchoolBy},
    sums::{SIGN, SumRow},
};
use crate::vault::mask_name;
use chrono::NaiveDate;
use entity::{
    id::SchoolId,
    supplier::{self, SupplierKind},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement,
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Parts shown at most; the rest is one part together.
const MOST: usize = 200;

/// A part of a school's figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SchoolPartView {
    /// Month, category, kind of seller or id of the seller; empty for purchases of sellers that are not registered, and for the
    /// rest beyond 200 parts.
    #[schema(example = "2026-03")]
    pub key: String,
    /// Name of the seller; a household's is masked (P1). Null in other breakdowns.
    #[schema(example = "高原云薯合作社")]
    pub name: Option<String>,
    /// The figures.
    pub figures: Figures,
}

/// The parts of a school's lines over some days, those with the largest purchases first, months in order. From the lines
/// themselves: a few thousand in a year.
///
/// # Errors
/// When the database does not answer.
pub async fn parts_of_school(
    db: &impl ConnectionTrait,
    school: SchoolId,
    (from, to): (NaiveDate, NaiveDate),
    by: SchoolBy,
    indicators: &[Indicator],
) -> Result<Vec<SchoolPartView>, DbErr> {
    let backend = db.get_database_backend();
    let (key, join) = match (by, backend) {
        (SchoolBy::Month, _) => ("cast(l.month as text)", ""),
        (SchoolBy::Category, _) => ("l.category_code", ""),
        (SchoolBy::SupplierKind, _) => ("coalesce(s.kind, '')", "left join supplier s on s.id = l.supplier_id"),
        (SchoolBy::Supplier, DbBackend::Postgres) => ("coalesce(cast(l.supplier_id as text), '')", ""),
        (SchoolBy::Supplier, _) => ("coalesce(lower(hex(l.supplier_id)), '')", ""),
    };
    let sql = format!(
        "select {key} as key, l.class, l.channel, cast(sum(l.amount_fen) as bigint) as amount_fen, \
         cast(coalesce(sum(l.weight_gram), 0) as bigint) as weight_gram, \
         cast(sum(case when l.weight_gram is null then l.amount_fen else 0 end) as bigint) as unknown_weight_fen, \
         cast(sum(case when l.weight_gram is null then {SIGN} else 0 end) as bigint) as unknown_weight_lines, \
         cast(sum({SIGN}) as bigint) as line_count from purchase_line l {join} \
         where l.school_id = $1 and l.purchased_on between $2 and $3 group by 1, l.class, l.channel"
    );
    let values = [school.into(), from.into(), to.into()];
    let rows = SumRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    let mut found: HashMap<String, BTreeMap<i32, Sums>> = HashMap::new();
    for row in &rows {
        found.entry(row.key.clone()).or_default().entry(row.class).or_default().add(&row.sums());
    }
    let amount = |sums: &BTreeMap<i32, Sums>| sums.values().map(|sums| sums.amount.0).sum::<i64>();
    let mut parts: Vec<(String, BTreeMap<i32, Sums>)> = found.into_iter().collect();
    if by == SchoolBy::Month {
        parts.sort_by(|a, b| a.0.cmp(&b.0));
    } else {
        parts.sort_by(|a, b| amount(&b.1).cmp(&amount(&a.1)).then_with(|| a.0.cmp(&b.0)));
    }
    if parts.len() > MOST {
        let mut rest: BTreeMap<i32, Sums> = BTreeMap::new();
        for (class, sums) in parts.split_off(MOST - 1).into_iter().flat_map(|(_, sums)| sums) {
            rest.entry(class).or_default().add(&sums);
        }
        parts.push((String::new(), rest));
    }
    let names = if by == SchoolBy::Supplier {
        names(db, parts.iter().map(|part| part.0.as_str())).await?
    } else {
        HashMap::new()
    };
    let view = |(key, sums): (String, BTreeMap<i32, Sums>)| {
        let id = Uuid::parse_str(&key).ok().filter(|_| by == SchoolBy::Supplier);
        let key = match (by, id) {
            (SchoolBy::Month, _) => format!("{}-{}", &key[..4.min(key.len())], &key[4.min(key.len())..]),
            // SQLite shows ids without hyphens.
            (_, Some(id)) => id.to_string(),
            _ => key,
        };
        let name = id.and_then(|id| names.get(&id).cloned());
        SchoolPartView { key, name, figures: Figures::of(indicators, &sums) }
    };
    Ok(parts.into_iter().map(view).collect())
}

async fn names(db: &impl ConnectionTrait, keys: impl Iterator<Item = &str>) -> Result<HashMap<Uuid, String>, DbErr> {
    use supplier::Column;
    let ids: Vec<Uuid> = keys.filter_map(|key| Uuid::parse_str(key).ok()).collect();
    let rows: Vec<(Uuid, String, SupplierKind)> = supplier::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Name, Column::Kind])
        .filter(Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    let shown = |name: String, kind| if kind == SupplierKind::Household { mask_name(&name) } else { name };
    Ok(rows.into_iter().map(|(id, name, kind)| (id, shown(name, kind))).collect())
}
