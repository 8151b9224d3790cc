//! The public notice: who is about to be let in, for everybody to see, masked (H4, P2).

use crate::{
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, page},
    registry::Area,
    vault::mask_name,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    division,
    id::VerificationId,
    supplier::{self, SupplierKind},
    verification::{self, VerificationState},
};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// A supplier in the public notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicNoticeView {
    /// The notice, for objections.
    pub id: VerificationId,
    /// Registered name; of a household masked.
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub supplier_name: String,
    /// Its kind.
    pub supplier_kind: SupplierKind,
    /// Registered place.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// Its name.
    #[schema(example = "迤那镇")]
    pub division_name: String,
    /// First day of the notice.
    #[schema(example = "2026-03-02")]
    pub from_on: NaiveDate,
    /// Last day of the notice, and the last to object.
    #[schema(example = "2026-03-08")]
    pub until_on: NaiveDate,
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticesQuery {
    /// Of suppliers registered in this division or one below it.
    #[param(example = "910500")]
    division: Option<String>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List public notices
///
/// Without a log-in: the suppliers whose notice runs today, masked.
#[utoipa::path(
    get, path = "/public-notices", operation_id = "list_public_notices", tag = "suppliers",
    params(NoticesQuery),
    responses((status = 200, body = Page<PublicNoticeView>, description = "A page of notices"))
)]
pub async fn list_public_notices(
    State(ctx): State<Ctx>,
    Query(query): Query<NoticesQuery>,
) -> Result<Json<Page<PublicNoticeView>>, ApiError> {
    use verification::Column;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let today = ctx.clock.now().business_day();
    let owner =
        verification::Entity::belongs_to(supplier::Entity).from(Column::SupplierId).to(supplier::Column::Id).into();
    let mut rows = verification::Entity::find()
        .join(JoinType::InnerJoin, owner)
        .select_also(supplier::Entity)
        .filter(verification::COLUMN.state.eq(VerificationState::Noticed))
        .filter(Column::NoticeFromOn.lte(today))
        .filter(Column::NoticeUntilOn.gte(today))
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some(area) = Area::filter("division", query.division.as_deref())? {
        rows = rows.filter(area.holds(supplier::Column::DivisionCode));
    }
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(Column::Id.gt(VerificationId(after)));
    }
    let db = &ctx.store.read;
    let rows: Vec<_> = rows.all(db).await?.into_iter().filter_map(|(row, supplier)| Some((row, supplier?))).collect();
    let codes = rows.iter().map(|(_, supplier)| supplier.division_code.clone());
    let places = division::Entity::find().filter(division::Column::Code.is_in(codes)).all(db).await?;
    let places: HashMap<String, String> = places.into_iter().map(|place| (place.code, place.name)).collect();
    let show = |(row, supplier): (verification::Model, supplier::Model)| PublicNoticeView {
        id: row.id,
        supplier_name: match supplier.kind {
            SupplierKind::Household => mask_name(&supplier.name),
            _ => supplier.name,
        },
        supplier_kind: supplier.kind,
        division_name: places.get(&supplier.division_code).cloned().unwrap_or_default(),
        division_code: supplier.division_code,
        from_on: row.notice_from_on.unwrap_or(today),
        until_on: row.notice_until_on.unwrap_or(today),
    };
    Ok(Json(page(rows, limit, |(row, _)| row.id.to_string(), show)))
}
