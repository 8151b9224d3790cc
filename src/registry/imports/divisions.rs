//! A new yearly file of divisions: compared, and applied by the hash of the difference.

use super::{
    MOST_NAMED, alone, check_day, hash_of, is_shrinking,
    register::{Register, level_of},
    remember, same,
    seats::{MovedSeats, Seat, move_seats},
    too_few,
    yearly::{DIVISIONS, Difference, DivisionChange, DivisionChangeKind, compare, over},
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, FieldError, ProblemBody, Query, Reply, Text, idempotency_key},
    registry::{county_of, past::present},
    sheets::{Refusal, take_file, text_of_async},
    store::{
        Begun,
        bulk::{self, Kind, Rows},
    },
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use chrono::NaiveDate;
use entity::{county_list_member, division, division_past, division_succession, registry_import::RegistryImportKind};
use sea_orm::{Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Statement, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::{IntoParams, ToSchema};

/// Which day the file holds from, and whether it is applied.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DivisionImportQuery {
    /// First day the file holds, not after today.
    #[param(example = "2026-01-01")]
    pub from_on: NaiveDate,
    /// `difference` of the answer that was looked at: applies it. Compared only unless given.
    #[param(example = "4be1")]
    pub difference: Option<String>,
    /// Ends more divisions than `REGISTRY_SHRINK_BP` allows.
    #[serde(default)]
    #[param(example = false)]
    pub allow_shrink: bool,
}

/// A file of divisions beside the register.
#[derive(Debug, Serialize, ToSchema)]
pub struct DivisionImportView {
    /// Whether the register is changed now.
    #[schema(example = false)]
    pub applied: bool,
    /// First day the file holds.
    pub from_on: NaiveDate,
    /// What to apply this difference by.
    #[schema(example = "4be1")]
    pub difference: String,
    /// Rows of the file.
    #[schema(example = 1608)]
    pub rows: usize,
    /// Divisions that stay as they are.
    #[schema(example = 1600)]
    pub unchanged: usize,
    /// Divisions set up.
    #[schema(example = 1)]
    pub new: usize,
    /// Divisions called otherwise.
    #[schema(example = 1)]
    pub renamed: usize,
    /// Divisions with one successor.
    #[schema(example = 1)]
    pub succeeded: usize,
    /// Divisions with one successor that lies elsewhere.
    #[schema(example = 0)]
    pub moved: usize,
    /// Divisions with several successors.
    #[schema(example = 0)]
    pub split: usize,
    /// Divisions with none.
    #[schema(example = 0)]
    pub ended: usize,
    /// Whether so many end that `allow_shrink` must be said.
    #[schema(example = false)]
    pub ends_too_many: bool,
    /// The changes by code, the first thousand.
    pub changes: Vec<DivisionChange>,
    /// How many more there are.
    #[schema(example = 0)]
    pub more_changes: usize,
    /// What moved with its division; null before it is applied.
    pub moved_seats: Option<MovedSeats>,
    /// Schools, suppliers and households whose division is over without one in its place, to be moved by hand; null before
    /// it is applied.
    #[schema(example = 0)]
    pub left_behind: Option<i64>,
}

/// Import divisions
///
/// All divisions of the province from a day on, as published: CSV (UTF-8 or GB18030) or XLSX with the columns of the
/// template `divisions`. The answer is the difference from the register: what is set up, called otherwise, over, and by
/// what it is succeeded. Nothing changes until the same file is sent again with `difference`. Then codes that are over
/// lead to their successors, lists of poor counties go on under a new code, and schools, suppliers, households and offers
/// move along; what is written down of the past stays (S3).
#[utoipa::path(
    post, path = "/divisions/imports", operation_id = "import_divisions", tag = "registry",
    security(("bearer" = [])),
    params(DivisionImportQuery),
    request_body(content(
        (String = "text/csv", example = json!("code,name,parent_code,level,succeeds\n910000,云岭省,,province,\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses(
        (status = 200, body = DivisionImportView, description = "Compared, or applied"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json",
            description = "The difference is another one by now"),
    )
)]
pub async fn import_divisions(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<DivisionImportQuery>,
    request: Request,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Update, Resource::Reference)?;
    let (parts, bytes) = take_file(&ctx, request).await?;
    let key = idempotency_key(&parts, &bytes, false)?;
    let from_on = query.from_on;
    check_day("from_on", from_on)?;
    let today = ctx.clock.now().business_day();
    if from_on > today {
        let detail = Text::new("不能晚于今天。", "Must not lie ahead.");
        return Err(ApiError::Malformed(FieldError::new("?from_on", "date_in_future", detail)));
    }
    let text = text_of_async(bytes, &DIVISIONS).await?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    if query.difference.is_some() {
        alone(work.txn()).await?;
    }
    let register = Register::load(work.txn()).await?;
    // Reading is work for the processor, not for the threads that serve.
    let compared = tokio::task::spawn_blocking(move || {
        let difference = compare(&text, &register, from_on).map_err(Refusal::problem);
        difference.map(|difference| (register, difference))
    });
    let (register, difference) = compared.await.map_err(ApiError::internal)??;
    let hash = hash_of(&(from_on, &difference.changes))?;
    let ending = difference.count(DivisionChangeKind::Ended);
    let mut view = view(&ctx, &difference, from_on, &hash);
    if let Some(wanted) = &query.difference {
        same(wanted, &hash)?;
        if view.ends_too_many && !query.allow_shrink {
            return Err(too_few(&ctx, ending, difference.before));
        }
        let seats = write(work.txn(), &register, &difference, from_on).await?;
        view.moved_seats = Some(move_seats(work.txn(), &seats, from_on, today).await?);
        view.left_behind = Some(left_behind(work.txn()).await?);
        view.applied = true;
        let of = (RegistryImportKind::Divisions, ctx.settings.province.manifest.code.as_str());
        remember(&ctx, &caller, &mut work, of, from_on, &hash).await?;
    }
    let told = json!({
        "from_on": from_on, "difference": hash, "rows": difference.rows, "changes": difference.changes.len(),
        "ended": ending, "moved": view.moved_seats, "left_behind": view.left_behind,
    });
    let deed = if view.applied { "division.import" } else { "division.compare" };
    work.audit(deed, "division", &ctx.settings.province.manifest.code, &told);
    let reply = work.commit(StatusCode::OK, &view).await?;
    if view.applied {
        ctx.recent.changed();
        ctx.pages.changed(Topic::Ledger);
        ctx.pages.changed(Topic::Listings);
    }
    Ok(reply)
}

fn view(ctx: &Ctx, difference: &Difference, from_on: NaiveDate, hash: &str) -> DivisionImportView {
    use DivisionChangeKind::{Ended, Moved, New, Renamed, Split, Succeeded};
    let [new, renamed, succeeded, moved, split, ended] =
        [New, Renamed, Succeeded, Moved, Split, Ended].map(|kind| difference.count(kind));
    DivisionImportView {
        applied: false,
        from_on,
        difference: hash.to_owned(),
        rows: difference.rows,
        unchanged: difference.unchanged,
        new,
        renamed,
        succeeded,
        moved,
        split,
        ended,
        ends_too_many: is_shrinking(ctx, ended, difference.before),
        changes: difference.changes.iter().take(MOST_NAMED).cloned().collect(),
        more_changes: difference.changes.len().saturating_sub(MOST_NAMED),
        moved_seats: None,
        left_behind: None,
    }
}

/// Writes a difference into the register; returns the divisions that are over with those in their place.
async fn write(
    db: &impl ConnectionTrait,
    register: &Register,
    difference: &Difference,
    from_on: NaiveDate,
) -> Result<Vec<Seat>, DbErr> {
    let eve = from_on.pred_opt().unwrap_or(from_on);
    let of_kind = |kind| difference.changes.iter().filter(move |change| change.kind == kind);
    let mut new: Vec<division::Model> = of_kind(DivisionChangeKind::New)
        .map(|change| division::Model {
            code: change.code.clone(),
            name: change.name.clone(),
            parent_code: change.parent_code.clone(),
            level: level_of(&change.code),
            valid_from: Some(from_on),
            valid_to: None,
            successor_code: None,
        })
        .collect();
    new.sort_by_key(|division| division.level);
    bulk::insert(db, &new).await?;
    let pasts: Vec<division_past::Model> = of_kind(DivisionChangeKind::Renamed)
        .filter_map(|change| {
            let known = register.divisions.get(&change.code)?;
            let (code, name, parent_code) = (known.code.clone(), known.name.clone(), known.parent_code.clone());
            Some(division_past::Model { code, until_on: eve, name, parent_code })
        })
        .collect();
    bulk::insert(db, &pasts).await?;
    let renamed = of_kind(DivisionChangeKind::Renamed).map(|change| (change.code.as_str(), change.name.as_str()));
    pairs(db, renamed, "update division set name = r.b from {r} where division.code = r.a", &[]).await?;
    let ended: Vec<&DivisionChange> = difference.changes.iter().filter(|change| change.is_end()).collect();
    let codes = ended.iter().map(|change| (change.code.as_str(), ""));
    pairs(db, codes, "update division set valid_to = {1} where code in (select r.a from {r})", &[eve.into()]).await?;
    bulk::insert(db, &successions(&ended, from_on)).await?;
    let seats = settle_successors(db, register, difference).await?;
    carry_lists(db, register, difference, from_on).await?;
    Ok(seats)
}

fn successions(ended: &[&DivisionChange], from_on: NaiveDate) -> Vec<division_succession::Model> {
    let mut into: BTreeMap<&str, usize> = BTreeMap::new();
    for new in ended.iter().flat_map(|change| &change.successors) {
        *into.entry(new).or_default() += 1;
    }
    let kind = |change: &DivisionChange, new: &str| match (change.successors.len(), into.get(new)) {
        (1, Some(1)) => "更换代码",
        (1, _) => "合并",
        _ => "拆分",
    };
    let one = |change: &DivisionChange, new: &String| division_succession::Model {
        old_code: change.code.clone(),
        new_code: new.clone(),
        effective_on: from_on,
        kind: kind(change, new).to_owned(),
    };
    ended.iter().flat_map(|change| change.successors.iter().map(|new| one(change, new))).collect()
}

/// Leads every code that is over to the one division that stands for it now; returns those that are over since now.
async fn settle_successors(
    db: &impl ConnectionTrait,
    register: &Register,
    difference: &Difference,
) -> Result<Vec<Seat>, DbErr> {
    let mut chain: Vec<(&str, &str)> =
        register.successions.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
    for change in &difference.changes {
        chain.extend(change.successors.iter().map(|new| (change.code.as_str(), new.as_str())));
    }
    let stands = present(&over(register, difference), &chain);
    db.execute_unprepared("update division set successor_code = null where successor_code is not null").await?;
    let rows = stands.iter().map(|(old, new)| (old.as_str(), new.as_str()));
    pairs(db, rows, "update division set successor_code = r.b from {r} where division.code = r.a", &[]).await?;
    let ended = difference.changes.iter().filter(|change| change.is_end());
    let seat = |change: &DivisionChange| {
        let new = stands.get(&change.code)?.clone();
        // A township's county begins its code.
        let county = county_of(level_of(&new), &new, new.get(..6));
        Some(Seat { old: change.code.clone(), new, county })
    };
    Ok(ended.filter_map(seat).collect())
}

/// Lists go on under a new code, from the day the old one was on them, where all that went into it was on the list (S11:
/// a county keeps its status). What is merged into a division that was there before has that one's status from then on.
async fn carry_lists(
    db: &impl ConnectionTrait,
    register: &Register,
    difference: &Difference,
    from_on: NaiveDate,
) -> Result<(), DbErr> {
    let mut made_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for change in difference.changes.iter().filter(|change| change.is_end()) {
        for new in change.successors.iter().filter(|new| !register.divisions.contains_key(*new)) {
            made_of.entry(new).or_default().insert(&change.code);
        }
    }
    let old: BTreeSet<&str> = made_of.values().flatten().copied().collect();
    let members = county_list_member::Entity::find()
        .filter(county_list_member::COLUMN.division_code.is_in(old))
        .filter(
            Condition::any()
                .add(county_list_member::COLUMN.valid_to.is_null())
                .add(county_list_member::COLUMN.valid_to.gte(from_on)),
        )
        .all(db)
        .await?;
    let lists: BTreeSet<&str> = members.iter().map(|member| member.list_code.as_str()).collect();
    let mut carried = Vec::new();
    for (new, parts) in &made_of {
        for list in &lists {
            let held: Vec<&county_list_member::Model> = members
                .iter()
                .filter(|member| member.list_code == *list && parts.contains(member.division_code.as_str()))
                .collect();
            let on_it: BTreeSet<&str> = held.iter().map(|member| member.division_code.as_str()).collect();
            let Some(last) = held.iter().max_by_key(|member| member.valid_from).filter(|_| on_it == *parts) else {
                continue;
            };
            let source = format!("{}；承接 {}", last.source, parts.iter().copied().collect::<Vec<_>>().join("、"));
            carried.push(county_list_member::Model { division_code: (*new).to_owned(), source, ..(*last).clone() });
        }
    }
    bulk::insert(db, &carried).await
}

/// Schools, suppliers and households in divisions that are over without one in their place.
async fn left_behind(db: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let of = |table: &str| {
        format!(
            "(select count(*) from {table} t join division d on d.code = t.division_code \
             where d.valid_to is not null and d.successor_code is null)"
        )
    };
    let sql = format!("select {} + {} + {} as left_behind", of("school"), of("supplier"), of("household"));
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    row.map_or(Ok(0), |row| row.try_get("", "left_behind"))
}

/// Runs a statement over pairs of texts as a relation `{r}` with the columns `a` and `b`; `values` are `{1}` and so on.
async fn pairs<'a>(
    db: &impl ConnectionTrait,
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    sql: &str,
    values: &[Value],
) -> Result<(), DbErr> {
    let cells: Vec<Vec<Value>> = rows.map(|(a, b)| vec![a.into(), b.into()]).collect();
    if cells.is_empty() {
        return Ok(());
    }
    let backend = db.get_database_backend();
    let (relation, mut bound) = Rows::new(&["a", "b"], &[Kind::Text; 2], cells).relation(backend)?;
    let mut sql = sql.replace("{r}", &relation);
    for (index, value) in values.iter().enumerate() {
        bound.push(value.clone());
        sql = sql.replace(&format!("{{{}}}", index + 1), &format!("${}", bound.len()));
    }
    db.execute_raw(Statement::from_sql_and_values(backend, sql, bound)).await.map(drop)
}
