//! Declare purchases made outside the marketplace: the same ledger, the same denominator (S1).

use super::{
    class::{OriginClass, PurchaseClass},
    closed::last_statements,
    declaration::{Batch, Purchaser, Rows},
    double_counts::{found_of, refuse_certain},
    record::record,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, Reply, Text},
    ordering::canteen_unknown,
    registry,
    store::{Begun, IdempotencyKey, Work, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    canteen::CanteenKind,
    certificate::CertificateKind,
    id::{CanteenId, DeclaredPurchaseId, ImportId, PurchaseLineId, SchoolId, SupplierId},
    money::Fen,
    purchase_line,
    weight::Gram,
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A purchase made outside.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclarePurchaseRequest {
    /// Id chosen by the client (UUIDv7).
    pub id: Option<Uuid>,
    /// Kitchen that bought.
    pub canteen_id: CanteenId,
    /// Day of the purchase.
    pub purchased_on: NaiveDate,
    /// As on the voucher.
    #[schema(example = "白石镇农贸市场 李记蔬菜")]
    pub seller_name: String,
    /// The seller, where it is registered here.
    pub supplier_id: Option<SupplierId>,
    /// Number of the invoice or voucher.
    #[schema(example = "No. 0031877")]
    pub invoice_number: Option<String>,
    /// The school's own number; a second purchase with it is refused.
    #[schema(example = "2026-03-0007")]
    pub external_id: Option<String>,
    /// With `true` the school says that this is another delivery than the one of the same seller and amount that it received
    /// here within three days.
    #[serde(default)]
    #[schema(example = false)]
    pub separate_delivery: bool,
    /// What was bought.
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<DeclaredLineRequest>,
}

/// One line of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredLineRequest {
    /// Product, where the catalogue has it.
    #[schema(example = "cabbage")]
    pub product_code: Option<String>,
    /// Category; needed without a product.
    #[schema(example = "VEGETABLE")]
    pub category_code: Option<String>,
    /// Decimal count of units; with a product.
    #[schema(example = "30")]
    pub quantity: Option<String>,
    /// Unit code; with a quantity.
    #[schema(example = "jin")]
    pub unit: Option<String>,
    /// Weight, where no quantity tells it.
    pub weight: Option<Gram>,
    /// What was paid.
    pub amount: Fen,
    /// Where it was grown.
    #[schema(example = "910526")]
    pub origin_division_code: Option<String>,
    /// Handbook number of the household that grew it, copied from the handbook: a mistyped one is not refused.
    #[schema(example = "h-910526-01")]
    pub producer_household_code: Option<String>,
    /// Documents that prove the origin.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub documents: Vec<DocumentRequest>,
}

/// A document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentRequest {
    /// Kind.
    pub kind: CertificateKind,
    /// Its number.
    #[schema(example = "CN-910526-0001")]
    pub number: String,
    /// Its date.
    pub issued_on: NaiveDate,
    /// Committing or certifying party.
    #[schema(example = "白石镇农业服务中心")]
    pub issuer: String,
    /// Origin it states.
    #[schema(example = "910526")]
    pub origin_division_code: Option<String>,
}

/// A declared purchase in the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclaredPurchaseView {
    /// The purchase.
    pub id: DeclaredPurchaseId,
    /// School it counts for.
    pub school_id: SchoolId,
    /// Day of the purchase.
    pub purchased_on: NaiveDate,
    /// Sum of its lines.
    pub amount: Fen,
    /// Its lines.
    pub lines: Vec<DeclaredLineView>,
}

/// A declared line in the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclaredLineView {
    /// Line of the ledger.
    pub id: PurchaseLineId,
    /// Category.
    #[schema(example = "VEGETABLE")]
    pub category_code: String,
    /// What was paid.
    pub amount: Fen,
    /// Weight; null when unknown (S7).
    pub weight: Option<Gram>,
    /// Where it was grown, from the lists that held that day.
    pub origin_class: Option<OriginClass>,
    /// Whether a producing household was stated. Whether it is one is not told: a number of no household is kept for the
    /// authorities to look into, and the line counts by its origin (P1).
    #[schema(example = true)]
    pub producer_household: bool,
    /// Whether documents prove the origin. The producer's part of the class is not the school's to know (P1).
    #[schema(example = true)]
    pub evidence: bool,
}

impl DeclaredLineView {
    /// A line as the school is told of it.
    pub(super) fn of(row: &purchase_line::Model, stated: &DeclaredLineRequest) -> Self {
        let class = PurchaseClass::from_code(row.class);
        Self {
            id: row.id,
            category_code: row.category_code.clone(),
            amount: row.amount_fen,
            weight: row.weight_gram,
            origin_class: class.map(|class| class.origin),
            evidence: class.is_some_and(|class| class.evidence),
            producer_household: stated.producer_household_code.is_some(),
        }
    }
}

/// Declare a purchase
///
/// Made outside the marketplace. It enters the denominator, and the numerator too where documents prove its origin.
#[utoipa::path(
    post, path = "/declared-purchases", operation_id = "declare_purchase", tag = "ledger",
    security(("bearer" = [])),
    request_body = DeclarePurchaseRequest,
    responses((status = 201, body = DeclaredPurchaseView, description = "In the ledger"))
)]
pub async fn declare_purchase(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<DeclarePurchaseRequest, true>,
) -> Result<Reply, ApiError> {
    declare(&ctx, &caller, command.key, command.body).await
}

/// Declares one purchase.
///
/// # Errors
/// 403 for a role that does not declare, 409 for an external id that is there, 422 for what does not fit.
pub async fn declare(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    request: DeclarePurchaseRequest,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::DeclaredPurchase)?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let purchaser = purchaser(work.txn(), &scope, request.canteen_id).await?;
    let school_id = purchaser.school.id;
    let mut views =
        write(ctx, caller, &mut work, &purchaser, &[(String::new(), request)], None, Check::default()).await?;
    let view = views.pop().ok_or_else(|| ApiError::internal("a declaration left no row"))?;
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.pages.changed(Topic::School(school_id));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// The school and kitchen that declare.
///
/// # Errors
/// 422 outside the scope, 409 for a kitchen that does not buy.
pub(super) async fn purchaser(
    db: &impl sea_orm::ConnectionTrait,
    scope: &crate::access::Scope,
    canteen_id: CanteenId,
) -> Result<Purchaser, ApiError> {
    let (canteen, school) = registry::find_canteen(db, scope, canteen_id).await?.ok_or_else(canteen_unknown)?;
    if matches!(canteen.kind, CanteenKind::Shared | CanteenKind::None) {
        return Err(ApiError::conflict(
            "canteen_does_not_buy",
            Text::new("该食堂由他校供餐或未开办。", "This canteen is served by another school or not run."),
        ));
    }
    Ok(Purchaser { canteen, school })
}

/// Checks the purchases, each under its pointer, and writes them with their ledger lines; all or none.
pub(super) async fn write(
    ctx: &Ctx,
    caller: &Caller,
    work: &mut Work<'_>,
    purchaser: &Purchaser,
    requests: &[(String, DeclarePurchaseRequest)],
    import_id: Option<ImportId>,
    check: Check,
) -> Result<Vec<DeclaredPurchaseView>, ApiError> {
    let batch = Batch::read(work.txn(), purchaser, requests, work.at).await?;
    let (rows, views) = batch.rows(ctx, caller, requests, import_id, check)?;
    refuse_closed(work.txn(), requests, &rows).await?;
    bulk::insert(work.txn(), &rows.purchases).await.map_err(|error| {
        if !is_duplicate(&error) {
            return error.into();
        }
        ApiError::conflict(
            "external_id_taken",
            Text::new("该编号的采购已申报过。", "A purchase with this id or external id was declared before."),
        )
    })?;
    let looks_alike = found_of(ctx, work.txn(), work.at, &rows.purchases).await?;
    refuse_certain(&looks_alike, &rows.purchases, requests)?;
    bulk::insert(work.txn(), &looks_alike).await?;
    for purchase in &rows.purchases {
        let told = serde_json::json!({
            "declared_purchase_id": purchase.id, "school_id": purchase.school_id, "amount": purchase.amount_fen,
            "purchased_on": purchase.purchased_on,
        });
        work.audit("purchase.declare", "declared_purchase", &purchase.id, &told);
    }
    record(work.txn(), &rows.lines).await?;
    bulk::insert(work.txn(), &rows.stated).await?;
    bulk::insert(work.txn(), &rows.documents).await?;
    Ok(views)
}

/// Nothing is declared into a month that the school's unit has closed: it would have to be opened again first.
async fn refuse_closed(
    txn: &DatabaseTransaction,
    requests: &[(String, DeclarePurchaseRequest)],
    rows: &Rows,
) -> Result<(), ApiError> {
    let last = last_statements(txn, &rows.lines).await?;
    if last.is_empty() {
        return Ok(());
    }
    let is_closed = |line: &purchase_line::Model| {
        let last = last.get(&(line.reporting_unit_code.clone(), line.month));
        last.is_some_and(|last| !last.is_open)
    };
    let closed: HashSet<_> =
        rows.lines.iter().filter(|line| is_closed(line)).filter_map(|line| line.declared_purchase_id).collect();
    let mut check = Check::default();
    for ((prefix, _), purchase) in requests.iter().zip(&rows.purchases) {
        check.that(
            !closed.contains(&purchase.id),
            format!("{prefix}/purchased_on"),
            "month_closed",
            Text::new(
                "该月已由填报单位结账，须先由上级重新开放。",
                "The reporting unit has closed this month; it must be opened again first.",
            ),
        );
    }
    check.finish()
}
