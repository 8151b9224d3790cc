//! Supply bases: a supplier's plots, bases of counties and universities, "school + base + household".

use super::{
    frame::{EndPaperRequest, LONGEST, ends, held_by_authority, period, seen},
    parties::{Parties, PartyView, of_bases},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Page, PageQuery, Path, Query, Reply, Text, page},
    registry::find_division,
    store::{Begun, bulk, id_taken},
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    id::{SupplierId, SupplyBaseId},
    product,
    supply_base::{self, SupplyBaseKind},
    supply_base_party,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// Products a base may grow.
const MOST_PRODUCTS: usize = 50;

/// A supply base to be entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBaseRequest {
    /// Id chosen by the client (UUIDv7), for what is entered offline.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// Its kind.
    pub kind: SupplyBaseKind,
    /// Its name, up to 100 characters.
    #[schema(example = "草海蔬菜基地")]
    pub name: String,
    /// Township or county it lies in.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// Land, in square metres; a mu has 667.
    #[schema(example = 33_350)]
    pub area_sqm: Option<i64>,
    /// Codes of what grows there.
    #[serde(default)]
    #[schema(example = json!(["potato"]))]
    pub products: Vec<String>,
    /// First day.
    #[schema(example = "2026-01-01")]
    pub from_on: NaiveDate,
    /// Last day; null while it is farmed.
    #[schema(example = json!(null))]
    pub to_on: Option<NaiveDate>,
    /// Number of the contract or decision, up to 100 characters.
    #[schema(example = "JD-910526-003")]
    pub proof_number: String,
    /// Schools and households that take part from the first day on; needed for `school_base_household`.
    #[serde(default)]
    pub parties: Parties,
}

/// A supply base.
#[derive(Debug, Serialize, ToSchema)]
pub struct BaseView {
    /// The base.
    pub id: SupplyBaseId,
    /// Who farms it.
    pub supplier_id: SupplierId,
    /// Its kind.
    pub kind: SupplyBaseKind,
    /// Its name.
    #[schema(example = "草海蔬菜基地")]
    pub name: String,
    /// Where it lies.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// Land, in square metres.
    #[schema(example = 33_350)]
    pub area_sqm: Option<i64>,
    /// Codes of what grows there.
    #[schema(example = json!(["potato"]))]
    pub products: Vec<String>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; null while it is farmed.
    pub to_on: Option<NaiveDate>,
    /// Number of the contract or decision.
    #[schema(example = "JD-910526-003")]
    pub proof_number: String,
    /// Who takes part, former ones included.
    pub parties: Vec<PartyView>,
}

pub(super) fn view(row: supply_base::Model, parties: Vec<supply_base_party::Model>) -> BaseView {
    BaseView {
        id: row.id,
        supplier_id: row.supplier_id,
        kind: row.kind,
        name: row.name,
        division_code: row.division_code,
        area_sqm: row.area_sqm,
        products: row.products.split('|').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        from_on: row.from_on,
        to_on: row.to_on,
        proof_number: row.proof_number,
        parties: parties.into_iter().map(PartyView::from).collect(),
    }
}

/// Enter a supply base
///
/// By officers of the supplier's county; who takes part is changed with `PUT /bases/{id}/parties`.
#[utoipa::path(
    post, path = "/suppliers/{id}/bases", operation_id = "create_base", tag = "suppliers", security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = CreateBaseRequest,
    responses((status = 201, body = BaseView, description = "Entered"))
)]
pub async fn create_base(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    command: Command<CreateBaseRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Manage, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    held_by_authority(work.txn(), &caller, id).await?;
    let body = command.body;
    let mut check = Check::default();
    let new: SupplyBaseId = check.client_id("/id", body.id).unwrap_or_else(|| ctx.ids.next());
    let name = check.text("/name", &body.name, LONGEST);
    let proof_number = check.paper_number("/proof_number", &body.proof_number, LONGEST);
    period(&mut check, ["/from_on", "/to_on"], body.from_on, body.to_on);
    check.that(
        body.area_sqm.is_none_or(|area| (1..=1_000_000_000_000).contains(&area)),
        "/area_sqm",
        "out_of_range",
        Text::new("须为正数且不超过合理范围。", "Must be above zero and not beyond reason."),
    );
    let division = find_division(work.txn(), &body.division_code).await?;
    check.that(
        division.as_ref().is_some_and(|found| found.valid_to.is_none()),
        "/division_code",
        "division_unknown",
        Text::new("没有此行政区划。", "There is no such division."),
    );
    let products: BTreeSet<String> = body.products.iter().cloned().collect();
    if products.len() > MOST_PRODUCTS {
        check.refuse("/products", "too_many", Text::new("最多 50 种。", "Fifty at most."));
    } else {
        let asked = product::Entity::find().filter(product::Column::Code.is_in(products.iter().cloned()));
        let known: BTreeSet<String> = asked.all(work.txn()).await?.into_iter().map(|row| row.code).collect();
        for (place, code) in body.products.iter().enumerate().filter(|(_, code)| !known.contains(*code)) {
            let text = Text::new(format!("没有商品 {code}。"), format!("There is no product {code}."));
            check.refuse(format!("/products/{place}"), "product_unknown", text);
        }
    }
    let needs = body.kind == SupplyBaseKind::SchoolBaseHousehold;
    check.that(
        !needs || !(body.parties.schools.is_empty() || body.parties.household_ids.is_empty()),
        "/parties",
        "parties_needed",
        Text::new(
            "“学校＋基地＋农户”须列出学校和农户。",
            "\"School + base + household\" names schools and households.",
        ),
    );
    body.parties.check(work.txn(), &caller, &mut check, "/parties").await?;
    check.finish()?;
    let row = supply_base::Model {
        id: new,
        supplier_id: id,
        kind: body.kind,
        name,
        division_code: division.map_or(body.division_code, |found| found.code),
        area_sqm: body.area_sqm,
        products: products.into_iter().collect::<Vec<_>>().join("|"),
        from_on: body.from_on,
        to_on: body.to_on,
        proof_number,
        recorded_at: work.at,
        recorded_by: caller.actor.recorded_account(),
    };
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await.map_err(id_taken)?;
    let parties = body.parties.rows(new, row.from_on);
    bulk::insert(work.txn(), &parties).await?;
    let told = json!({
        "supplier_id": id, "kind": row.kind, "name": row.name, "division_code": row.division_code, "from_on": row.from_on,
        "proof_number": row.proof_number, "schools": body.parties.schools, "household_ids": body.parties.household_ids,
    });
    work.audit("supply_base.create", "supply_base", &new, &told);
    work.commit(StatusCode::CREATED, &view(row, parties)).await
}

/// List a supplier's bases
///
/// For its authority and itself.
#[utoipa::path(
    get, path = "/suppliers/{id}/bases", operation_id = "list_bases", tag = "suppliers", security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier"), PageQuery),
    responses((status = 200, body = Page<BaseView>, description = "A page of bases"))
)]
pub async fn list_bases(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<BaseView>>, ApiError> {
    let db = &ctx.store.read;
    seen(db, &caller, id).await?;
    let limit = paging.limit()?;
    let mut rows = supply_base::Entity::find()
        .filter(supply_base::COLUMN.supplier_id.eq(id))
        .order_by_asc(supply_base::Column::Id)
        .limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(supply_base::Column::Id.gt(SupplyBaseId(after)));
    }
    let rows = rows.all(db).await?;
    let parties = of_bases(db, rows.iter().map(|row| row.id)).await?;
    Ok(Json(page(
        rows,
        limit,
        |row| row.id.to_string(),
        |row| {
            let of_this = parties.get(&row.id).cloned().unwrap_or_default();
            view(row, of_this)
        },
    )))
}

/// End a supply base
///
/// By officers of the supplier's county; those who take part leave with it.
#[utoipa::path(
    post, path = "/bases/{id}/end", operation_id = "end_base", tag = "suppliers", security(("bearer" = [])),
    params(("id" = SupplyBaseId, Path, description = "The base")),
    request_body = EndPaperRequest,
    responses((status = 200, body = BaseView, description = "Ended"))
)]
pub async fn end_base(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplyBaseId>,
    command: Command<EndPaperRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Manage, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let row = supply_base::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    held_by_authority(work.txn(), &caller, row.supplier_id).await?;
    let to_on = command.body.to_on;
    let mut check = Check::default();
    ends(&mut check, row.from_on, row.to_on, to_on);
    check.finish()?;
    supply_base::Entity::update_many()
        .col_expr(supply_base::Column::ToOn, Expr::value(to_on))
        .filter(supply_base::COLUMN.id.eq(id))
        .exec(work.txn())
        .await?;
    super::parties::leave(work.txn(), id, to_on).await?;
    work.audit(
        "supply_base.end",
        "supply_base",
        &id,
        &json!({"supplier_id": row.supplier_id, "to_on": [row.to_on, Some(to_on)]}),
    );
    let parties = of_bases(work.txn(), [id]).await?.remove(&id).unwrap_or_default();
    work.commit(StatusCode::OK, &view(supply_base::Model { to_on: Some(to_on), ..row }, parties)).await
}
