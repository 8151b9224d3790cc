//! Holds what was received against what suppliers can yield (H6).

use crate::{
    context::Ctx,
    http::ApiError,
    registry::Authorities,
    store::{
        bulk::{self, Kind, Rows},
        outbox_line,
    },
};
use chrono::Days;
use entity::{
    id::{CapacityId, SupplierId},
    outbox,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use serde_json::json;
use uuid::Uuid;

/// Capacities looked at in one transaction.
const BATCH: usize = 200;
/// Days after its season that a capacity is still looked at: receipts and corrections come late.
const AFTER: u64 = 60;

#[derive(FromQueryResult)]
struct Season {
    id: CapacityId,
    supplier_id: SupplierId,
    division_code: String,
    was_overrun: bool,
    yield_gram: i64,
    sold_gram: i64,
    unknown_lines: i64,
}

/// Adds up anew what was received of every running season and tells the county, once, of those that were oversold;
/// answers how many capacities that were.
///
/// # Errors
/// When the database refuses; what was looked at before stays.
pub async fn check_capacities(ctx: &Ctx) -> Result<usize, ApiError> {
    let mut looked = 0;
    let mut after = Uuid::nil();
    loop {
        let Some((count, last)) = batch(ctx, after).await? else { return Ok(looked) };
        looked += count;
        after = last;
    }
}

async fn batch(ctx: &Ctx, after: Uuid) -> Result<Option<(usize, Uuid)>, ApiError> {
    let at = ctx.clock.now();
    let today = at.business_day();
    let since = today.checked_sub_days(Days::new(AFTER)).unwrap_or(today);
    let sold = sold(ctx.store.primary(), after, since, today).await?;
    let Some(last) = sold.last().map(|one| one.id.0) else { return Ok(None) };
    let txn = ctx.store.begin().await?;
    let backend = txn.get_database_backend();
    let cells = sold.iter().map(|one| vec![one.id.into(), one.sold_gram.into(), one.unknown_lines.into()]).collect();
    let (names, kinds) = (["id", "sold", "unknown"], [Kind::Uuid, Kind::Long, Kind::Long]);
    let (relation, mut values) = Rows::new(&names, &kinds, cells).relation(backend)?;
    values.push(at.0.into());
    let sql = format!(
        "update capacity set sold_gram = r.sold, unknown_weight_lines = r.unknown, checked_at = ${} from {relation} \
         where capacity.id = r.id",
        values.len()
    );
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let new: Vec<&Season> = sold.iter().filter(|one| !one.was_overrun && one.sold_gram > one.yield_gram).collect();
    let authorities = Authorities::load(&txn, new.iter().map(|one| one.division_code.as_str())).await?;
    let event = |one: &&Season| {
        let units = authorities.of(&one.division_code, false);
        let told = json!({"capacity_id": one.id, "supplier_id": one.supplier_id, "units": units});
        outbox_line(ctx, at, "capacity.overrun", &told)
    };
    let events: Vec<outbox::Model> = new.iter().map(event).collect();
    bulk::insert(&txn, &events).await?;
    txn.commit().await?;
    Ok(Some((sold.len(), last)))
}

/// What was received of the next capacities: from the supplier, and from others that named its household.
async fn sold(
    db: &impl ConnectionTrait,
    after: Uuid,
    since: chrono::NaiveDate,
    today: chrono::NaiveDate,
) -> Result<Vec<Season>, DbErr> {
    let sums = "coalesce(sum(l.weight_gram), 0) as sold, \
                sum(case when l.weight_gram is not null then 0 when l.amount_fen > 0 then 1 when l.amount_fen < 0 then -1 \
                else 0 end) as unknown";
    let of_season = "l.product_code = c.product_code and l.purchased_on between c.from_on and c.to_on";
    let sql = format!(
        "with c as (select k.id, k.supplier_id, k.product_code, k.from_on, k.to_on, k.yield_gram, k.sold_gram, \
         s.division_code, s.household_id from capacity k join supplier s on s.id = k.supplier_id \
         where k.id > $1 and k.to_on >= $2 and k.from_on <= $3 order by k.id limit {BATCH}), \
         parts as (select c.id, {sums} from c join purchase_line l on l.supplier_id = c.supplier_id and {of_season} \
         group by c.id union all \
         select c.id, {sums} from c join purchase_line l on l.producer_household_id = c.household_id and {of_season} \
         and (l.supplier_id is null or l.supplier_id <> c.supplier_id) group by c.id) \
         select c.id, c.supplier_id, c.division_code, c.sold_gram > c.yield_gram as was_overrun, c.yield_gram, \
         cast(coalesce(sum(p.sold), 0) as bigint) as sold_gram, cast(coalesce(sum(p.unknown), 0) as bigint) as unknown_lines \
         from c left join parts p on p.id = c.id \
         group by c.id, c.supplier_id, c.division_code, c.sold_gram, c.yield_gram order by c.id"
    );
    let values = [after.into(), since.into(), today.into()];
    Season::find_by_statement(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).all(db).await
}
