//! What a supplier can yield of a product in a season (H6): sales past it are how false origin is found.

use super::frame::{LONGEST, authority_only, held, overlap, overlaps, period, seen};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Page, PageQuery, Path, Query, Reply, Text, page},
    store::{Begun, bulk, id_taken},
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    capacity,
    id::{CapacityId, SupplierId},
    product, supplier,
    time::Timestamp,
    weight::Gram,
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Days a season may take.
const LONGEST_SEASON: i64 = 366;

/// A capacity to be stated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCapacityRequest {
    /// Id chosen by the client (UUIDv7), for what is entered offline.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// What.
    #[schema(example = "potato")]
    pub product_code: String,
    /// First day of the season.
    #[schema(example = "2026-01-01")]
    pub from_on: NaiveDate,
    /// Last day of the season, at most a year later.
    #[schema(example = "2026-12-31")]
    pub to_on: NaiveDate,
    /// Land, in square metres; a mu has 667.
    #[schema(example = 80_040)]
    pub area_sqm: Option<i64>,
    /// Animals.
    #[schema(example = json!(null))]
    pub heads: Option<i64>,
    /// What the season yields.
    #[schema(value_type = String, example = "180000.000")]
    pub season_yield: Gram,
}

/// What a supplier can yield of a product in a season.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapacityView {
    /// The statement.
    pub id: CapacityId,
    /// The supplier.
    pub supplier_id: SupplierId,
    /// What.
    #[schema(example = "potato")]
    pub product_code: String,
    /// First day of the season.
    pub from_on: NaiveDate,
    /// Last day of the season.
    pub to_on: NaiveDate,
    /// Land, in square metres.
    #[schema(example = 80_040)]
    pub area_sqm: Option<i64>,
    /// Animals.
    #[schema(example = json!(null))]
    pub heads: Option<i64>,
    /// What the season yields.
    pub season_yield: Gram,
    /// When its county confirmed it; null while it has not.
    pub confirmed_at: Option<Timestamp>,
    /// Received from it in the season when last looked at, what others named its household for included; corrections
    /// taken off.
    pub sold: Gram,
    /// Whether that is more than it yields.
    #[schema(example = false)]
    pub overrun: bool,
    /// Sales of unknown weight (S7), which are not in `sold`.
    #[schema(example = 0)]
    pub unknown_weight_lines: i64,
    /// When that was looked at; null when not yet.
    pub checked_at: Option<Timestamp>,
}

fn view(row: capacity::Model) -> CapacityView {
    CapacityView {
        id: row.id,
        supplier_id: row.supplier_id,
        product_code: row.product_code,
        from_on: row.from_on,
        to_on: row.to_on,
        area_sqm: row.area_sqm,
        heads: row.heads,
        season_yield: row.yield_gram,
        confirmed_at: row.confirmed_at,
        overrun: row.sold_gram.0 > row.yield_gram.0,
        sold: row.sold_gram,
        unknown_weight_lines: row.unknown_weight_lines,
        checked_at: row.checked_at,
    }
}

/// State a capacity
///
/// By the supplier, its agent, or officers of its county; the county confirms what it did not enter itself. One statement
/// of a product a day. Sales past it are not refused but shown.
#[utoipa::path(
    post, path = "/suppliers/{id}/capacities", operation_id = "create_capacity", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = CreateCapacityRequest,
    responses((status = 201, body = CapacityView, description = "Stated"))
)]
pub async fn create_capacity(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    command: Command<CreateCapacityRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Create, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let (_, authority) = held(work.txn(), &caller, Action::Create, id).await?;
    let body = command.body;
    let mut check = Check::default();
    let new: CapacityId = check.client_id("/id", body.id).unwrap_or_else(|| ctx.ids.next());
    period(&mut check, ["/from_on", "/to_on"], body.from_on, Some(body.to_on));
    check.that(
        (body.to_on - body.from_on).num_days() < LONGEST_SEASON,
        "/to_on",
        "season_too_long",
        Text::new("一季最长一年。", "A season takes a year at most."),
    );
    for (pointer, number) in
        [("/area_sqm", body.area_sqm), ("/heads", body.heads), ("/season_yield", Some(body.season_yield.0))]
    {
        check.that(
            number.is_none_or(|number| (1..=1_000_000_000_000).contains(&number)),
            pointer,
            "out_of_range",
            Text::new("须为正数且不超过合理范围。", "Must be above zero and not beyond reason."),
        );
    }
    let known = body.product_code.len() <= LONGEST
        && product::Entity::find_by_id(body.product_code.as_str()).one(work.txn()).await?.is_some();
    check.that(known, "/product_code", "product_unknown", Text::new("没有此商品。", "There is no such product."));
    let same = capacity::Entity::find()
        .filter(capacity::COLUMN.supplier_id.eq(id))
        .filter(capacity::COLUMN.product_code.eq(body.product_code.as_str()))
        .all(work.txn())
        .await?;
    let wanted = (body.from_on, Some(body.to_on));
    if let Some(other) = same.iter().find(|other| overlap((other.from_on, Some(other.to_on)), wanted)) {
        overlaps(&mut check, "/from_on", other.from_on);
    }
    check.finish()?;
    let by = caller.actor.recorded_account();
    let row = capacity::Model {
        id: new,
        supplier_id: id,
        product_code: body.product_code,
        from_on: body.from_on,
        to_on: body.to_on,
        area_sqm: body.area_sqm,
        heads: body.heads,
        yield_gram: body.season_yield,
        recorded_at: work.at,
        recorded_by: by,
        confirmed_at: authority.then_some(work.at),
        confirmed_by: by.filter(|_| authority),
        sold_gram: Gram(0),
        unknown_weight_lines: 0,
        checked_at: None,
    };
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await.map_err(id_taken)?;
    let told = json!({
        "supplier_id": id, "product_code": row.product_code, "from_on": row.from_on, "to_on": row.to_on,
        "area_sqm": row.area_sqm, "heads": row.heads, "yield_gram": row.yield_gram.0,
    });
    work.audit("capacity.create", "capacity", &new, &told);
    work.commit(StatusCode::CREATED, &view(row)).await
}

/// List a supplier's capacities
///
/// For its authority and itself, each with what was sold of it.
#[utoipa::path(
    get, path = "/suppliers/{id}/capacities", operation_id = "list_capacities", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier"), PageQuery),
    responses((status = 200, body = Page<CapacityView>, description = "A page of capacities"))
)]
pub async fn list_capacities(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<CapacityView>>, ApiError> {
    let db = &ctx.store.read;
    seen(db, &caller, id).await?;
    let limit = paging.limit()?;
    let mut rows = capacity::Entity::find()
        .filter(capacity::COLUMN.supplier_id.eq(id))
        .order_by_asc(capacity::Column::Id)
        .limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(capacity::Column::Id.gt(CapacityId(after)));
    }
    Ok(Json(page(rows.all(db).await?, limit, |row| row.id.to_string(), view)))
}

/// List capacities that were oversold
///
/// Of the suppliers registered in the caller's divisions: what was received of a season beyond what it yields (H6). Looked
/// at every hour.
#[utoipa::path(
    get, path = "/capacity-overruns", operation_id = "list_capacity_overruns", tag = "suppliers",
    security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<CapacityView>, description = "A page of capacities"))
)]
pub async fn list_capacity_overruns(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<CapacityView>>, ApiError> {
    use capacity::Column;
    let scope = caller.actor.may(Action::Read, Resource::SupplierPaper)?;
    let limit = paging.limit()?;
    let of = capacity::Entity::belongs_to(supplier::Entity).from(Column::SupplierId).to(supplier::Column::Id).into();
    let mut rows = capacity::Entity::find()
        .join(JoinType::InnerJoin, of)
        .filter(scope.on_registered(supplier::Column::Id, supplier::Column::DivisionCode))
        .filter(Expr::col((capacity::Entity, Column::SoldGram)).gt(Expr::col((capacity::Entity, Column::YieldGram))))
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(Column::Id.gt(CapacityId(after)));
    }
    Ok(Json(page(rows.all(&ctx.store.read).await?, limit, |row| row.id.to_string(), view)))
}

/// A remark on what was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmCapacityRequest {
    /// What was looked at, up to 200 characters; kept in the trail.
    #[schema(example = "实地丈量 120 亩")]
    pub note: Option<String>,
}

/// Confirm a capacity
///
/// By officers of the supplier's county, others than who stated it.
#[utoipa::path(
    post, path = "/capacities/{id}/confirm", operation_id = "confirm_capacity", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = CapacityId, Path, description = "The capacity")),
    request_body = ConfirmCapacityRequest,
    responses((status = 200, body = CapacityView, description = "Confirmed"))
)]
pub async fn confirm_capacity(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<CapacityId>,
    command: Command<ConfirmCapacityRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Confirm, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let row = capacity::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let (_, authority) = held(work.txn(), &caller, Action::Confirm, row.supplier_id).await?;
    if !authority {
        return Err(authority_only());
    }
    if row.confirmed_at.is_some() {
        return Err(ApiError::conflict("capacity_confirmed", Text::new("该产能已确认。", "It is confirmed already.")));
    }
    let mut check = Check::default();
    let note = check.optional_text("/note", command.body.note.as_deref(), 200);
    check.finish()?;
    if row.recorded_by.is_some() && row.recorded_by == caller.actor.recorded_account() {
        return Err(ApiError::refused(
            "own_work",
            Text::new("本人填报的产能须由他人确认。", "Whoever stated it does not confirm it; somebody else must."),
        ));
    }
    let row = capacity::Model { confirmed_at: Some(work.at), confirmed_by: caller.actor.recorded_account(), ..row };
    capacity::Entity::update_many()
        .col_expr(capacity::Column::ConfirmedAt, Expr::value(row.confirmed_at.map(|at| at.0)))
        .col_expr(capacity::Column::ConfirmedBy, Expr::value(row.confirmed_by.map(|id| id.0)))
        .filter(capacity::COLUMN.id.eq(id))
        .exec(work.txn())
        .await?;
    work.audit("capacity.confirm", "capacity", &id, &json!({"supplier_id": row.supplier_id, "note": note}));
    work.commit(StatusCode::OK, &view(row)).await
}
