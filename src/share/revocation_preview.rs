//! What a revocation would change, before anybody confirms it: lines, schools, and each school's share.

use super::{
    indicators::{Indicator, ReadingView, recent_indicators},
    reading::Sums,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, PageQuery, Path, Query},
    ledger::{Doubted, Extent, check_revocation_day, unnamed},
    store::bulk,
    suppliers::verification,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::{SchoolId, SupplierId},
    money::Fen,
    purchase_line, school,
    time::month_of,
    weight::Gram,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    Statement, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// From when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationPreviewRequest {
    /// First day on which what the supplier sold would count for nothing, and what others sold in the name of the household
    /// it is would lose that name; today at the latest.
    #[schema(example = "2026-02-01")]
    pub effective_from: NaiveDate,
}

/// What a revocation touches.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevocationPreviewView {
    /// The supplier.
    pub supplier_id: SupplierId,
    /// First day.
    pub effective_from: NaiveDate,
    /// To be sent back with the revocation: another one as soon as the approval or the lines are.
    #[schema(example = "3f6c2b8e0d5a47199b1c2f3e4d5a6b7c")]
    pub fingerprint: String,
    /// Ledger lines that count for something now and would count for nothing, or not as that household's.
    #[schema(example = 120)]
    pub lines: i64,
    /// Schools that bought them, within the caller's reach or not.
    #[schema(example = 3)]
    pub schools: i64,
    /// What they cost.
    pub amount: Fen,
    /// What they weigh, as far as it is known.
    pub weight: Gram,
    /// Day of the first; null where there are none.
    #[schema(example = "2026-02-03")]
    pub first_on: Option<NaiveDate>,
    /// Day of the last; null where there are none.
    #[schema(example = "2026-03-02")]
    pub last_on: Option<NaiveDate>,
    /// Schools of the caller's reach, in the order of ids.
    pub items: Vec<TouchedSchoolView>,
    /// Pass as `cursor` for the next schools; null on the last page.
    pub next_cursor: Option<String>,
}

/// A school whose share would change. The shares are those of the months from that of the first day to the present one,
/// under the headline indicator of today; null where there is none.
#[derive(Debug, Serialize, ToSchema)]
pub struct TouchedSchoolView {
    /// The school.
    pub school_id: SchoolId,
    /// Its name.
    #[schema(example = "雨农小学")]
    pub school_name: String,
    /// County it lies in.
    #[schema(example = "910526")]
    pub county_code: String,
    /// Its lines that would count for nothing, or not as that household's.
    #[schema(example = 40)]
    pub lines: i64,
    /// What they cost.
    pub amount: Fen,
    /// Its share as it is.
    pub before: Option<ReadingView>,
    /// Its share as it would be.
    pub after: Option<ReadingView>,
}

/// Preview a revocation
///
/// What the revocation of a supplier with effect from a day would touch. Nothing is stored.
#[utoipa::path(
    post, path = "/suppliers/{id}/revocation-preview", operation_id = "preview_revocation", tag = "share",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier"), PageQuery),
    request_body = RevocationPreviewRequest,
    responses((status = 200, body = RevocationPreviewView, description = "What it would touch"))
)]
pub async fn preview_revocation(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    Query(paging): Query<PageQuery>,
    command: Command<RevocationPreviewRequest>,
) -> Result<Json<RevocationPreviewView>, ApiError> {
    let scope = caller.actor.may(Action::Cancel, Resource::Verification)?;
    let seen = caller.actor.may(Action::Read, Resource::SchoolShare)?;
    let (limit, after) = (paging.limit()?, paging.after_id()?);
    let db = ctx.store.primary();
    let found = verification::find_revocable(db, &scope, id).await?;
    let today = ctx.clock.now().business_day();
    let from = command.body.effective_from;
    let mut check = Check::default();
    check_revocation_day(&mut check, from, today);
    check.finish()?;
    let doubted = Doubted { supplier: id, household: found.supplier.household_id, from, before: None };
    let extent = Extent::read(db, doubted).await?;
    let mut schools = purchase_line::Entity::find()
        .select_only()
        .column(purchase_line::Column::SchoolId)
        .join(JoinType::InnerJoin, of_school())
        .filter(doubted.lines())
        .filter(seen.on_school())
        .group_by(purchase_line::Column::SchoolId)
        .order_by_asc(purchase_line::Column::SchoolId)
        .limit(limit + 1);
    if let Some(after) = after {
        schools = schools.filter(purchase_line::Column::SchoolId.gt(SchoolId(after)));
    }
    let mut ids: Vec<SchoolId> = schools.into_tuple().all(db).await?;
    let more = ids.len() as u64 > limit;
    ids.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = ids.last().filter(|_| more).map(ToString::to_string);
    let indicators = recent_indicators(&ctx, today).await?;
    let headline = indicators.iter().find(|indicator| indicator.version.headline);
    let items = touched(db, headline, (doubted, today), ids).await?;
    Ok(Json(RevocationPreviewView {
        supplier_id: id,
        effective_from: from,
        fingerprint: extent.fingerprint(found.row.id, found.row.version, from),
        lines: extent.lines,
        schools: extent.schools,
        amount: extent.amount(),
        weight: extent.weight(),
        first_on: extent.first_on,
        last_on: extent.last_on,
        items,
        next_cursor,
    }))
}

fn of_school() -> sea_orm::RelationDef {
    purchase_line::Entity::belongs_to(school::Entity)
        .from(purchase_line::Column::SchoolId)
        .to(school::Column::Id)
        .into()
}

/// Sums of one class of one school.
#[derive(FromQueryResult)]
struct ClassRow {
    school_id: SchoolId,
    class: i32,
    amount_fen: i64,
    weight_gram: i64,
    unknown_fen: i64,
    unknown_lines: i64,
    line_count: i64,
}

type BySchool = HashMap<SchoolId, BTreeMap<i32, Sums>>;

impl ClassRow {
    fn sums(&self) -> Sums {
        Sums {
            amount: Fen(self.amount_fen),
            weight: Gram(self.weight_gram),
            unknown_weight_amount: Fen(self.unknown_fen),
            unknown_weight_lines: self.unknown_lines,
            lines: self.line_count,
        }
    }
}

/// The schools with their shares before and after: a statement each for names, totals and lines.
async fn touched(
    db: &impl ConnectionTrait,
    headline: Option<&Indicator>,
    (doubted, today): (Doubted, NaiveDate),
    ids: Vec<SchoolId>,
) -> Result<Vec<TouchedSchoolView>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let names = school::Entity::find().filter(school::Column::Id.is_in(ids.iter().copied())).all(db).await?;
    let mut names: HashMap<SchoolId, school::Model> = names.into_iter().map(|school| (school.id, school)).collect();
    let totals = totals(db, &ids, (month_of(doubted.from), month_of(today))).await?;
    let lines = lines(db, &ids, doubted).await?;
    let views = ids.into_iter().filter_map(|id| {
        let school = names.remove(&id)?;
        let before = totals.get(&id).cloned().unwrap_or_default();
        let taken = lines.get(&id)?;
        let mut after = before.clone();
        let mut whole = Sums::default();
        for (taken, instead, sums) in taken {
            whole.add(sums);
            after.entry(*taken).or_default().add(&sums.negated());
            after.entry(*instead).or_default().add(sums);
        }
        Some(TouchedSchoolView {
            school_id: id,
            school_name: school.name,
            county_code: school.county_code,
            lines: whole.lines,
            amount: whole.amount,
            before: headline.map(|indicator| indicator.read(&before)),
            after: headline.map(|indicator| indicator.read(&after)),
        })
    });
    Ok(views.collect())
}

async fn totals(db: &impl ConnectionTrait, ids: &[SchoolId], (first, last): (i32, i32)) -> Result<BySchool, DbErr> {
    let backend = db.get_database_backend();
    let (relation, mut values) = bulk::ids(backend, ids.iter().copied())?;
    let next = values.len() + 1;
    values.extend([first.into(), last.into()]);
    // The key of the totals begins with the county: a school has had few.
    let sql = format!(
        "select t.school_id, t.class, cast(sum(t.amount_fen) as bigint) as amount_fen, \
         cast(sum(t.weight_gram) as bigint) as weight_gram, cast(sum(t.unknown_weight_fen) as bigint) as unknown_fen, \
         cast(sum(t.unknown_weight_lines) as bigint) as unknown_lines, cast(sum(t.line_count) as bigint) as line_count \
         from (select distinct a.school_id, a.county_code from {relation} join school_affiliation a on a.school_id = r.id) \
         as k join school_month_total t on t.county_code = k.county_code and t.school_id = k.school_id \
         where t.month between ${next} and ${} group by t.school_id, t.class",
        next + 1
    );
    let mut found = BySchool::new();
    for row in ClassRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await? {
        found.entry(row.school_id).or_default().entry(row.class).or_default().add(&row.sums());
    }
    Ok(found)
}

/// What is taken of each school: the class it has, the class that takes its place, and how much.
type TakenBySchool = HashMap<SchoolId, Vec<(i32, i32, Sums)>>;

/// Sums of lines of a school that are corrected alike.
#[derive(FromQueryResult)]
struct TakenRow {
    #[sea_orm(nested)]
    sums: ClassRow,
    supplier_id: Option<SupplierId>,
    linked_households: i32,
}

async fn lines(db: &impl ConnectionTrait, ids: &[SchoolId], doubted: Doubted) -> Result<TakenBySchool, DbErr> {
    use purchase_line::Column;
    let sum = |text: &str| Expr::cust(format!("cast(coalesce(sum({text}), 0) as bigint)"));
    let alike = [Column::SchoolId, Column::Class, Column::SupplierId, Column::LinkedHouseholds];
    let rows = purchase_line::Entity::find()
        .select_only()
        .columns(alike)
        .column_as(sum("purchase_line.amount_fen"), "amount_fen")
        .column_as(sum("purchase_line.weight_gram"), "weight_gram")
        .column_as(
            sum("case when purchase_line.weight_gram is null then purchase_line.amount_fen else 0 end"),
            "unknown_fen",
        )
        .column_as(sum("case when purchase_line.weight_gram is null then 1 else 0 end"), "unknown_lines")
        .column_as(sum("1"), "line_count")
        .filter(doubted.lines())
        .filter(Column::SchoolId.is_in(ids.iter().copied()));
    let rows = alike.into_iter().fold(rows, QuerySelect::group_by);
    let mut found = TakenBySchool::new();
    for row in rows.into_model::<TakenRow>().all(db).await? {
        let (school, class) = (row.sums.school_id, row.sums.class);
        // What it sold itself is not believed at all; what others sold in its name loses the name.
        let own = row.supplier_id == Some(doubted.supplier);
        let instead = if own { 0 } else { unnamed(class, row.linked_households) };
        found.entry(school).or_default().push((class, instead, row.sums.sums()));
    }
    Ok(found)
}
