//! Kitchens: entered, run another way from today on, closed. How a kitchen was run on past days stays (S9, S12).

use super::{
    schools::{CanteenView, canteen_view},
    store,
};
use crate::{
    access::{Action, Caller, Resource, Scope},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::{Begun, IdempotencyKey, bulk, id_taken},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    canteen::{self, CanteenKind},
    canteen_term,
    id::{CanteenId, SchoolId},
};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// How a kitchen is run.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KitchenRequest {
    /// Id chosen by the client (UUIDv7).
    pub id: Option<Uuid>,
    /// Chinese name; the school's with 食堂 behind it unless given.
    #[schema(example = "雨农小学食堂")]
    pub name: Option<String>,
    /// How it is run.
    pub kind: CanteenKind,
    /// School that runs a shared kitchen and reports for it; for no other kind (S12).
    #[schema(example = json!(null))]
    pub run_by_school_id: Option<SchoolId>,
}

/// What changes from today on; absent fields stay.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateCanteenRequest {
    /// Chinese name.
    #[schema(example = "雨农小学第二食堂")]
    pub name: Option<String>,
    /// How it is run.
    pub kind: Option<CanteenKind>,
    /// School that runs a shared kitchen; goes with the kind.
    #[schema(example = json!(null))]
    pub run_by_school_id: Option<SchoolId>,
}

/// Nothing but the order to do it.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseCanteenRequest {}

/// What a new kitchen is, beside the request.
pub(super) struct CanteenDraft<'a> {
    pub id: CanteenId,
    pub school_id: SchoolId,
    pub school_name: &'a str,
    pub from_on: NaiveDate,
}

/// Reads a new kitchen.
pub(super) async fn read_kitchen(
    db: &impl ConnectionTrait,
    scope: &Scope,
    check: &mut Check,
    prefix: &str,
    request: &KitchenRequest,
    draft: CanteenDraft<'_>,
) -> Result<(canteen::Model, canteen_term::Model), DbErr> {
    let at = |field: &str| format!("{prefix}/{field}");
    let name = check.optional_text(&at("name"), request.name.as_deref(), 100);
    let id = check.client_id(&at("id"), request.id).unwrap_or(draft.id);
    let canteen = canteen::Model {
        id,
        school_id: draft.school_id,
        name: name.unwrap_or_else(|| format!("{}食堂", draft.school_name)),
        kind: request.kind,
        run_by_school_id: request.run_by_school_id,
        version: 1,
    };
    check_runner(db, scope, check, &at("run_by_school_id"), &canteen).await?;
    let term = term_of(&canteen, draft.from_on);
    Ok((canteen, term))
}

/// How the kitchen is run from a day on.
#[must_use]
pub fn term_of(canteen: &canteen::Model, from_on: NaiveDate) -> canteen_term::Model {
    canteen_term::Model {
        canteen_id: canteen.id,
        from_on,
        to_on: None,
        school_id: canteen.school_id,
        kind: canteen.kind,
        run_by_school_id: canteen.run_by_school_id,
    }
}

/// A shared kitchen, and no other, names the other school that runs it: one within reach that has a kitchen of its own.
async fn check_runner(
    db: &impl ConnectionTrait,
    scope: &Scope,
    check: &mut Check,
    pointer: &str,
    canteen: &canteen::Model,
) -> Result<(), DbErr> {
    check.that(
        (canteen.kind == CanteenKind::Shared) == canteen.run_by_school_id.is_some(),
        pointer,
        "run_by_needed",
        Text::new("仅供餐食堂（shared）须填供餐学校。", "Needed for a shared kitchen and for no other kind."),
    );
    let Some(runner) = canteen.run_by_school_id else { return Ok(()) };
    let known = runner != canteen.school_id && store::find_school(db, scope, runner).await?.is_some();
    let runs = known
        && canteen::Entity::find()
            .filter(canteen::COLUMN.school_id.eq(runner))
            .filter(
                canteen::Column::Kind.is_in([CanteenKind::Own, CanteenKind::Contracted].map(|kind| kind.to_value())),
            )
            .one(db)
            .await?
            .is_some();
    check.that(
        runs,
        pointer,
        "school_runs_no_kitchen",
        Text::new(
            "须为您管辖范围内、自办或承包食堂的另一所学校。",
            "Must be another school within your reach that runs a kitchen of its own.",
        ),
    );
    Ok(())
}

/// Enter a kitchen
///
/// Of a school within the caller's reach; it is run so from today on.
#[utoipa::path(
    post, path = "/schools/{id}/canteens", operation_id = "create_canteen", tag = "registry",
    security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    request_body = KitchenRequest,
    responses((status = 201, body = CanteenView, description = "Entered"))
)]
pub async fn create_canteen(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    command: Command<KitchenRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let school = store::find_school(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let mut check = Check::default();
    let from_on = work.at.business_day().max(school.opened_on);
    let draft = CanteenDraft { id: ctx.ids.next(), school_id: id, school_name: &school.name, from_on };
    let (canteen, term) = read_kitchen(work.txn(), &scope, &mut check, "", &command.body, draft).await?;
    check.finish()?;
    bulk::insert(work.txn(), std::slice::from_ref(&canteen)).await.map_err(id_taken)?;
    bulk::insert(work.txn(), &[term]).await?;
    work.audit("canteen.create", "canteen", &canteen.id, &facts(&canteen));
    let reply = work.commit(StatusCode::CREATED, &canteen_view(canteen)).await?;
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// Change a kitchen
///
/// From today on: whether it is run by the school, by contract, by another school, or not at all. Past days keep how it
/// was run then.
#[utoipa::path(
    patch, path = "/canteens/{id}", operation_id = "update_canteen", tag = "registry", security(("bearer" = [])),
    params(("id" = CanteenId, Path, description = "The kitchen")),
    request_body = UpdateCanteenRequest,
    responses((status = 200, body = CanteenView, description = "Changed"))
)]
pub async fn update_canteen(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<CanteenId>,
    version: IfMatch,
    command: Command<UpdateCanteenRequest>,
) -> Result<Reply, ApiError> {
    change(&ctx, &caller, (id, version), command.key, command.body, "canteen.update").await
}

/// Close a kitchen
///
/// From today on the school has none here and is exempt, unless it has another (S12).
#[utoipa::path(
    post, path = "/canteens/{id}/close", operation_id = "close_canteen", tag = "registry", security(("bearer" = [])),
    params(("id" = CanteenId, Path, description = "The kitchen")),
    request_body = CloseCanteenRequest,
    responses((status = 200, body = CanteenView, description = "Closed"))
)]
pub async fn close_canteen(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<CanteenId>,
    version: IfMatch,
    command: Command<CloseCanteenRequest>,
) -> Result<Reply, ApiError> {
    let closing = UpdateCanteenRequest { name: None, kind: Some(CanteenKind::None), run_by_school_id: None };
    change(&ctx, &caller, (id, version), command.key, closing, "canteen.close").await
}

async fn change(
    ctx: &Ctx,
    caller: &Caller,
    (id, version): (CanteenId, IfMatch),
    key: Option<IdempotencyKey>,
    request: UpdateCanteenRequest,
    action: &str,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::School)?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let (mut canteen, _) = store::find_canteen(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(canteen.version)?;
    let before = canteen.clone();
    let mut check = Check::default();
    if let Some(name) = check.optional_text("/name", request.name.as_deref(), 100) {
        canteen.name = name;
    }
    if let Some(kind) = request.kind {
        canteen.kind = kind;
        canteen.run_by_school_id = None;
    }
    canteen.run_by_school_id = request.run_by_school_id.or(canteen.run_by_school_id);
    check_runner(work.txn(), &scope, &mut check, "/run_by_school_id", &canteen).await?;
    check.finish()?;
    if canteen == before {
        return Err(ApiError::field(
            "",
            "nothing_to_change",
            Text::new("没有要更改的内容。", "There is nothing to change."),
        ));
    }
    save(work.txn(), &mut canteen).await?;
    if (canteen.kind, canteen.run_by_school_id) != (before.kind, before.run_by_school_id) {
        run_otherwise(work.txn(), &canteen, work.at.business_day()).await?;
    }
    work.changed(action, "canteen", &id, &facts(&canteen), &told(&before), &told(&canteen));
    let reply = work.commit(StatusCode::OK, &canteen_view(canteen)).await?;
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// Writes the kitchen's row unless somebody else changed it meanwhile.
async fn save(db: &impl ConnectionTrait, canteen: &mut canteen::Model) -> Result<(), ApiError> {
    use canteen::Column;
    let changed = canteen::Entity::update_many()
        .col_expr(Column::Name, Expr::value(canteen.name.clone()))
        .col_expr(Column::Kind, Expr::value(canteen.kind.to_value()))
        .col_expr(Column::RunBySchoolId, Expr::value(canteen.run_by_school_id))
        .col_expr(Column::Version, Expr::value(canteen.version + 1))
        .filter(canteen::COLUMN.id.eq(canteen.id))
        .filter(canteen::COLUMN.version.eq(canteen.version))
        .exec(db)
        .await?;
    canteen.version += 1;
    if changed.rows_affected == 1 { Ok(()) } else { Err(ApiError::Stale { version: canteen.version }) }
}

/// Ends the present term yesterday and begins another today; a term of today is written over.
async fn run_otherwise(db: &impl ConnectionTrait, canteen: &canteen::Model, today: NaiveDate) -> Result<(), DbErr> {
    let columns = canteen_term::COLUMN;
    let ours = || canteen_term::Entity::delete_many().filter(columns.canteen_id.eq(canteen.id));
    ours().filter(columns.from_on.gte(today)).exec(db).await?;
    canteen_term::Entity::update_many()
        .col_expr(canteen_term::Column::ToOn, Expr::value(today.pred_opt()))
        .filter(columns.canteen_id.eq(canteen.id))
        .filter(columns.to_on.is_null())
        .exec(db)
        .await?;
    bulk::insert(db, &[term_of(canteen, today)]).await
}

fn facts(canteen: &canteen::Model) -> serde_json::Value {
    json!({ "school_id": canteen.school_id, "kind": canteen.kind })
}

fn told(canteen: &canteen::Model) -> serde_json::Value {
    json!({ "name": canteen.name, "kind": canteen.kind, "run_by_school_id": canteen.run_by_school_id })
}
