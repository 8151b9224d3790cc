//! How far the correcting of revocations is.

use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
    suppliers::verification,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::{RevocationId, SupplierId, VerificationId},
    supplier_revocation,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;

/// A revocation.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevocationView {
    /// Its id.
    pub id: RevocationId,
    /// Who lost its approval.
    pub supplier_id: SupplierId,
    /// The approval; its history tells who revoked it and why.
    pub verification_id: VerificationId,
    /// First day on which what it sold counts for nothing.
    #[schema(example = "2026-02-01")]
    pub effective_from: NaiveDate,
    /// Day of the next approval, from which it counts again; null where there is none.
    #[schema(example = json!(null))]
    pub ended_on: Option<NaiveDate>,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Ledger lines to be corrected.
    #[schema(example = 120)]
    pub lines: i64,
    /// Ledger lines corrected so far.
    #[schema(example = 120)]
    pub corrected: i64,
    /// When the last one was; null while it goes on.
    pub finished_at: Option<Timestamp>,
}

pub(super) fn view(row: &supplier_revocation::Model) -> RevocationView {
    RevocationView {
        id: row.id,
        supplier_id: row.supplier_id,
        verification_id: row.verification_id,
        effective_from: row.effective_from,
        ended_on: row.ended_on,
        revoked_at: row.revoked_at,
        lines: row.lines,
        corrected: row.corrected,
        finished_at: row.finished_at,
    }
}

/// List revocations of a supplier
///
/// With how far the correcting of its ledger lines is.
#[utoipa::path(
    get, path = "/suppliers/{id}/revocations", operation_id = "list_revocations", tag = "ledger",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier"), PageQuery),
    responses((status = 200, body = Page<RevocationView>, description = "A page of revocations"))
)]
pub async fn list_revocations(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    Query(paging): Query<PageQuery>,
) -> Result<Json<Page<RevocationView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Verification)?;
    let limit = paging.limit()?;
    let db = &ctx.store.read;
    verification::find_verified(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let mut rows = supplier_revocation::Entity::find()
        .filter(supplier_revocation::Column::SupplierId.eq(id))
        .order_by_asc(supplier_revocation::Column::Id)
        .limit(limit + 1);
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(supplier_revocation::Column::Id.gt(RevocationId(after)));
    }
    Ok(Json(page(rows.all(db).await?, limit, |row| row.id.to_string(), |row| view(&row))))
}
