//! What a household had from canteens: what it grew, by who sold it, and what the suppliers that lead it to income sold
//! (H3).

use super::check_range;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Path, Query},
    suppliers::find_household,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    beneficiary_link::BeneficiaryLinkKind,
    id::{BeneficiaryLinkId, HouseholdId, SupplierId},
    money::Fen,
    weight::Gram,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Sellers and links an answer holds at most: a household has a handful.
const MOST: u32 = 200;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncomeQuery {
    /// First day of purchase.
    #[param(example = "2026-01-01")]
    from: NaiveDate,
    /// Last day of purchase; five years on at most.
    #[param(example = "2026-12-31")]
    to: NaiveDate,
}

/// What a household had from canteens.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdIncomeView {
    /// The household.
    pub household_id: HouseholdId,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// What canteens paid for goods that name it as their producer: the sum of `grown`.
    pub amount: Fen,
    /// What they weigh, as far as it is known.
    pub weight: Gram,
    /// The same by who sold them, at most 200.
    pub grown: Vec<GrownView>,
    /// Suppliers that lead it to income in these days, a row a link, at most 200. What they sold is theirs and is in no
    /// sum here.
    pub links: Vec<LinkIncomeView>,
}

/// Goods of the household that one seller sold.
#[derive(Debug, Serialize, FromQueryResult, ToSchema)]
pub struct GrownView {
    /// Who sold them, where registered.
    pub supplier_id: Option<SupplierId>,
    /// Its name.
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub supplier_name: Option<String>,
    /// What canteens paid.
    pub amount: Fen,
    /// What they weigh, as far as it is known.
    pub weight: Gram,
    /// Ledger lines, correcting ones among them.
    #[schema(example = 12)]
    pub lines: i64,
}

/// A supplier that leads the household to income.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkIncomeView {
    /// The link.
    pub id: BeneficiaryLinkId,
    /// The supplier.
    pub supplier_id: SupplierId,
    /// Its name.
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub supplier_name: String,
    /// How it leads the household to income.
    pub kind: BeneficiaryLinkKind,
    /// First day of the link.
    pub from_on: NaiveDate,
    /// Last day of the link; null while it holds.
    pub to_on: Option<NaiveDate>,
    /// The household's share in percent; null where none is agreed.
    #[schema(example = "2.50")]
    pub share: Option<String>,
    /// What the supplier sold to canteens while the link held, goods that name any household as producer left out: they
    /// are that household's.
    pub sold: Fen,
    /// The agreed share of it, rounded down to the fen; null where none is agreed.
    pub by_share: Option<Fen>,
}

/// Show a household's income
///
/// From the ledger, corrections included: what was paid for its own goods, and what suppliers linked to it sold beside
/// them (H3). To its authorities only (P1).
#[utoipa::path(
    get, path = "/households/{id}/income", operation_id = "household_income", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = HouseholdId, Path, description = "The household"), IncomeQuery),
    responses((status = 200, body = HouseholdIncomeView, description = "What it had"))
)]
pub async fn household_income(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdId>,
    Query(query): Query<IncomeQuery>,
) -> Result<Json<HouseholdIncomeView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    check_range(query.from, query.to)?;
    let db = &ctx.store.read;
    find_household(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let days = (query.from, query.to);
    let whole = whole(db, id, days).await?;
    Ok(Json(HouseholdIncomeView {
        household_id: id,
        from: query.from,
        to: query.to,
        amount: whole.amount,
        weight: whole.weight,
        grown: grown(db, id, days).await?,
        links: links(db, id, days).await?.into_iter().map(view).collect(),
    }))
}

#[derive(Default, FromQueryResult)]
struct Whole {
    amount: Fen,
    weight: Gram,
}

const SUMS: &str = "cast(coalesce(sum(p.amount_fen), 0) as bigint) as amount, \
     cast(coalesce(sum(p.weight_gram), 0) as bigint) as weight";
const ITS_GOODS: &str = "p.producer_household_id = $1 and p.purchased_on between $2 and $3";

fn asked(db: &impl ConnectionTrait, sql: &str, id: HouseholdId, (from, to): (NaiveDate, NaiveDate)) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, [id.into(), from.into(), to.into()])
}

async fn whole(db: &impl ConnectionTrait, id: HouseholdId, days: (NaiveDate, NaiveDate)) -> Result<Whole, DbErr> {
    let sql = format!("select {SUMS} from purchase_line p where {ITS_GOODS}");
    Ok(Whole::find_by_statement(asked(db, &sql, id, days)).one(db).await?.unwrap_or_default())
}

async fn grown(
    db: &impl ConnectionTrait,
    id: HouseholdId,
    days: (NaiveDate, NaiveDate),
) -> Result<Vec<GrownView>, DbErr> {
    let sql = format!(
        "select p.supplier_id, s.name as supplier_name, {SUMS}, cast(count(*) as bigint) as lines \
         from purchase_line p left join supplier s on s.id = p.supplier_id \
         where {ITS_GOODS} group by p.supplier_id, s.name order by 3 desc, p.supplier_id limit {MOST}"
    );
    GrownView::find_by_statement(asked(db, &sql, id, days)).all(db).await
}

#[derive(FromQueryResult)]
struct LinkRow {
    id: BeneficiaryLinkId,
    supplier_id: SupplierId,
    supplier_name: String,
    kind: BeneficiaryLinkKind,
    from_on: NaiveDate,
    to_on: Option<NaiveDate>,
    share_bp: Option<i32>,
    sold: Fen,
}

async fn links(
    db: &impl ConnectionTrait,
    id: HouseholdId,
    days: (NaiveDate, NaiveDate),
) -> Result<Vec<LinkRow>, DbErr> {
    let sql = format!(
        "select l.id, l.supplier_id, s.name as supplier_name, l.kind, l.from_on, l.to_on, l.share_bp, \
         (select cast(coalesce(sum(p.amount_fen), 0) as bigint) from purchase_line p \
          where p.supplier_id = l.supplier_id and p.producer_household_id is null and p.purchased_on >= l.from_on \
          and p.purchased_on between $2 and $3 and (l.to_on is null or p.purchased_on <= l.to_on)) as sold \
         from beneficiary_link l join supplier s on s.id = l.supplier_id \
         where l.household_id = $1 and l.from_on <= $3 and (l.to_on is null or l.to_on >= $2) \
         order by l.from_on, l.id limit {MOST}"
    );
    LinkRow::find_by_statement(asked(db, &sql, id, days)).all(db).await
}

fn view(row: LinkRow) -> LinkIncomeView {
    LinkIncomeView {
        id: row.id,
        supplier_id: row.supplier_id,
        supplier_name: row.supplier_name,
        kind: row.kind,
        from_on: row.from_on,
        to_on: row.to_on,
        share: row.share_bp.map(|bp| format!("{}.{:02}", bp / 100, bp % 100)),
        sold: row.sold,
        by_share: row.share_bp.map(|bp| part(row.sold, bp)),
    }
}

/// So many basis points of an amount, rounded down.
fn part(amount: Fen, bp: i32) -> Fen {
    let part = (i128::from(amount.0) * i128::from(bp)).div_euclid(10_000);
    // At most as large as the amount: a share is a hundred percent at most.
    Fen(i64::try_from(part).unwrap_or(amount.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_down_and_never_overflows() {
        assert_eq!(part(Fen(9_999), 250), Fen(249));
        assert_eq!(part(Fen(-1), 250), Fen(-1));
        assert_eq!(part(Fen(i64::MAX), 10_000), Fen(i64::MAX));
    }
}
