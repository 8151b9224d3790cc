//! A supplier's licences, with what they allow and until when (F4).

use super::frame::{EndPaperRequest, LONGEST, ends, held, period, seen};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    documents::{Owner, Proof, keep_paper, link},
    http::{ApiError, Check, Command, FieldError, Page, PageQuery, Path, Query, Reply, Text, bad_cursor, page},
    store::{Begun, bulk, id_taken, is_duplicate},
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::{Days, NaiveDate};
use entity::{
    category,
    document_link::DocumentSubject,
    id::{DocumentId, LicenceId, SupplierId},
    licence::{self, LicenceKind},
    supplier,
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A licence to be entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLicenceRequest {
    /// Id chosen by the client (UUIDv7), for what is entered offline.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// Its kind.
    pub kind: LicenceKind,
    /// Its number, up to 100 characters.
    #[schema(example = "JY19105260000012")]
    pub number: String,
    /// Who issued it, up to 100 characters.
    #[schema(example = "松坡县市场监督管理局")]
    pub issuer: String,
    /// What it allows, in its own words, up to 200 characters.
    #[schema(example = "食用农产品销售")]
    pub scope: String,
    /// Codes of the categories it covers; all unless given.
    #[serde(default)]
    #[schema(example = json!(["VEGETABLE"]))]
    pub categories: Vec<String>,
    /// First day.
    #[schema(example = "2026-01-01")]
    pub valid_from: NaiveDate,
    /// Last day; null = without end.
    #[schema(example = "2030-12-31")]
    pub valid_to: Option<NaiveDate>,
    /// Its photo, uploaded before.
    #[schema(example = json!(null))]
    pub document_id: Option<DocumentId>,
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct LicenceView {
    /// The licence.
    pub id: LicenceId,
    /// Whose.
    pub supplier_id: SupplierId,
    /// Its kind.
    pub kind: LicenceKind,
    /// Its number.
    #[schema(example = "JY19105260000012")]
    pub number: String,
    /// Who issued it.
    #[schema(example = "松坡县市场监督管理局")]
    pub issuer: String,
    /// What it allows.
    #[schema(example = "食用农产品销售")]
    pub scope: String,
    /// Codes of the categories it covers; all where empty.
    #[schema(example = json!(["VEGETABLE"]))]
    pub categories: Vec<String>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; null = without end.
    pub valid_to: Option<NaiveDate>,
    /// When it was entered.
    pub recorded_at: Timestamp,
}

/// Which licences.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LicencesQuery {
    /// Those whose last day is at most so many days ahead, 0 to 400; all unless given.
    #[param(minimum = 0, maximum = 400, example = 30)]
    expiring_within: Option<u64>,
    /// With true also those that have run out.
    #[serde(default)]
    expired: bool,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn view(row: licence::Model) -> LicenceView {
    LicenceView {
        id: row.id,
        supplier_id: row.supplier_id,
        kind: row.kind,
        number: row.number,
        issuer: row.issuer,
        scope: row.scope,
        categories: row.categories.split('|').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        recorded_at: row.recorded_at,
    }
}

/// Enter a licence
///
/// By the supplier, its agent, or officers of its county. A licence that was renewed is entered anew.
#[utoipa::path(
    post, path = "/suppliers/{id}/licences", operation_id = "create_licence", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = CreateLicenceRequest,
    responses((status = 201, body = LicenceView, description = "Entered"))
)]
pub async fn create_licence(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    command: Command<CreateLicenceRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Create, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    held(work.txn(), &caller, Action::Create, id).await?;
    let body = command.body;
    let mut check = Check::default();
    let new: LicenceId = check.client_id("/id", body.id).unwrap_or_else(|| ctx.ids.next());
    let number = check.paper_number("/number", &body.number, LONGEST);
    let issuer = check.text("/issuer", &body.issuer, LONGEST);
    let scope = check.text("/scope", &body.scope, 200);
    period(&mut check, ["/valid_from", "/valid_to"], body.valid_from, body.valid_to);
    let known: BTreeSet<String> =
        category::Entity::find().all(work.txn()).await?.into_iter().map(|row| row.code).collect();
    for (place, code) in body.categories.iter().enumerate() {
        check.that(
            known.contains(code),
            format!("/categories/{place}"),
            "category_unknown",
            Text::new("没有此类别。", "There is no such category."),
        );
    }
    check.finish()?;
    let categories: Vec<String> = BTreeSet::from_iter(body.categories).into_iter().collect();
    let row = licence::Model {
        id: new,
        supplier_id: id,
        kind: body.kind,
        number,
        issuer,
        scope,
        categories: categories.join("|"),
        valid_from: body.valid_from,
        valid_to: body.valid_to,
        recorded_at: work.at,
        recorded_by: caller.actor.recorded_account(),
        reminded_on: None,
    };
    let same = licence::Entity::find()
        .filter(licence::COLUMN.supplier_id.eq(id))
        .filter(licence::Column::Kind.eq(row.kind))
        .filter(licence::COLUMN.number.eq(row.number.as_str()))
        .filter(licence::COLUMN.valid_from.eq(row.valid_from));
    if same.one(work.txn()).await?.is_some() {
        return Err(entered_before());
    }
    let inserted = bulk::insert(work.txn(), std::slice::from_ref(&row)).await;
    inserted.map_err(|error| if is_duplicate(&error) { id_taken(error) } else { error.into() })?;
    if let Some(document_id) = body.document_id {
        let owner = Owner { supplier_id: Some(id), ..Owner::default() };
        let subject = DocumentSubject::Licence;
        let proof = Proof { document_id, subject, subject_id: new.0, owner, keep_until: keep_paper(row.valid_to) };
        link(&mut work, &caller, "/document_id", proof).await?;
    }
    let told = json!({
        "supplier_id": id, "kind": row.kind, "number": row.number, "valid_from": row.valid_from, "valid_to": row.valid_to,
    });
    work.audit("licence.create", "licence", &new, &told);
    work.commit(StatusCode::CREATED, &view(row)).await
}

fn entered_before() -> ApiError {
    ApiError::conflict("licence_taken", Text::new("该证照已登记。", "This licence is entered already."))
}

/// List a supplier's licences
///
/// For its authority and itself.
#[utoipa::path(
    get, path = "/suppliers/{id}/licences", operation_id = "list_supplier_licences", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier"), PageQuery),
    responses((status = 200, body = Page<LicenceView>, description = "A page of licences"))
)]
pub async fn list_supplier_licences(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<LicenceView>>, ApiError> {
    let db = &ctx.store.read;
    seen(db, &caller, id).await?;
    let limit = paging.limit()?;
    let mut rows = licence::Entity::find()
        .filter(licence::COLUMN.supplier_id.eq(id))
        .order_by_asc(licence::Column::Id)
        .limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(licence::Column::Id.gt(LicenceId(after)));
    }
    Ok(Json(page(rows.all(db).await?, limit, |row| row.id.to_string(), view)))
}

/// List licences by their end
///
/// Of the caller's suppliers and of those registered in its divisions, the first to run out first; those without an end
/// are not among them.
#[utoipa::path(
    get, path = "/licences", operation_id = "list_licences", tag = "suppliers", security(("bearer" = [])),
    params(LicencesQuery),
    responses((status = 200, body = Page<LicenceView>, description = "A page of licences"))
)]
pub async fn list_licences(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<LicencesQuery>,
) -> Result<Json<Page<LicenceView>>, ApiError> {
    use licence::Column;
    let scope = caller.actor.may(Action::Read, Resource::SupplierPaper)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let today = ctx.clock.now().business_day();
    let of = licence::Entity::belongs_to(supplier::Entity).from(Column::SupplierId).to(supplier::Column::Id).into();
    let mut rows: Select<licence::Entity> = licence::Entity::find()
        .join(JoinType::InnerJoin, of)
        .filter(scope.on_registered(supplier::Column::Id, supplier::Column::DivisionCode))
        .filter(Column::ValidTo.is_not_null())
        .order_by_asc(Column::ValidTo)
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some(within) = query.expiring_within {
        let last = Some(within).filter(|days| *days <= 400).and_then(|days| today.checked_add_days(Days::new(days)));
        let last = last.ok_or_else(|| {
            let text = Text::new("须为 0 至 400 天。", "Must be 0 to 400 days.");
            ApiError::Malformed(FieldError::new("?expiring_within", "days_out_of_range", text))
        })?;
        rows = rows.filter(Column::ValidTo.lte(last));
    }
    if !query.expired {
        rows = rows.filter(Column::ValidTo.gte(today));
    }
    if let Some([day, id]) = paging.after::<2>()? {
        let (Ok(day), Ok(id)) = (day.parse::<NaiveDate>(), id.parse::<Uuid>()) else { return Err(bad_cursor()) };
        let same = Condition::all().add(Column::ValidTo.eq(day)).add(Column::Id.gt(LicenceId(id)));
        rows = rows.filter(Condition::any().add(Column::ValidTo.gt(day)).add(same));
    }
    let key = |row: &licence::Model| format!("{}~{}", row.valid_to.unwrap_or_default(), row.id);
    Ok(Json(page(rows.all(&ctx.store.read).await?, limit, key, view)))
}

/// End a licence
///
/// One that was withdrawn or given back, by whoever may enter it.
#[utoipa::path(
    post, path = "/licences/{id}/end", operation_id = "end_licence", tag = "suppliers", security(("bearer" = [])),
    params(("id" = LicenceId, Path, description = "The licence")),
    request_body = EndPaperRequest,
    responses((status = 200, body = LicenceView, description = "Ended"))
)]
pub async fn end_licence(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<LicenceId>,
    command: Command<EndPaperRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Update, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let row = licence::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    held(work.txn(), &caller, Action::Update, row.supplier_id).await?;
    let to_on = command.body.to_on;
    let mut check = Check::default();
    ends(&mut check, row.valid_from, row.valid_to, to_on);
    check.finish()?;
    licence::Entity::update_many()
        .col_expr(licence::Column::ValidTo, Expr::value(to_on))
        .filter(licence::COLUMN.id.eq(id))
        .exec(work.txn())
        .await?;
    let told = json!({"supplier_id": row.supplier_id, "valid_to": [row.valid_to, Some(to_on)]});
    work.audit("licence.end", "licence", &id, &told);
    work.commit(StatusCode::OK, &view(licence::Model { valid_to: Some(to_on), ..row })).await
}
