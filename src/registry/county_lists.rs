//! The lists of poor counties and townships, with who stands on them today.

use super::filter::code_cursor;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
};
use axum::{Json, extract::State};
use entity::{
    county_list::{self, CountyListKind},
    county_list_member,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// A published list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountyListView {
    /// Stable name of the list.
    #[schema(example = "poverty_county_66")]
    pub code: String,
    /// What it stands for.
    pub kind: CountyListKind,
    /// Chinese name.
    #[schema(example = "云岭省66个贫困县")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "66 poverty counties of Yunling")]
    pub name_en: String,
    /// Where it was published, and what is known from memory only.
    #[schema(example = "list of 2021-08-27")]
    pub source: String,
    /// Divisions on it today.
    #[schema(example = json!(["910526"]))]
    pub division_codes: Vec<String>,
}

/// List county lists
///
/// The lists of poor counties and townships (S11), each with the divisions on it today.
#[utoipa::path(
    get, path = "/county-lists", operation_id = "list_county_lists", tag = "registry", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<CountyListView>, description = "A page of lists"))
)]
pub async fn list_county_lists(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<CountyListView>>, ApiError> {
    caller.actor.may(Action::Read, Resource::Reference)?;
    let limit = paging.limit()?;
    let mut lists = county_list::Entity::find().order_by_asc(county_list::Column::Code).limit(limit + 1);
    if let Some(after) = code_cursor(&paging)? {
        lists = lists.filter(county_list::Column::Code.gt(after));
    }
    let rows = lists.all(&ctx.store.read).await?;
    let today = ctx.clock.now().business_day();
    let members = county_list_member::Entity::find()
        .filter(county_list_member::Column::ListCode.is_in(rows.iter().map(|row| row.code.clone())))
        .filter(county_list_member::Column::ValidFrom.lte(today))
        .filter(
            Condition::any()
                .add(county_list_member::Column::ValidTo.is_null())
                .add(county_list_member::Column::ValidTo.gte(today)),
        )
        .order_by_asc(county_list_member::Column::DivisionCode)
        .all(&ctx.store.read)
        .await?;
    let mut divisions: HashMap<String, Vec<String>> = HashMap::new();
    for member in members {
        divisions.entry(member.list_code).or_default().push(member.division_code);
    }
    let show = |row: county_list::Model| CountyListView {
        division_codes: divisions.get(&row.code).cloned().unwrap_or_default(),
        code: row.code,
        kind: row.kind,
        name_zh: row.name_zh,
        name_en: row.name_en,
        source: row.source,
    };
    Ok(Json(page(rows, limit, |row| row.code.clone(), show)))
}
