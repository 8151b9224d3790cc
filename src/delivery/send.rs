//! The supplier sends: batches, their origin, the documents that travel with them.

use super::{read::ConsignmentView, store, weighing::upper_bound};
use crate::{
    access::{Action, Caller, Resource},
    catalogue::Conversions,
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    ordering::{self, Change},
    registry,
    store::{Begun, IdempotencyKey, bulk, id_taken},
    suppliers,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    certificate::{self, CertificateKind},
    consignment::{self, ConsignmentStatus},
    consignment_line,
    id::{ConsignmentId, ConsignmentLineId, HouseholdId, OrderId, OrderLineId},
    order_line,
    product::Measure,
    weight::BaseQuantity,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is sent for an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendConsignmentRequest {
    /// Id chosen by the client (UUIDv7).
    pub id: Option<Uuid>,
    /// Number plate or courier.
    #[schema(example = "贵F·12345")]
    pub vehicle: Option<String>,
    /// One line a batch.
    #[schema(min_items = 1, max_items = 200)]
    pub lines: Vec<SentLineRequest>,
}

/// One batch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentLineRequest {
    /// Id chosen by the client (UUIDv7).
    pub id: Option<Uuid>,
    /// Number of the order's line it serves.
    #[schema(example = 1)]
    pub line_no: i32,
    /// Decimal count of units.
    #[schema(example = "20")]
    pub quantity: String,
    /// Unit code.
    #[schema(example = "jin")]
    pub unit: String,
    /// The producer's batch number, for recall (F2).
    #[schema(example = "WN-0302-1")]
    pub batch_number: String,
    /// Day of production or harvest.
    pub produced_on: Option<NaiveDate>,
    /// Days it keeps.
    #[schema(example = 15, minimum = 1)]
    pub shelf_life_days: Option<i32>,
    /// Where this batch was grown; as listed unless given (S4).
    #[schema(example = "910526")]
    pub origin_division_code: Option<String>,
    /// Household that grew this batch; as listed unless given.
    pub producer_household_id: Option<HouseholdId>,
    /// Documents that travel with it (F4).
    #[serde(default)]
    #[schema(max_items = 10)]
    pub certificates: Vec<CertificateRequest>,
}

/// A document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
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

const MAX_LINES: usize = 200;
const MAX_CERTIFICATES: usize = 10;

/// Send a consignment
///
/// For a confirmed order, all of it or a part; each line is a batch with its origin and documents.
#[utoipa::path(
    post, path = "/orders/{id}/consignments", operation_id = "send_consignment", tag = "delivery",
    security(("bearer" = [])),
    params(("id" = OrderId, Path, description = "The order")),
    request_body = SendConsignmentRequest,
    responses((status = 201, body = ConsignmentView, description = "Sent"))
)]
pub async fn send_consignment(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<OrderId>,
    command: Command<SendConsignmentRequest>,
) -> Result<Reply, ApiError> {
    send(&ctx, &caller, command.key, id, command.body).await
}

/// Sends a consignment for its supplier.
///
/// # Errors
/// 404 outside the scope, 409 for an order that is not confirmed, 422 for a line that does not fit.
pub async fn send(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    order_id: OrderId,
    request: SendConsignmentRequest,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Consignment)?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let txn = work.txn();
    let order = ordering::find_order(txn, &scope, order_id).await?.ok_or(ApiError::NotFound)?;
    let next = ordering::ship(order.status)?;
    let ordered = ordering::lines_of(txn, [order_id]).await?;
    let products: BTreeSet<String> = ordered.iter().map(|line| line.product_code.clone()).collect();
    let conversions = Conversions::load(txn, &products.into_iter().collect::<Vec<_>>()).await?;
    let facts = Facts {
        today: work.at.business_day(),
        tolerance_bp: ctx.settings.bulk_tolerance_bp,
        sent_before: store::sent_by_line(txn, order_id).await?,
        places: registry::places_on(txn, &named_places(&request), work.at.business_day()).await?,
        households: suppliers::households_of(txn, order.supplier_id, work.at.business_day()).await?,
        conversions,
    };
    let mut check = Check::default();
    let consignment_id = check.client_id("/id", request.id).unwrap_or_else(|| ctx.ids.next());
    let vehicle = check.optional_text("/vehicle", request.vehicle.as_deref(), 50);
    check.lines("/lines", &request.lines, MAX_LINES);
    let (lines, certificates) = facts.read_lines(ctx, &mut check, consignment_id, &ordered, &request.lines);
    check.finish()?;
    let consignment = consignment::Model {
        id: consignment_id,
        order_id,
        school_id: order.school_id,
        supplier_id: order.supplier_id,
        status: ConsignmentStatus::Sent,
        sent_at: work.at,
        vehicle,
        version: 1,
    };
    bulk::insert(txn, std::slice::from_ref(&consignment)).await.map_err(id_taken)?;
    bulk::insert(txn, &lines).await.map_err(id_taken)?;
    bulk::insert(txn, &certificates).await?;
    let order_after =
        ordering::update_order(txn, &order, Change { status: next, answered_at: None, reason: None }).await?;
    let told = serde_json::json!({
        "consignment_id": consignment.id, "order_id": order_id, "school_id": order.school_id,
        "supplier_id": order.supplier_id, "batches": lines.len(), "certificates": certificates.len(),
    });
    let (before, after) = (
        serde_json::json!({ "order_status": order.status, "order_version": order.version }),
        serde_json::json!({ "order_status": order_after.status, "order_version": order_after.version }),
    );
    work.changed("consignment.send", "consignment", &consignment.id, &told, &before, &after);
    work.event("consignment.sent", &told);
    let view = ConsignmentView::new(&consignment, &lines, &certificates, &facts.measures(&ordered));
    work.commit(StatusCode::CREATED, &view).await
}

fn named_places(request: &SendConsignmentRequest) -> Vec<String> {
    let mut codes = BTreeSet::new();
    for line in &request.lines {
        codes.extend(line.origin_division_code.clone());
        codes.extend(line.certificates.iter().filter_map(|certificate| certificate.origin_division_code.clone()));
    }
    codes.into_iter().collect()
}

/// What the lines are judged by.
struct Facts {
    today: NaiveDate,
    tolerance_bp: i64,
    sent_before: HashMap<OrderLineId, i64>,
    places: HashMap<String, registry::Place>,
    households: Vec<HouseholdId>,
    conversions: Conversions,
}

impl Facts {
    fn measures(&self, ordered: &[order_line::Model]) -> HashMap<OrderLineId, Measure> {
        let measure = |line: &order_line::Model| self.conversions.product(&line.product_code).map(|it| it.measure);
        ordered.iter().filter_map(|line| measure(line).map(|measure| (line.id, measure))).collect()
    }

    fn read_lines(
        &self,
        ctx: &Ctx,
        check: &mut Check,
        consignment_id: ConsignmentId,
        ordered: &[order_line::Model],
        wanted: &[SentLineRequest],
    ) -> (Vec<consignment_line::Model>, Vec<certificate::Model>) {
        let mut lines = Vec::with_capacity(wanted.len());
        let mut certificates = Vec::new();
        let mut sent = self.sent_before.clone();
        for (index, want) in wanted.iter().enumerate() {
            let at = |field: &str| format!("/lines/{index}/{field}");
            let Some(line) = ordered.iter().find(|line| line.line_no == want.line_no) else {
                let detail = Text::new("订单没有这一行。", "The order has no such line.");
                check.refuse(at("line_no"), "line_unknown", detail);
                continue;
            };
            let id: ConsignmentLineId = check.client_id(&at("id"), want.id).unwrap_or_else(|| ctx.ids.next());
            let Some(quantity) = self.quantity(check, &at, line, want, &mut sent) else { continue };
            let batch_number = check.paper_number(&at("batch_number"), &want.batch_number, 60);
            self.check_dates(check, &at, want);
            let origin = self.place(check, &at("origin_division_code"), want.origin_division_code.as_deref());
            if let Some(household) = want.producer_household_id {
                check.that(
                    self.households.contains(&household),
                    at("producer_household_id"),
                    "producer_not_linked",
                    Text::new("该农户与供货方没有在册联结。", "This household is not linked to the supplier."),
                );
            }
            self.read_certificates(ctx, check, &at("certificates"), id, want, &mut certificates);
            lines.push(consignment_line::Model {
                id,
                consignment_id,
                order_line_id: line.id,
                line_no: i32::try_from(index + 1).unwrap_or(i32::MAX),
                sent_base: quantity,
                batch_number,
                produced_on: want.produced_on,
                shelf_life_days: want.shelf_life_days,
                origin_division_code: origin.unwrap_or_else(|| line.origin_division_code.clone()),
                producer_household_id: want.producer_household_id.or(line.producer_household_id),
            });
        }
        (lines, certificates)
    }

    fn quantity(
        &self,
        check: &mut Check,
        at: &impl Fn(&str) -> String,
        line: &order_line::Model,
        want: &SentLineRequest,
        sent: &mut HashMap<OrderLineId, i64>,
    ) -> Option<BaseQuantity> {
        let Some(per_unit) = self.conversions.base_per_unit(&line.product_code, &want.unit) else {
            check.note(self.conversions.unknown_unit(at("unit"), &line.product_code, &want.unit));
            return None;
        };
        let quantity = check.positive_quantity(&at("quantity"), &want.quantity, per_unit)?;
        let mass = self.conversions.product(&line.product_code).is_some_and(|it| it.measure == Measure::Mass);
        let confirmed = line.confirmed_base.unwrap_or_default();
        let most = upper_bound(confirmed, if mass { self.tolerance_bp } else { 0 });
        let total = sent.entry(line.id).or_default();
        *total += quantity.0;
        if *total > most.0 {
            let confirmed = confirmed.in_units(line.unit_base);
            check.refuse(
                at("quantity"),
                "more_than_confirmed",
                Text::new(
                    format!("超过已确认数量（{confirmed} {}）。", line.unit_code),
                    format!("More than was confirmed ({confirmed} {}).", line.unit_code),
                ),
            );
        }
        Some(quantity)
    }

    fn check_dates(&self, check: &mut Check, at: &impl Fn(&str) -> String, want: &SentLineRequest) {
        if let Some(day) = want.produced_on {
            check.day(&at("produced_on"), day);
        }
        check.that(
            want.produced_on.is_none_or(|day| day <= self.today),
            at("produced_on"),
            "date_in_future",
            Text::new("生产日期不能在将来。", "The production date lies in the future."),
        );
        check.that(
            want.shelf_life_days.is_none_or(|days| (1..=3_650).contains(&days)),
            at("shelf_life_days"),
            "shelf_life_out_of_range",
            Text::new("保质期须为 1 至 3650 天。", "The shelf life is 1 to 3650 days."),
        );
    }

    /// The place named, by its present code.
    fn place(&self, check: &mut Check, pointer: &str, code: Option<&str>) -> Option<String> {
        let place = self.places.get(code?);
        check.that(
            place.is_some(),
            pointer,
            "division_unknown",
            Text::new("没有这个区划代码。", "There is no division with this code."),
        );
        place.map(|place| place.code.clone())
    }

    fn read_certificates(
        &self,
        ctx: &Ctx,
        check: &mut Check,
        pointer: &str,
        line: ConsignmentLineId,
        want: &SentLineRequest,
        into: &mut Vec<certificate::Model>,
    ) {
        check.that(
            want.certificates.len() <= MAX_CERTIFICATES,
            pointer,
            "too_many",
            Text::new("每行最多 10 份证明。", "At most 10 documents a line."),
        );
        for (index, document) in want.certificates.iter().enumerate() {
            let at = |field: &str| format!("{pointer}/{index}/{field}");
            check.day(&at("issued_on"), document.issued_on);
            check.that(
                document.issued_on <= self.today,
                at("issued_on"),
                "date_in_future",
                Text::new("出具日期不能在将来。", "The date of issue lies in the future."),
            );
            let origin = self.place(check, &at("origin_division_code"), document.origin_division_code.as_deref());
            into.push(certificate::Model {
                id: ctx.ids.next(),
                consignment_line_id: line,
                kind: document.kind,
                number: check.paper_number(&at("number"), &document.number, 60),
                issued_on: document.issued_on,
                issuer: check.text(&at("issuer"), &document.issuer, 100),
                origin_division_code: origin,
            });
        }
    }
}
