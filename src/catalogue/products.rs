//! Products with the units they know, units and categories.

use super::Conversions;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
    registry::{code_cursor, code_filter, contains_word, word_filter},
};
use axum::{Json, extract::State};
use entity::{
    category,
    product::{self, Measure},
    unit::{self, UnitKind},
    weight::Gram,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A product.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductView {
    /// Product code.
    #[schema(example = "potato")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "土豆")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "potato")]
    pub name_en: String,
    /// Its category.
    #[schema(example = "VEGETABLE")]
    pub category_code: String,
    /// Whether it is counted by weight or by piece.
    pub measure: Measure,
    /// Unit people usually order in.
    #[schema(example = "jin")]
    pub default_unit: String,
    /// Average weight of a piece; null for goods by weight and where it is unknown.
    pub weight_per_piece: Option<Gram>,
    /// Units it may be ordered in.
    pub units: Vec<ProductUnitView>,
}

/// A unit a product knows.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductUnitView {
    /// Unit code.
    #[schema(example = "jin")]
    pub unit: String,
    /// Grams or pieces in one such unit.
    #[schema(example = 500)]
    pub base_quantity: i64,
}

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitView {
    /// Unit code used in requests.
    #[schema(example = "jin")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "斤")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "jin (500 g)")]
    pub name_en: String,
    /// Its kind.
    pub kind: UnitKind,
    /// Weight of one; null for all but mass units, which depend on the product.
    pub weight: Option<Gram>,
}

/// A category of products.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryView {
    /// Code of the product taxonomy.
    #[schema(example = "VEGETABLE")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "蔬菜")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "vegetables")]
    pub name_en: String,
    /// Documents the law asks for, in Chinese (F4).
    #[schema(example = "承诺达标合格证+农残快检")]
    pub safety_documents: String,
}

/// Which products.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProductsQuery {
    /// Those of this category.
    #[param(example = "VEGETABLE")]
    category: Option<String>,
    /// Part of the Chinese or English name, up to 50 characters.
    #[param(example = "土豆")]
    q: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List products
///
/// In the order of codes, each with the units it may be ordered in.
#[utoipa::path(
    get, path = "/products", operation_id = "list_products", tag = "catalogue", security(("bearer" = [])),
    params(ProductsQuery),
    responses((status = 200, body = Page<ProductView>, description = "A page of products"))
)]
pub async fn list_products(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ProductsQuery>,
) -> Result<Json<Page<ProductView>>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut products = product::Entity::find().order_by_asc(product::Column::Code).limit(limit + 1);
    if let Some(category) = code_filter("category", query.category.as_deref())? {
        products = products.filter(product::Column::CategoryCode.eq(category));
    }
    if let Some(word) = word_filter(query.q.as_deref())? {
        products = products.filter(
            Condition::any()
                .add(contains_word(product::Column::NameZh, &word))
                .add(contains_word(product::Column::NameEn, &word)),
        );
    }
    if let Some(after) = code_cursor(&paging)? {
        products = products.filter(product::Column::Code.gt(after));
    }
    let db = &ctx.store.read;
    let rows = products.all(db).await?;
    let codes: Vec<String> = rows.iter().map(|row| row.code.clone()).collect();
    let known = Conversions::load(db, &codes).await?;
    let show = |row: product::Model| ProductView {
        units: known
            .known_units(&row.code)
            .map(|(unit, base_quantity)| ProductUnitView { unit: unit.to_owned(), base_quantity })
            .collect(),
        code: row.code,
        name_zh: row.name_zh,
        name_en: row.name_en,
        category_code: row.category_code,
        measure: row.measure,
        default_unit: row.default_unit,
        weight_per_piece: row.grams_per_piece,
    };
    Ok(Json(page(rows, limit, |row| row.code.clone(), show)))
}

/// List units
///
/// In the order of codes.
#[utoipa::path(
    get, path = "/units", operation_id = "list_units", tag = "catalogue", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<UnitView>, description = "A page of units"))
)]
pub async fn list_units(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<UnitView>>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let limit = paging.limit()?;
    let mut units = unit::Entity::find().order_by_asc(unit::Column::Code).limit(limit + 1);
    if let Some(after) = code_cursor(&paging)? {
        units = units.filter(unit::Column::Code.gt(after));
    }
    let rows = units.all(&ctx.store.read).await?;
    let show = |row: unit::Model| UnitView {
        code: row.code,
        name_zh: row.name_zh,
        name_en: row.name_en,
        kind: row.kind,
        weight: row.grams,
    };
    Ok(Json(page(rows, limit, |row| row.code.clone(), show)))
}

/// List categories
///
/// In the order of codes, each with the documents the law asks for.
#[utoipa::path(
    get, path = "/categories", operation_id = "list_categories", tag = "catalogue", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<CategoryView>, description = "A page of categories"))
)]
pub async fn list_categories(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<CategoryView>>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let limit = paging.limit()?;
    let mut categories = category::Entity::find().order_by_asc(category::Column::Code).limit(limit + 1);
    if let Some(after) = code_cursor(&paging)? {
        categories = categories.filter(category::Column::Code.gt(after));
    }
    let rows = categories.all(&ctx.store.read).await?;
    let show = |row: category::Model| CategoryView {
        code: row.code,
        name_zh: row.name_zh,
        name_en: row.name_en,
        safety_documents: row.safety_documents,
    };
    Ok(Json(page(rows, limit, |row| row.code.clone(), show)))
}
