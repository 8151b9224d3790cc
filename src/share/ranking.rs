//! The schools of a place one by one: who bought what share, who did not report and why, who is off course.

use super::{
    area::Area,
    coverage::{self, Days},
    indicators::{Indicator, Population, Tree, covered, covered_node, recent_indicators},
    reading::{AmountShare, Percent, WeightShare, meets, share_bp, still_needed},
    rollup::exact_months,
    school::RangeQuery,
    sums::months_before,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, bad_cursor, page},
};
use axum::{extract::State, response::Response};
use chrono::NaiveDate;
use entity::{canteen::CanteenKind, id::SchoolId, indicator::Basis, money::Fen, school::SchoolStage, weight::Gram};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How a school stands in the coverage of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// Runs a kitchen and has purchases.
    Reported,
    /// Runs a kitchen and has none: nothing was received, nothing declared.
    Missing,
    /// Runs no kitchen of its own (S12).
    Exempt,
    /// Bought here earlier in the period and belongs elsewhere by now.
    Moved,
}

/// What schools are put in order by. Those without the figure come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum RankBy {
    /// The lowest share first.
    #[default]
    #[serde(rename = "share")]
    Lowest,
    /// The highest share first.
    #[serde(rename = "-share")]
    Highest,
    /// The largest purchases first.
    #[serde(rename = "-amount")]
    Largest,
    /// Where most must still be bought to reach the target first.
    #[serde(rename = "-still_needed")]
    MostNeeded,
    /// Where the share fell most against the period before first.
    #[serde(rename = "change")]
    Fallen,
}

/// Which schools.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RankQuery {
    /// First of a month; the first of this year unless given.
    pub from: Option<NaiveDate>,
    /// Last of a month; the last of this year unless given.
    pub to: Option<NaiveDate>,
    /// Code of the place.
    #[param(example = "910500")]
    pub place: String,
    /// In which hierarchy that is a place; the reporting tree unless given.
    #[param(inline)]
    pub tree: Option<Tree>,
    /// Of this state only.
    #[param(inline)]
    pub state: Option<ReportState>,
    /// Of this stage only.
    #[param(inline)]
    pub stage: Option<SchoolStage>,
    /// With `true` only schools off course, whose share is below the target; with `false` only those that reach it.
    pub below_target: Option<bool>,
    /// Their order; `share` unless given.
    #[param(inline)]
    pub sort: Option<RankBy>,
    /// Rows wanted, 1 to 200; 20 unless given.
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A school among the schools of a place, under the headline indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct RankedSchoolView {
    /// The school.
    pub school_id: SchoolId,
    /// Its code.
    #[schema(example = "910526-001")]
    pub code: String,
    /// Its name.
    #[schema(example = "雨农小学")]
    pub name: String,
    /// Its stage.
    pub stage: SchoolStage,
    /// County it lies in.
    #[schema(example = "910526")]
    pub county_code: String,
    /// Unit it reports to.
    #[schema(example = "910526")]
    pub reporting_unit_code: String,
    /// How it stands in the coverage.
    pub state: ReportState,
    /// Of an exempt school, how its pupils are fed: by a kitchen it shares, or by none; null where no kitchen was ever
    /// entered, and of every other school.
    pub fed_by: Option<CanteenKind>,
    /// What it bought here, by amount.
    pub amount: AmountShare,
    /// The same by weight.
    pub weight: WeightShare,
    /// Whether the exact share reaches the target; null where undefined or without a target.
    #[schema(example = true)]
    pub meets_target: Option<bool>,
    /// Amount that must still be bought from qualifying sources to reach the target, where it is measured by amount.
    pub still_needed: Option<Fen>,
    /// What it bought here in as many months before, by amount.
    pub amount_before: AmountShare,
    /// The same by weight.
    pub weight_before: WeightShare,
    /// Points the share rose by against the period before, on the indicator's basis; null where either is undefined.
    #[schema(value_type = Option<String>, example = "-3.20")]
    pub change: Option<Percent>,
}

/// Rank the schools of a place
///
/// One by one under the headline indicator of the last day: their share, whether they reported, and what changed against
/// as many months before. Their amounts add up to the place's.
#[utoipa::path(
    get, path = "/shares/schools", operation_id = "rank_schools", tag = "share", security(("bearer" = [])),
    params(RankQuery),
    responses((status = 200, body = Page<RankedSchoolView>, description = "A page"))
)]
pub async fn rank_schools(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<RankQuery>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::RollUp)?;
    let now = ctx.clock.now();
    let days = RangeQuery { from: query.from, to: query.to }.days(now.business_day())?;
    let months = exact_months(days.0, days.1)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let after = paging.after::<2>()?.map(|[key, id]| {
        let key = key.parse::<i64>().map_err(|_| bad_cursor())?;
        Ok::<_, ApiError>((key, Uuid::parse_str(&id).map_err(|_| bad_cursor())?))
    });
    let after = after.transpose()?;
    let tree = query.tree.unwrap_or_default();
    covered(&ctx, &scope, tree, &query.place).await?;
    let key = format!("rank {days:?} {query:?}");
    let compute = async {
        let node = covered_node(&ctx, tree, &query.place, days).await?;
        let indicators = recent_indicators(&ctx, days.1).await?;
        let headline = indicators.iter().find(|indicator| indicator.version.headline);
        let days = Days { from: days.0, to: days.1, today: now.business_day() };
        let wanted = Wanted { area: &node.area, months, days, headline, query: &query, after, limit: limit + 1 };
        let rows = wanted.rows(&ctx.store.read).await?;
        let page = page(rows, limit, |row| format!("{}~{}", row.rank, row.school_id), |row| row.view(headline));
        serde_json::to_vec(&page).map_err(ApiError::internal)
    };
    ctx.pages.answer(key, Topic::Ledger, now, compute).await
}

struct Wanted<'a> {
    area: &'a Area,
    months: (i32, i32),
    days: Days,
    headline: Option<&'a Indicator>,
    query: &'a RankQuery,
    after: Option<(i64, Uuid)>,
    limit: u64,
}

#[derive(FromQueryResult)]
struct Row {
    rank: i64,
    school_id: SchoolId,
    code: String,
    name: String,
    stage: SchoolStage,
    county_code: String,
    reporting_unit_code: String,
    state: String,
    fed_by: Option<CanteenKind>,
    part_fen: i64,
    whole_fen: i64,
    part_gram: i64,
    whole_gram: i64,
    was_part_fen: i64,
    was_whole_fen: i64,
    was_part_gram: i64,
    was_whole_gram: i64,
}

/// Rank of schools that do not have the figure: behind all that do.
const LAST: &str = "9000000000000000000";

/// A share in millionths, as an expression; nothing where there is nothing to divide by. It only puts schools in order:
/// whether a target is reached is asked of the exact numbers.
fn millionths(part: &str, whole: &str) -> String {
    format!(
        "case when {whole} <= 0 then null when abs({part}) < 9000000000000 then {part} * 1000000 / {whole} \
         else {part} / ({whole} / 1000000) end"
    )
}

impl Wanted<'_> {
    /// One statement: the schools of the place with what each bought in the period and in the one before.
    async fn rows(&self, db: &impl ConnectionTrait) -> Result<Vec<Row>, DbErr> {
        let backend = db.get_database_backend();
        let (schools, mut values) = coverage::schools(backend, self.area, &Population::default());
        let (held, more) = self.area.condition(backend, 6 + values.len());
        values.extend(more);
        let (earlier, _) = months_before(self.months);
        values.push(earlier.into());
        let within = format!("t.month between ${} and $2 and {held}", 5 + values.len());
        // What is folded, and what waits to be.
        let columns = "school_id, month, class, amount_fen, weight_gram";
        let source = format!(
            "(select {columns} from school_total t where {within} \
             union all select {columns} from total_change t where {within}) as t"
        );
        let sums = self.sums();
        let target = self.headline.and_then(|headline| headline.version.target_bp).unwrap_or_default();
        let (part, whole) = if self.by_weight() { ("part_gram", "whole_gram") } else { ("part_fen", "whole_fen") };
        let share = millionths(part, whole);
        let before = millionths(&format!("was_{part}"), &format!("was_{whole}"));
        let rank = match self.query.sort.unwrap_or_default() {
            RankBy::Lowest => share,
            RankBy::Highest => format!("-({share})"),
            RankBy::Largest => "-whole_fen".to_owned(),
            RankBy::MostNeeded => {
                format!("case when {whole} <= 0 then null else {part} * 10000 - {whole} * {target} end")
            }
            RankBy::Fallen => format!("({share}) - ({before})"),
        };
        let mut bound = self.days.bound(self.months);
        bound.append(&mut values);
        let mut bind = |value: Value| {
            bound.push(value);
            format!("${}", bound.len())
        };
        let mut filter = "true".to_owned();
        if let Some(state) = self.query.state {
            filter += &format!(" and state = '{}'", state.name());
        }
        if let Some(stage) = self.query.stage {
            filter += &format!(" and stage = '{}'", stage.to_value());
        }
        if let Some(below) = self.query.below_target {
            // Compared as numbers without a bound: neither database may overflow here (S8).
            let wide = |column: &str| format!("cast({column} as numeric)");
            let sign = if below { "<" } else { ">=" };
            filter += &format!(" and {whole} > 0 and {} * 10000 {sign} {} * {target}", wide(part), wide(whole));
        }
        if let Some((rank, id)) = self.after {
            let (rank, id) = (bind(rank.into()), bind(id.into()));
            filter += &format!(" and (rank > {rank} or rank = {rank} and school_id > {id})");
        }
        let limit = bind(i64::try_from(self.limit).unwrap_or(i64::MAX).into());
        let of_sums = SUMMED.map(|column| format!("coalesce(sums.{column}, 0) as {column}")).join(", ");
        let sql = format!(
            "with {schools}, sums as (select t.school_id, {sums} from {source} group by t.school_id), \
             each_one as (select s.id as school_id, s.code, s.name, s.stage, s.county_code, s.reporting_unit_code, \
             case when p.school_id is null then 'moved' when not p.runs then 'exempt' \
             when did.school_id is null then 'missing' else 'reported' end as state, \
             case when p.school_id is not null and not p.runs then (select max(k.kind) from canteen_term k \
             where k.school_id = s.id and k.from_on <= p.day and (k.to_on is null or k.to_on >= p.day)) end as fed_by, \
             {of_sums} from school s left join p on p.school_id = s.id \
             left join did on did.school_id = s.id left join sums on sums.school_id = s.id \
             where p.school_id is not null or sums.lines > 0), \
             ranked as (select each_one.*, coalesce({rank}, {LAST}) as rank from each_one) \
             select * from ranked where {filter} order by rank, school_id limit {limit}"
        );
        Row::find_by_statement(Statement::from_sql_and_values(backend, sql, bound)).all(db).await
    }

    fn by_weight(&self) -> bool {
        self.headline.is_some_and(|headline| headline.version.basis == Basis::Weight)
    }

    /// Sums of what counts and of everything, in the period and in the one before.
    fn sums(&self) -> String {
        let counted = self.headline.map(Indicator::class_codes).unwrap_or_default();
        // No code is negative: of no class at all, nothing counts.
        let counted = counted.iter().map(i32::to_string).chain(["-1".to_owned()]).collect::<Vec<_>>().join(", ");
        let sum = |name: &str, column: &str, condition: &str| {
            format!("cast(sum(case when {condition} then {column} else 0 end) as bigint) as {name}")
        };
        let mut sums = Vec::new();
        for (prefix, period) in [("", "t.month >= $1"), ("was_", "t.month < $1")] {
            for (unit, column) in [("fen", "t.amount_fen"), ("gram", "t.weight_gram")] {
                let part = format!("{period} and t.class in ({counted})");
                sums.push(sum(&format!("{prefix}part_{unit}"), column, &part));
                sums.push(sum(&format!("{prefix}whole_{unit}"), column, period));
            }
        }
        sums.push(sum("lines", "1", "t.month >= $1"));
        sums.join(", ")
    }
}

const SUMMED: [&str; 8] = [
    "part_fen",
    "whole_fen",
    "part_gram",
    "whole_gram",
    "was_part_fen",
    "was_whole_fen",
    "was_part_gram",
    "was_whole_gram",
];

impl ReportState {
    fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Missing => "missing",
            Self::Exempt => "exempt",
            Self::Moved => "moved",
        }
    }

    fn named(name: &str) -> Self {
        [Self::Reported, Self::Missing, Self::Exempt].into_iter().find(|one| one.name() == name).unwrap_or(Self::Moved)
    }
}

impl Row {
    fn view(self, headline: Option<&Indicator>) -> RankedSchoolView {
        let by_weight = headline.is_some_and(|headline| headline.version.basis == Basis::Weight);
        let target = headline.and_then(|headline| headline.version.target_bp).map(i64::from);
        let (part, whole, was_part, was_whole) = if by_weight {
            (self.part_gram, self.whole_gram, self.was_part_gram, self.was_whole_gram)
        } else {
            (self.part_fen, self.whole_fen, self.was_part_fen, self.was_whole_fen)
        };
        let change = share_bp(part, whole).zip(share_bp(was_part, was_whole)).map(|(now, was)| Percent(now - was));
        RankedSchoolView {
            school_id: self.school_id,
            code: self.code,
            name: self.name,
            stage: self.stage,
            county_code: self.county_code,
            reporting_unit_code: self.reporting_unit_code,
            state: ReportState::named(&self.state),
            fed_by: self.fed_by,
            amount: AmountShare::of(Fen(self.part_fen), Fen(self.whole_fen)),
            weight: WeightShare::of(Gram(self.part_gram), Gram(self.whole_gram)),
            meets_target: target.and_then(|target| meets(part, whole, target)),
            still_needed: target
                .filter(|_| !by_weight && whole > 0)
                .and_then(|target| still_needed(part, whole, target))
                .map(Fen),
            amount_before: AmountShare::of(Fen(self.was_part_fen), Fen(self.was_whole_fen)),
            weight_before: WeightShare::of(Gram(self.was_part_gram), Gram(self.was_whole_gram)),
            change,
        }
    }
}
