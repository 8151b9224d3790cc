//! The households behind a supplier (H3): its members, and those it leads to income by contract, labour, dividend or
//! purchase.

use super::frame::{EndPaperRequest, LONGEST, ends, held_by_authority, overlap, overlaps, period, seen};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    documents::{Owner, Proof, keep_paper, link},
    http::{ApiError, Check, Command, Page, PageQuery, Path, Query, Reply, Text, page},
    store::{Begun, bulk, id_taken},
    suppliers::store::find_household,
    vault::mask_name,
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    beneficiary_link::{self, BeneficiaryLinkKind},
    document_link::DocumentSubject,
    household,
    id::{BeneficiaryLinkId, DocumentId, HouseholdId, SupplierId},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, SelectTwo,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A link to be entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLinkRequest {
    /// Id chosen by the client (UUIDv7), for what is entered offline.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// The household, of the caller's counties.
    pub household_id: HouseholdId,
    /// How the supplier leads it to income.
    pub kind: BeneficiaryLinkKind,
    /// The household's share in percent, where one is agreed.
    #[schema(example = "2.50")]
    pub share: Option<String>,
    /// First day.
    #[schema(example = "2026-01-01")]
    pub from_on: NaiveDate,
    /// Last day; null while it holds.
    #[schema(example = json!(null))]
    pub to_on: Option<NaiveDate>,
    /// Number of the contract or certificate, up to 100 characters.
    #[schema(example = "HT-910526-0007")]
    pub proof_number: String,
    /// The contract itself, uploaded before.
    #[schema(example = json!(null))]
    pub document_id: Option<DocumentId>,
}

/// A household behind a supplier.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// The link.
    pub id: BeneficiaryLinkId,
    /// The supplier.
    pub supplier_id: SupplierId,
    /// The household.
    pub household_id: HouseholdId,
    /// Its head's name, masked (P2).
    #[schema(example = "王*")]
    pub name: String,
    /// How the supplier leads it to income.
    pub kind: BeneficiaryLinkKind,
    /// The household's share in percent; null where none is agreed.
    #[schema(example = "2.50")]
    pub share: Option<String>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; null while it holds.
    pub to_on: Option<NaiveDate>,
    /// Number of the contract or certificate.
    #[schema(example = "HT-910526-0007")]
    pub proof_number: String,
}

/// Which links.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinksQuery {
    /// Those that hold on this day.
    #[param(example = "2026-03-02")]
    on: Option<NaiveDate>,
    /// Of this kind only.
    #[param(inline)]
    kind: Option<BeneficiaryLinkKind>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Links with the household each leads to.
fn with_household() -> SelectTwo<beneficiary_link::Entity, household::Entity> {
    let of = beneficiary_link::Entity::belongs_to(household::Entity)
        .from(beneficiary_link::Column::HouseholdId)
        .to(household::Column::Id)
        .into();
    beneficiary_link::Entity::find().join(JoinType::InnerJoin, of).select_also(household::Entity)
}

fn view(row: beneficiary_link::Model, name: &str) -> LinkView {
    LinkView {
        id: row.id,
        supplier_id: row.supplier_id,
        household_id: row.household_id,
        name: mask_name(name),
        kind: row.kind,
        share: row.share_bp.map(|bp| format!("{}.{:02}", bp / 100, bp % 100)),
        from_on: row.from_on,
        to_on: row.to_on,
        proof_number: row.proof_number,
    }
}

/// Enter a household behind a supplier
///
/// By officers of the supplier's county. From its first day on the supplier may name the household as producer; lines
/// that were written before keep what they took down (S3). One link of a kind a day.
#[utoipa::path(
    post, path = "/suppliers/{id}/links", operation_id = "create_link", tag = "suppliers", security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = CreateLinkRequest,
    responses((status = 201, body = LinkView, description = "Entered"))
)]
pub async fn create_link(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    command: Command<CreateLinkRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Manage, Resource::SupplierPaper)?;
    let households = caller.actor.may(Action::Read, Resource::Household)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let supplier = held_by_authority(work.txn(), &caller, id).await?;
    let body = command.body;
    let mut check = Check::default();
    let new: BeneficiaryLinkId = check.client_id("/id", body.id).unwrap_or_else(|| ctx.ids.next());
    let proof_number = check.paper_number("/proof_number", &body.proof_number, LONGEST);
    let share_bp = body.share.as_deref().and_then(|text| check.percent("/share", text));
    period(&mut check, ["/from_on", "/to_on"], body.from_on, body.to_on);
    let household = find_household(work.txn(), &households, body.household_id).await?;
    check.that(
        household.as_ref().is_some_and(|household| supplier.household_id != Some(household.id)),
        "/household_id",
        "household_unknown",
        Text::new(
            "您的权限范围内没有该农户，或其本身即为该供货主体。",
            "There is no such household within your reach, or it is this supplier itself.",
        ),
    );
    let columns = beneficiary_link::COLUMN;
    let same = beneficiary_link::Entity::find()
        .filter(columns.supplier_id.eq(id))
        .filter(columns.household_id.eq(body.household_id))
        .filter(columns.kind.eq(body.kind.to_value()))
        .all(work.txn())
        .await?;
    let wanted = (body.from_on, body.to_on);
    if let Some(other) = same.iter().find(|other| overlap((other.from_on, other.to_on), wanted)) {
        overlaps(&mut check, "/from_on", other.from_on);
    }
    check.finish()?;
    let household = household.ok_or(ApiError::NotFound)?;
    let row = beneficiary_link::Model {
        id: new,
        supplier_id: id,
        household_id: body.household_id,
        kind: body.kind,
        from_on: body.from_on,
        to_on: body.to_on,
        proof_number,
        share_bp,
    };
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await.map_err(id_taken)?;
    if let Some(document_id) = body.document_id {
        let owner =
            Owner { supplier_id: Some(id), county_code: Some(household.county_code.clone()), ..Owner::default() };
        let subject = DocumentSubject::BeneficiaryLink;
        let proof = Proof { document_id, subject, subject_id: new.0, owner, keep_until: keep_paper(body.to_on) };
        link(&mut work, &caller, "/document_id", proof).await?;
    }
    let told = json!({
        "supplier_id": id, "household_id": row.household_id, "kind": row.kind, "share_bp": share_bp, "from_on": row.from_on,
        "to_on": row.to_on, "proof_number": row.proof_number,
    });
    work.audit("beneficiary_link.create", "beneficiary_link", &new, &told);
    work.commit(StatusCode::CREATED, &view(row, &household.name)).await
}

/// List the households behind a supplier
///
/// For its authority and itself, names masked.
#[utoipa::path(
    get, path = "/suppliers/{id}/links", operation_id = "list_links", tag = "suppliers", security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier"), LinksQuery),
    responses((status = 200, body = Page<LinkView>, description = "A page of links"))
)]
pub async fn list_links(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    Query(query): Query<LinksQuery>,
) -> Result<Json<Page<LinkView>>, ApiError> {
    use beneficiary_link::Column;
    let db = &ctx.store.read;
    seen(db, &caller, id).await?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut links = with_household().filter(Column::SupplierId.eq(id)).order_by_asc(Column::Id).limit(limit + 1);
    if let Some(day) = query.on {
        let open = Condition::any().add(Column::ToOn.is_null()).add(Column::ToOn.gte(day));
        links = links.filter(Column::FromOn.lte(day)).filter(open);
    }
    if let Some(kind) = query.kind {
        links = links.filter(Column::Kind.eq(kind.to_value()));
    }
    if let Some(after) = paging.after_id()? {
        links = links.filter(Column::Id.gt(BeneficiaryLinkId(after)));
    }
    let rows: Vec<_> = links.all(db).await?.into_iter().filter_map(|(row, of)| Some((row, of?))).collect();
    Ok(Json(page(rows, limit, |(row, _)| row.id.to_string(), |(row, of)| view(row, &of.name))))
}

/// End a link
///
/// By officers of the supplier's county; the last day may lie behind, and lines that were written keep what they took
/// down (S3).
#[utoipa::path(
    post, path = "/links/{id}/end", operation_id = "end_link", tag = "suppliers", security(("bearer" = [])),
    params(("id" = BeneficiaryLinkId, Path, description = "The link")),
    request_body = EndPaperRequest,
    responses((status = 200, body = LinkView, description = "Ended"))
)]
pub async fn end_link(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<BeneficiaryLinkId>,
    command: Command<EndPaperRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Manage, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = with_household().filter(beneficiary_link::Column::Id.eq(id)).one(work.txn()).await?;
    let (row, of) = found.and_then(|(row, of)| Some((row, of?))).ok_or(ApiError::NotFound)?;
    held_by_authority(work.txn(), &caller, row.supplier_id).await?;
    let to_on = command.body.to_on;
    let mut check = Check::default();
    ends(&mut check, row.from_on, row.to_on, to_on);
    check.finish()?;
    beneficiary_link::Entity::update_many()
        .col_expr(beneficiary_link::Column::ToOn, Expr::value(to_on))
        .filter(beneficiary_link::COLUMN.id.eq(id))
        .exec(work.txn())
        .await?;
    let told = json!({"supplier_id": row.supplier_id, "to_on": [row.to_on, Some(to_on)]});
    work.audit("beneficiary_link.end", "beneficiary_link", &id, &told);
    let row = beneficiary_link::Model { to_on: Some(to_on), ..row };
    work.commit(StatusCode::OK, &view(row, &of.name)).await
}
