//! Consignments as their two sides see them.

use super::store;
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, Versioned, page},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    certificate::{self, CertificateKind},
    consignment::{self, ConsignmentStatus},
    consignment_line,
    id::{CertificateId, ConsignmentId, ConsignmentLineId, OrderId, OrderLineId, SchoolId, SupplierId},
    product::Measure,
    time::Timestamp,
    weight::{BaseQuantity, Quantity},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// What a supplier sent for an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsignmentView {
    /// The consignment.
    pub id: ConsignmentId,
    /// Order it serves.
    pub order_id: OrderId,
    /// Where it goes.
    pub school_id: SchoolId,
    /// Who sent it.
    pub supplier_id: SupplierId,
    /// Where it stands.
    pub status: ConsignmentStatus,
    /// When it left.
    pub sent_at: Timestamp,
    /// Number plate or courier.
    #[schema(example = "贵F·12345")]
    pub vehicle: Option<String>,
    /// For `If-Match`.
    #[schema(example = 1)]
    pub version: i64,
    /// One line a batch.
    pub lines: Vec<ConsignmentLineView>,
}

/// A batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsignmentLineView {
    /// The line.
    pub id: ConsignmentLineId,
    /// Its number in the consignment.
    #[schema(example = 1)]
    pub line_no: i32,
    /// Line of the order it serves.
    pub order_line_id: OrderLineId,
    /// Sent: kilograms, or pieces.
    pub sent: Quantity,
    /// The producer's batch number.
    #[schema(example = "WN-0302-1")]
    pub batch_number: String,
    /// Day of production or harvest.
    pub produced_on: Option<NaiveDate>,
    /// Days it keeps.
    #[schema(example = 15)]
    pub shelf_life_days: Option<i32>,
    /// Where this batch was grown.
    #[schema(example = "910526")]
    pub origin_division_code: String,
    /// Whether a producing household is named.
    #[schema(example = false)]
    pub producer_household: bool,
    /// Documents that travel with it.
    pub certificates: Vec<CertificateView>,
}

/// A document.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateView {
    /// The document.
    pub id: CertificateId,
    /// Kind.
    pub kind: CertificateKind,
    /// Its number.
    #[schema(example = "CN-910526-0001")]
    pub number: String,
    /// Its date.
    pub issued_on: NaiveDate,
    /// Committing or certifying party.
    #[schema(example = "松坡洋芋专业合作社")]
    pub issuer: String,
    /// Origin it states.
    #[schema(example = "910526")]
    pub origin_division_code: Option<String>,
}

/// A quantity as kilograms, or as pieces.
#[must_use]
pub fn in_measure(quantity: BaseQuantity, measure: Measure) -> Quantity {
    let (per, unit) = match measure {
        Measure::Mass => (1_000, "kg"),
        Measure::Count => (1, "piece"),
    };
    Quantity { quantity: quantity.in_units(BaseQuantity(per)), unit: unit.to_owned() }
}

impl ConsignmentView {
    /// A consignment with its lines and documents; `measures` by order line.
    #[must_use]
    pub fn new<S: std::hash::BuildHasher>(
        consignment: &consignment::Model,
        lines: &[consignment_line::Model],
        certificates: &[certificate::Model],
        measures: &HashMap<OrderLineId, Measure, S>,
    ) -> Self {
        let view = |line: &consignment_line::Model| ConsignmentLineView {
            id: line.id,
            line_no: line.line_no,
            order_line_id: line.order_line_id,
            sent: in_measure(line.sent_base, measures.get(&line.order_line_id).copied().unwrap_or(Measure::Mass)),
            batch_number: line.batch_number.clone(),
            produced_on: line.produced_on,
            shelf_life_days: line.shelf_life_days,
            origin_division_code: line.origin_division_code.clone(),
            producer_household: line.producer_household_id.is_some(),
            certificates: certificates
                .iter()
                .filter(|document| document.consignment_line_id == line.id)
                .map(CertificateView::new)
                .collect(),
        };
        Self {
            id: consignment.id,
            order_id: consignment.order_id,
            school_id: consignment.school_id,
            supplier_id: consignment.supplier_id,
            status: consignment.status,
            sent_at: consignment.sent_at,
            vehicle: consignment.vehicle.clone(),
            version: consignment.version,
            lines: lines.iter().filter(|line| line.consignment_id == consignment.id).map(view).collect(),
        }
    }
}

impl CertificateView {
    fn new(document: &certificate::Model) -> Self {
        Self {
            id: document.id,
            kind: document.kind,
            number: document.number.clone(),
            issued_on: document.issued_on,
            issuer: document.issuer.clone(),
            origin_division_code: document.origin_division_code.clone(),
        }
    }
}

/// Which consignments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsignmentQuery {
    /// Of this order only.
    pub order_id: Option<OrderId>,
    /// Rows wanted, 1 to 200; 20 unless given.
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List consignments
///
/// The caller's own, newest first.
#[utoipa::path(
    get, path = "/consignments", operation_id = "list_consignments", tag = "delivery", security(("bearer" = [])),
    params(ConsignmentQuery),
    responses((status = 200, body = Page<ConsignmentView>, description = "A page"))
)]
pub async fn list_consignments(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ConsignmentQuery>,
) -> Result<Json<Page<ConsignmentView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Consignment)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let (limit, after) = (paging.limit()?, paging.after_id()?);
    let db = &ctx.store.read;
    let found = store::list(db, &scope, query.order_id, after, limit + 1).await?;
    let views = views(db, &found).await?;
    Ok(Json(page(views, limit, |view| view.id.to_string(), |view| view)))
}

/// Read a consignment
///
/// With its batches and their documents; the `ETag` is its version.
#[utoipa::path(
    get, path = "/consignments/{id}", operation_id = "find_consignment", tag = "delivery",
    security(("bearer" = [])),
    params(("id" = ConsignmentId, Path, description = "The consignment")),
    responses((status = 200, body = ConsignmentView, description = "The consignment"))
)]
pub async fn find_consignment(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConsignmentId>,
) -> Result<Versioned<ConsignmentView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Consignment)?;
    let db = ctx.store.primary();
    let found = store::find(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let view = views(db, &[found]).await?.pop().ok_or(ApiError::NotFound)?;
    Ok(Versioned { version: view.version, body: view })
}

#[derive(FromQueryResult)]
struct MeasureRow {
    id: OrderLineId,
    measure: Measure,
}

async fn views(db: &impl ConnectionTrait, found: &[consignment::Model]) -> Result<Vec<ConsignmentView>, DbErr> {
    use entity::{order_line, product};
    let lines = store::lines_of(db, found.iter().map(|consignment| consignment.id)).await?;
    let certificates = store::certificates_of(db, lines.iter().map(|line| line.id)).await?;
    let measures = order_line::Entity::find()
        .select_only()
        .column(order_line::Column::Id)
        .column(product::Column::Measure)
        .join(
            sea_orm::JoinType::InnerJoin,
            order_line::Entity::belongs_to(product::Entity)
                .from(order_line::Column::ProductCode)
                .to(product::Column::Code)
                .into(),
        )
        .filter(order_line::Column::Id.is_in(lines.iter().map(|line| line.order_line_id)))
        .into_model::<MeasureRow>()
        .all(db)
        .await?;
    let measures: HashMap<OrderLineId, Measure> = measures.into_iter().map(|row| (row.id, row.measure)).collect();
    Ok(found.iter().map(|consignment| ConsignmentView::new(consignment, &lines, &certificates, &measures)).collect())
}
