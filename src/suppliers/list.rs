//! The suppliers a caller may see.

use super::store;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
    registry::{Area, contains_word, word_filter},
};
use axum::{Json, extract::State};
use entity::{
    id::SupplierId,
    supplier::{self, SupplierKind, SupplierStatus},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A seller. Of a household that sells, neither its number nor its status is shown (P1).
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplierView {
    /// Its id.
    pub id: SupplierId,
    /// Supplier code used in imports and reports.
    #[schema(example = "S-520526-001")]
    pub code: String,
    /// Registered name.
    #[schema(example = "威宁县草海种植农民专业合作社")]
    pub name: String,
    /// Its kind.
    pub kind: SupplierKind,
    /// Registered place; never decides the share (S4).
    #[schema(example = "520526")]
    pub division_code: String,
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
}

/// Which suppliers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuppliersQuery {
    /// Those of this kind.
    #[param(inline, example = "cooperative")]
    kind: Option<SupplierKind>,
    /// Those registered in this division.
    #[param(example = "520500")]
    division: Option<String>,
    /// Part of the name, up to 50 characters.
    #[param(example = "合作社")]
    q: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List suppliers
///
/// In the order of ids. A supplier sees itself only.
#[utoipa::path(
    get, path = "/suppliers", operation_id = "list_suppliers", tag = "suppliers", security(("bearer" = [])),
    params(SuppliersQuery),
    responses((status = 200, body = Page<SupplierView>, description = "A page of suppliers"))
)]
pub async fn list_suppliers(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<SuppliersQuery>,
) -> Result<Json<Page<SupplierView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Supplier)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut suppliers =
        supplier::Entity::find().filter(store::in_scope(&scope)).order_by_asc(supplier::Column::Id).limit(limit + 1);
    if let Some(kind) = query.kind {
        suppliers = suppliers.filter(supplier::Column::Kind.eq(kind));
    }
    if let Some(area) = Area::filter("division", query.division.as_deref())? {
        suppliers = suppliers.filter(area.holds(supplier::Column::DivisionCode));
    }
    if let Some(word) = word_filter(query.q.as_deref())? {
        suppliers = suppliers.filter(contains_word(supplier::Column::Name, &word));
    }
    if let Some(after) = paging.after_id()? {
        suppliers = suppliers.filter(supplier::Column::Id.gt(after));
    }
    let rows = suppliers.all(&ctx.store.read).await?;
    Ok(Json(page(rows, limit, |row| row.id.to_string(), view)))
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
    Ok(Json(SupplierResponse { supplier: view(supplier), linked_households }))
}

fn view(row: supplier::Model) -> SupplierView {
    SupplierView {
        id: row.id,
        code: row.code,
        name: row.name,
        kind: row.kind,
        division_code: row.division_code,
        status: row.status,
        version: row.version,
    }
}
