//! Applies a compared list: a fixed number of statements, however many households.

use super::{
    judge::{ListOf, work_for},
    register::digest,
    view::{HouseholdListView, view},
};
use crate::{
    access::{Action, Caller, Resource, Scope, reason_for},
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    store::{Begun, Work, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    household_discrepancy,
    household_list::{self, HouseholdListState},
    household_list_row,
    id::HouseholdListId,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    Value, sea_query::Expr,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Rows for the work list read and written at once.
const PAGE: u64 = 2_000;

/// What a manager says to a list that would end more of the register than is usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shrink {
    /// Nothing: such a list is refused.
    Refuse,
    /// Go on, for this reason.
    Allow(String),
}

/// How it is applied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyListRequest {
    /// With true, by a manager and with a reason, also a list that ends more than the set part of the register.
    #[serde(default)]
    #[schema(example = false)]
    pub allow_shrink: bool,
    /// Why so many end, 5 to 200 characters.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
}

/// Apply a list
///
/// What was compared goes into the register in one piece: new households with their status, changes, and the end of the
/// statuses that are not listed any more, on the day before the list's. Rows that were not taken go to the work list.
/// Refused where the register has changed since (409 `register_moved`: compare again), and where more than the set part
/// of it would end (409 `list_shrinks`) unless a manager allows it.
#[utoipa::path(
    post, path = "/household-lists/{id}/apply", operation_id = "apply_household_list", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdListId, Path, description = "The list")),
    request_body = ApplyListRequest,
    responses((status = 200, body = HouseholdListView, description = "Applied"))
)]
pub async fn apply_household_list(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdListId>,
    command: Command<ApplyListRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::Household)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let list = find_list(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let shrink = command.body.rule()?;
    let list = apply_list(&ctx, &caller, &mut work, list, shrink).await?;
    work.commit(StatusCode::OK, &view(&ctx, list)).await
}

impl ApplyListRequest {
    fn rule(self) -> Result<Shrink, ApiError> {
        if !self.allow_shrink {
            return Ok(Shrink::Refuse);
        }
        let mut check = Check::default();
        let reason = reason_for(&mut check, "/reason", self.reason.as_deref().unwrap_or_default());
        check.finish()?;
        Ok(Shrink::Allow(reason))
    }
}

/// A list of a county of `scope`.
pub(super) async fn find_list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: HouseholdListId,
) -> Result<Option<household_list::Model>, DbErr> {
    household_list::Entity::find_by_id(id).filter(scope.on_county(household_list::Column::CountyCode)).one(db).await
}

/// Whether applying a list would end more of the register than the setting allows.
pub(super) fn shrinks(ctx: &Ctx, list: &household_list::Model) -> bool {
    list.ended_rows.saturating_mul(10_000) > list.holders.saturating_mul(ctx.settings.list_shrink_bp)
}

/// Applies a list within `work`; returns it as it stands then.
///
/// # Errors
/// 409 when it was applied before, the register has changed since, or too much of it would end; 403 when somebody who is
/// no manager of the county allows that.
pub async fn apply_list(
    ctx: &Ctx,
    caller: &Caller,
    work: &mut Work<'_>,
    mut list: household_list::Model,
    shrink: Shrink,
) -> Result<household_list::Model, ApiError> {
    if shrinks(ctx, &list) {
        let Shrink::Allow(reason) = &shrink else { return Err(too_few(ctx, &list)) };
        let managed = match caller.actor.may(Action::Cancel, Resource::Household) {
            Ok(scope) => find_list(work.txn(), &scope, list.id).await?.is_some(),
            Err(_) => false,
        };
        if !managed {
            let detail = Text::new("须由管理员说明理由后放行。", "A manager must allow it and say why.");
            return Err(ApiError::refused("manager_needed", detail));
        }
        list.shrink_reason = Some(reason.clone());
    }
    (list.state, list.applied_at, list.applied_by) =
        (HouseholdListState::Applied, Some(work.at), caller.actor.recorded_account());
    claim(work.txn(), &list).await?;
    let of = ListOf { kind: list.kind, county_code: list.county_code.clone(), listed_on: list.listed_on };
    if digest(work.txn(), &of).await? != list.digest {
        return Err(moved());
    }
    write(work.txn(), &list).await?;
    note_discrepancies(ctx, work, &list).await?;
    work.audit(
        "household_list.apply",
        "household_list",
        &list.id,
        &json!({
            "county_code": list.county_code, "kind": list.kind, "listed_on": list.listed_on, "rows": list.rows,
            "new": list.new_rows, "changed": list.changed_rows, "ended": list.ended_rows,
            "unknown": list.unknown_rows, "duplicate": list.duplicate_rows, "shrink_reason": list.shrink_reason,
        }),
    );
    Ok(list)
}

fn too_few(ctx: &Ctx, list: &household_list::Model) -> ApiError {
    let (ended, held, bp) = (list.ended_rows, list.holders, ctx.settings.list_shrink_bp);
    let most = format!("{}.{:02}", bp / 100, bp % 100);
    ApiError::conflict(
        "list_shrinks",
        Text::new(
            format!("名单会使 {held} 户中的 {ended} 户终止，超过 {most} %；须由管理员以 allow_shrink 说明理由。"),
            format!(
                "The list would end {ended} of {held} households, more than {most} %; a manager may allow it with \
                 allow_shrink and a reason."
            ),
        ),
    )
}

fn moved() -> ApiError {
    ApiError::conflict(
        "register_moved",
        Text::new("比对之后台账已有变动，请重新比对。", "The register has changed since; compare the list again."),
    )
}

/// Takes the list for this transaction: of two that apply it at once, one finds it applied.
async fn claim(db: &impl ConnectionTrait, list: &household_list::Model) -> Result<(), ApiError> {
    use household_list::Column;
    let columns = household_list::COLUMN;
    let taken = household_list::Entity::update_many()
        .col_expr(Column::State, Expr::value(HouseholdListState::Applied.to_value()))
        .col_expr(Column::AppliedAt, Expr::value(list.applied_at.map(|at| at.0)))
        .col_expr(Column::AppliedBy, Expr::value(list.applied_by))
        .col_expr(Column::ShrinkReason, Expr::value(list.shrink_reason.clone()))
        .filter(columns.id.eq(list.id))
        .filter(columns.state.eq(HouseholdListState::Ready))
        .exec(db)
        .await?;
    if taken.rows_affected == 1 {
        return Ok(());
    }
    let detail = Text::new("该名单尚未比对完成，或已入册。", "The list is not compared yet, or was applied already.");
    Err(ApiError::conflict("list_not_ready", detail))
}

const NEW_HOUSEHOLDS: &str = "insert into household
      (id, code, name, division_code, county_code, id_number_sealed, id_number_hash, version)
    select household_id, code, name, division_code, $1, id_number_sealed, id_number_hash, 1
    from household_list_row where list_id = $2 and outcome = 'new'";
const CHANGED_HOUSEHOLDS: &str = "update household set name = r.name, division_code = r.division_code,
      id_number_sealed = coalesce(r.id_number_sealed, household.id_number_sealed),
      id_number_hash = coalesce(r.id_number_hash, household.id_number_hash), version = household.version + 1
    from household_list_row as r
    where r.list_id = $1 and r.outcome in ('changed', 'ended') and household.id = r.household_id
      and household.version = r.household_version";
const ENDED_STATUSES: &str = "update household_status set to_on = r.ends_on
    from household_list_row as r
    where r.list_id = $1 and r.outcome in ('changed', 'ended') and household_status.id = r.ends_status_id
      and household_status.annulled_at is null";
const BEGUN_STATUSES: &str = "insert into household_status
      (id, household_id, history, status, from_on, to_on, proof_number, recorded_at, recorded_by, list_id)
    select begins_status_id, household_id, $1, status, from_on, to_on, proof_number, $2, $3, list_id
    from household_list_row where list_id = $4 and outcome in ('new', 'changed') and begins_status_id is not null";

async fn write(db: &impl ConnectionTrait, list: &household_list::Model) -> Result<(), ApiError> {
    let id = || Value::from(list.id);
    let made = run(db, NEW_HOUSEHOLDS, vec![list.county_code.clone().into(), id()]).await?;
    let changed = run(db, CHANGED_HOUSEHOLDS, vec![id()]).await?;
    if i64::try_from(made) != Ok(list.new_rows) || i64::try_from(changed) != Ok(list.changed_rows + list.ended_rows) {
        return Err(moved());
    }
    run(db, ENDED_STATUSES, vec![id()]).await?;
    let begun = vec![list.kind.to_value().into(), list.applied_at.into(), list.applied_by.into(), id()];
    run(db, BEGUN_STATUSES, begun).await?;
    Ok(())
}

/// A number or certificate that another household took meanwhile is a change of the register like any other.
async fn run(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, ApiError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let done = db.execute_raw(statement).await;
    done.map(|done| done.rows_affected()).map_err(|error| if is_duplicate(&error) { moved() } else { error.into() })
}

/// Puts the rows that were not taken on the work list; what is there from an earlier list stays as it is.
async fn note_discrepancies(ctx: &Ctx, work: &Work<'_>, list: &household_list::Model) -> Result<(), ApiError> {
    let columns = household_list_row::COLUMN;
    let mut after = 0;
    loop {
        let rows = household_list_row::Entity::find()
            .filter(columns.list_id.eq(list.id))
            .filter(columns.fingerprint.is_not_null())
            .filter(columns.line.gt(after))
            .order_by_asc(household_list_row::Column::Line)
            .limit(PAGE)
            .all(work.txn())
            .await?;
        let Some(end) = rows.last() else { return Ok(()) };
        after = end.line;
        let found: Vec<_> = rows.into_iter().filter_map(|row| discrepancy(ctx, work, list, row)).collect();
        bulk::insert_with(work.txn(), &found, "on conflict do nothing").await?;
    }
}

fn discrepancy(
    ctx: &Ctx,
    work: &Work<'_>,
    list: &household_list::Model,
    row: household_list_row::Model,
) -> Option<household_discrepancy::Model> {
    let reason = row.reason?;
    Some(household_discrepancy::Model {
        id: ctx.ids.next(),
        kind: work_for(reason)?,
        county_code: list.county_code.clone(),
        list_id: list.id,
        line: row.line,
        reason,
        household_id: row.household_id,
        code: row.code,
        name: row.name,
        id_number_masked: row.id_number_masked,
        fingerprint: row.fingerprint?,
        found_at: work.at,
        resolved_at: None,
        resolved_by: None,
        note: None,
        version: 1,
    })
}
