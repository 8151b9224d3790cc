//! The suppliers a caller may see.

use super::{
    register::{Numbers, numbers_of},
    store,
};
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    finding::{Asked, Filter, Hit, supplier_traits},
    http::{ApiError, Page, PageQuery, Path, Query, page},
    registry::Area,
    vault::mask_name,
};
use axum::{Json, extract::State};
use entity::{
    id::SupplierId,
    purchase_order::{self, OrderStatus},
    school,
    search_name::SubjectKind,
    search_term,
    supplier::{self, SupplierKind, SupplierStatus},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A seller. Of a household that sells, neither its number nor its status is shown (P1).
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplierView {
    /// Its id.
    pub id: SupplierId,
    /// Supplier code used in imports and reports.
    #[schema(example = "S-910526-001")]
    pub code: String,
    /// Registered name; of a household masked, except for its authorities, itself, and schools it supplies (P1).
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub name: String,
    /// Its kind.
    pub kind: SupplierKind,
    /// Registered place; never decides the share (S4).
    #[schema(example = "910526")]
    pub division_code: String,
    /// Unified social credit code (GB 32100); null for a household, and where it is not entered.
    #[schema(example = "93520526MA6WNNG01E")]
    pub social_credit_code: Option<String>,
    /// Village and group; null where it is not entered, and where the name is masked.
    #[schema(example = "草海村一组")]
    pub village: Option<String>,
    /// Where it stands on the way in (H4).
    pub status: SupplierStatus,
    /// Version of the supplier's data.
    #[schema(example = 1)]
    pub version: i64,
}

/// A supplier with what stands behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplierResponse {
    /// The supplier.
    #[serde(flatten)]
    pub supplier: SupplierView,
    /// Registered poor or lifted households linked to it today (H3).
    #[schema(example = 12)]
    pub linked_households: i32,
    /// Resident identity number of the household's head or the farmer without the day of birth; this and the numbers
    /// below are shown to itself and its authorities, and null where they are not known.
    #[schema(example = "910000********0019")]
    pub id_number: Option<String>,
    /// Phone number, first three and last four digits.
    #[schema(example = "199****0001")]
    pub phone: Option<String>,
    /// Bank account, last four digits.
    #[schema(example = "****0010")]
    pub bank_account: Option<String>,
}

impl SupplierResponse {
    pub(super) fn of(supplier: SupplierView, linked_households: i32, numbers: Numbers) -> Self {
        let Numbers { id_number, phone, bank_account } = numbers;
        Self { supplier, linked_households, id_number, phone, bank_account }
    }
}

/// A supplier of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundSupplier {
    /// The supplier.
    #[serde(flatten)]
    pub supplier: SupplierView,
    /// Metres from the place asked for; null where none was.
    #[schema(example = 5200)]
    pub distance_m: Option<i64>,
}

/// Which suppliers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuppliersQuery {
    /// Those of this kind.
    #[param(inline, example = "cooperative")]
    kind: Option<SupplierKind>,
    /// Those that stand so on the way in (H4).
    #[param(inline, example = "approved")]
    status: Option<SupplierStatus>,
    /// Those registered in this division or one below it; an old code stands for its successor.
    #[param(example = "910500")]
    division: Option<String>,
    /// Part of the name in Chinese, its pinyin or the initials of it, or the beginning of the code; up to 20 characters.
    #[param(example = "合作社")]
    q: Option<String>,
    /// Around this place, degrees north and east with up to six decimals; those whose position nobody entered are left out.
    #[param(example = "26.868,104.244")]
    near: Option<String>,
    /// Kilometres around it, 1 to 500; 50 unless given.
    #[param(minimum = 1, maximum = 500, example = 50)]
    within_km: Option<i64>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List suppliers
///
/// With `near` the nearest first; else with `q` codes that begin with it, then names that do, then names that hold it,
/// each by what follows; else in the order of ids. A supplier sees itself only.
#[utoipa::path(
    get, path = "/suppliers", operation_id = "list_suppliers", tag = "suppliers", security(("bearer" = [])),
    params(SuppliersQuery),
    responses((status = 200, body = Page<FoundSupplier>, description = "A page of suppliers"))
)]
pub async fn list_suppliers(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<SuppliersQuery>,
) -> Result<Json<Page<FoundSupplier>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Supplier)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    Area::filter("division", query.division.as_deref())?;
    let asked = Asked {
        q: query.q.as_deref(),
        division: query.division.as_deref(),
        near: query.near.as_deref(),
        within_km: query.within_km,
    };
    let db = &ctx.store.read;
    let wanted = asked.read(db, SubjectKind::Supplier).await?;
    let names = Names::shown_to(&caller, &scope);
    let mut filter = filter(&scope, &query);
    if wanted.tells() {
        // What is not shown is not found either, nor where it is.
        filter = names.readable(db.get_database_backend(), filter);
    }
    let rows = wanted.list::<supplier::Model>(db, &filter, &paging).await?;
    let show =
        |hit: Hit<supplier::Model>| FoundSupplier { supplier: names.view(hit.row, false), distance_m: hit.metres };
    Ok(Json(page(rows, limit, |hit| hit.cursor.clone(), show)))
}

/// What of the query is chosen by: the terms of the names tell all of it.
fn filter(scope: &Scope, query: &SuppliersQuery) -> Filter {
    use supplier::Column::{Kind, Status};
    let (kind, status) = (query.kind.map(|kind| Kind.eq(kind)), query.status.map(|status| Status.eq(status)));
    let of_scope = scope.rows(None::<school::Column>, Some(search_term::Column::SubjectId));
    let mut filter = Filter::default()
        .and_told(store::in_scope(scope), of_scope)
        .own((!scope.is_everything()).then(|| store::in_scope(scope)))
        // Of the two the state leaves fewer, most often.
        .lead(status.clone().or_else(|| kind.clone()));
    if kind.is_some() || status.is_some() {
        let row = Condition::all().add_option(kind).add_option(status);
        filter = filter.and_traits(row, supplier_traits(query.kind, query.status));
    }
    filter
}

/// Find a supplier
///
/// With the number of households behind it.
#[utoipa::path(
    get, path = "/suppliers/{id}", operation_id = "find_supplier", tag = "suppliers", security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    responses((status = 200, body = SupplierResponse, description = "The supplier"))
)]
pub async fn find_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
) -> Result<Json<SupplierResponse>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Supplier)?;
    let db = &ctx.store.read;
    let supplier = store::find_supplier(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let today = ctx.clock.now().business_day();
    let linked = store::linked_households_on(db, &[id], today).await?;
    let linked_households = linked.get(&id).copied().unwrap_or_default();
    let names = Names::shown_to(&caller, &scope);
    let known = !names.shows(&supplier) && supplies(db, &caller, id).await?;
    let numbers =
        if names.tells_numbers(&supplier) { numbers_of(&ctx, db, &supplier).await? } else { Numbers::default() };
    Ok(Json(SupplierResponse::of(names.view(supplier, known), linked_households, numbers)))
}

/// Whether the supplier took an order of the caller's school: who accepts the goods must know who delivers them (F2).
async fn supplies(db: &impl ConnectionTrait, caller: &Caller, id: SupplierId) -> Result<bool, ApiError> {
    let Ok(orders) = caller.actor.may(Action::Read, Resource::Order) else { return Ok(false) };
    let taken = [OrderStatus::Placed, OrderStatus::Declined, OrderStatus::Cancelled].map(|status| status.to_value());
    let taken = purchase_order::Entity::find()
        .filter(orders.rows(Some(purchase_order::Column::SchoolId), None::<purchase_order::Column>))
        .filter(purchase_order::Column::SupplierId.eq(id))
        .filter(purchase_order::Column::Status.is_not_in(taken));
    Ok(taken.one(db).await?.is_some())
}

/// Whose names are shown in full. A household's name, that it sells as one and where it lives tell its status (P1).
pub(super) struct Names<'a> {
    scope: &'a Scope,
    households: Option<Scope>,
}

impl<'a> Names<'a> {
    pub(super) fn shown_to(caller: &Caller, scope: &'a Scope) -> Self {
        Self { scope, households: caller.actor.may(Action::Read, Resource::Household).ok() }
    }

    pub(super) fn shows(&self, row: &supplier::Model) -> bool {
        row.kind != SupplierKind::Household
            || self.scope.holds_supplier(row.id)
            || self.households.as_ref().is_some_and(|scope| scope.covers_place(&row.division_code))
    }

    /// Whether its numbers are shown, masked: to itself and to the authorities of its place.
    pub(super) fn tells_numbers(&self, row: &supplier::Model) -> bool {
        self.scope.holds_supplier(row.id)
            || self.households.as_ref().is_some_and(|scope| scope.covers_place(&row.division_code))
    }

    /// Only the rows whose names are shown in full.
    fn readable(&self, backend: DbBackend, filter: Filter) -> Filter {
        use supplier::Column::{DivisionCode, Id, Kind};
        let household = supplier_traits(Some(SupplierKind::Household), None);
        filter.and_told(
            self.readable_of(backend, Kind.ne(SupplierKind::Household.to_value()), Id, DivisionCode),
            self.readable_of(
                backend,
                search_term::Column::Traits.not_like(household),
                search_term::Column::SubjectId,
                search_term::Column::DivisionCode,
            ),
        )
    }

    /// `id` and `place` are the columns of what is read, `sells` those that are no households.
    fn readable_of<C: ColumnTrait>(&self, backend: DbBackend, sells: Expr, id: C, place: C) -> Condition {
        let any = Condition::any().add(sells).add(self.scope.held_suppliers(id));
        match &self.households {
            Some(scope) => any.add(scope.keeps_registered(backend, id, place)),
            None => any,
        }
    }

    pub(super) fn view(&self, row: supplier::Model, supplied: bool) -> SupplierView {
        let shown = supplied || self.shows(&row);
        SupplierView {
            id: row.id,
            name: if shown { row.name } else { mask_name(&row.name) },
            code: row.code,
            kind: row.kind,
            division_code: row.division_code,
            social_credit_code: row.social_credit_code,
            village: row.village.filter(|_| shown),
            status: row.status,
            version: row.version,
        }
    }
}
