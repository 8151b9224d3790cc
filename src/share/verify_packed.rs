//! The packed sums of spans against the totals by class they are folded from.

use super::verify::{Difference, NAMED, id_text};
use crate::ledger::packed::{ClassSums, OF_CATEGORIES, Packed, SUMMED, made_up, unpack};
use sea_orm::{ConnectionTrait, DbErr, Statement};

/// Values that are not what they should be, at most [`NAMED`], each by the classes that differ.
///
/// # Errors
/// When the database does not answer, and for a value that is none.
pub(super) async fn packed_differences(db: &impl ConnectionTrait, packed: Packed) -> Result<Vec<Difference>, DbErr> {
    let backend = db.get_database_backend();
    let same: Vec<String> = packed.key.iter().map(|column| format!("m.{column} = s.{column}")).collect();
    let named = |column: &&str| match *column {
        "school_id" => id_text(backend, "coalesce(m.school_id, s.school_id)"),
        column => format!("coalesce(m.{column}, s.{column})"),
    };
    let name: Vec<String> = packed.key.iter().map(named).collect();
    // A value whose sums came to nothing is as good as none.
    let sql = format!(
        "select '{table} ' || {name} as name, s.sums as stored, m.sums as recomputed \
         from ({made_up}) as m full outer join (select * from {table} where length(sums) > 0) as s on {same} \
         where m.sums is distinct from s.sums order by 1 limit {NAMED}",
        table = packed.table,
        name = name.join(" || ' ' || "),
        made_up = made_up(backend, packed, &totals(packed)),
        same = same.join(" and "),
    );
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await?;
    let difference = |row: &sea_orm::QueryResult| {
        let sums = |column| -> Result<ClassSums, DbErr> {
            Ok(unpack(&row.try_get::<Option<Vec<u8>>>("", column)?.unwrap_or_default())?.collect())
        };
        let (stored, recomputed) = (sums("stored")?, sums("recomputed")?);
        let told = |these: &ClassSums, those: &ClassSums| {
            let differ = these.iter().filter(|(class, sums)| those.get(class) != Some(sums));
            let told =
                differ.map(|(class, sums)| format!("class {class} {}", sums.map(|sum| sum.to_string()).join("/")));
            let told: Vec<String> = told.collect();
            if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
        };
        let (stored, recomputed) = (told(&stored, &recomputed), told(&recomputed, &stored));
        Ok(Difference { what: row.try_get("", "name")?, stored, recomputed })
    };
    rows.iter().map(difference).collect()
}

/// What is folded so far, by class: the totals without what waits. Categories are only kept by school, and summed up before
/// they are told apart by span.
fn totals(packed: Packed) -> String {
    if packed != OF_CATEGORIES {
        return "school_total".to_owned();
    }
    let key = "county_code, month, reporting_unit_code, category_code, class";
    let columns = SUMMED.join(", ");
    let waiting = SUMMED.map(|column| format!("-{column}")).join(", ");
    let sums = SUMMED.map(|column| format!("cast(sum({column}) as bigint) as {column}")).join(", ");
    format!(
        "(select {key}, {sums} from (select {key}, {columns} from school_month_total \
         union all select {key}, {waiting} from total_change) as folded group by {key}) as totals"
    )
}
