//! The lines behind a figure, each down to receipt, batch and document.

use super::{
    class::{OriginClass, ProducerClass, PurchaseClass},
    denials::{DenialMark, marks},
};
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, FieldError, Page, PageQuery, Query, Text, bad_cursor, page},
    registry,
};
use axum::{Json, extract::State};
use chrono::{Datelike, NaiveDate};
use entity::{
    certificate::CertificateKind,
    id::{
        ConsignmentId, DeclaredPurchaseId, HouseholdId, OrderId, PurchaseLineId, ReceiptId, ReceiptLineId, SchoolId,
        SupplierId,
    },
    money::Fen,
    purchase_line::{self, Channel},
    stated_producer,
    time::Timestamp,
    weight::Gram,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Statement,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::store::bulk::{Kind, Rows};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Of this school.
    pub school_id: SchoolId,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Of this channel only.
    pub channel: Option<Channel>,
    /// Of this category only.
    pub category: Option<String>,
    /// Of this purchase class only; for authorities, because it tells the producer's status (P1).
    pub class: Option<i32>,
    /// With `true` only lines whose stated handbook number is no household's; for authorities (P1).
    pub producer_unmatched: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A line of the ledger with everything that was frozen, and what it rests on.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerLineView {
    /// The line.
    pub id: PurchaseLineId,
    /// School it counts for.
    pub school_id: SchoolId,
    /// Day received or bought.
    pub purchased_on: NaiveDate,
    /// How it came in.
    pub channel: Channel,
    /// Line this one corrects.
    pub corrects_line_id: Option<PurchaseLineId>,
    /// Seller, where registered.
    pub supplier_id: Option<SupplierId>,
    /// Product, where known.
    #[schema(example = "potato")]
    pub product_code: Option<String>,
    /// Category.
    #[schema(example = "VEGETABLE")]
    pub category_code: String,
    /// Accepted amount; negative in a correction.
    pub amount: Fen,
    /// Accepted weight; null when unknown (S7).
    pub weight: Option<Gram>,
    /// Purchase class: origin, producer and evidence, a digit each; shown to authorities only (P1).
    #[schema(example = 741)]
    pub class: Option<i32>,
    /// Its first digit in words.
    pub origin_class: Option<OriginClass>,
    /// Its second digit in words; shown to authorities only (P1).
    pub producer_class: Option<ProducerClass>,
    /// Origin that day.
    #[schema(example = "910526")]
    pub origin_division_code: Option<String>,
    /// Lists the origin stood on that day.
    #[schema(example = json!(["poverty_county_66"]))]
    pub origin_lists: Vec<String>,
    /// Household that grew it; shown to authorities only (P1).
    pub producer_household_id: Option<HouseholdId>,
    /// That household's statuses that day; shown to authorities only (P1).
    #[schema(example = json!(["lifted"]))]
    pub producer_statuses: Vec<String>,
    /// Handbook number a school stated that was no household's: mistyped, or not registered; shown to authorities only.
    #[schema(example = json!(null))]
    pub stated_producer_code: Option<String>,
    /// Households linked to the seller that day.
    #[schema(example = 4)]
    pub linked_households: i32,
    /// Kinds of the documents that prove the origin; empty is unverified (S6).
    #[schema(example = json!(["commitment_certificate"]))]
    pub evidence: Vec<String>,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The delivery behind a marketplace line.
    pub delivery: Option<DeliveryView>,
    /// The declaration behind a declared line.
    pub declared_purchase_id: Option<DeclaredPurchaseId>,
    /// The last case of somebody who denies the sale; null where nobody does.
    pub denial: Option<DenialMark>,
    /// Documents that came with it, whether they prove the origin or not.
    pub certificates: Vec<LineCertificateView>,
}

/// Order, consignment, batch and receipt behind a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// The order.
    pub order_id: OrderId,
    /// The consignment.
    pub consignment_id: ConsignmentId,
    /// The receipt.
    pub receipt_id: ReceiptId,
    /// The producer's batch number.
    #[schema(example = "WN-0302-1")]
    pub batch_number: String,
    /// Day of production or harvest.
    pub produced_on: Option<NaiveDate>,
}

/// A document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineCertificateView {
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

/// Days a range may span: five years.
pub const MAX_RANGE_DAYS: i64 = 5 * 366;

/// # Errors
/// 400 when `from` is after `to` or the range spans more than five years.
pub fn check_range(from: NaiveDate, to: NaiveDate) -> Result<(), ApiError> {
    let (code, detail) = if from > to {
        ("range_reversed", Text::new("起始日期晚于截止日期。", "The first day is after the last."))
    } else if !(2000..=9999).contains(&from.year()) || !(2000..=9999).contains(&to.year()) {
        ("date_out_of_range", Text::new("日期超出范围。", "The date is out of range."))
    } else if (to - from).num_days() > MAX_RANGE_DAYS {
        ("range_too_long", Text::new("时间范围最长五年。", "A range spans five years at most."))
    } else {
        return Ok(());
    };
    Err(ApiError::Malformed(FieldError::new("?from", code, detail)))
}

/// List ledger lines
///
/// The lines behind a school's figures, oldest first, each with its receipt, batch and documents. An authority that the
/// school has left sees those that counted for it.
#[utoipa::path(
    get, path = "/ledger", operation_id = "list_ledger_lines", tag = "ledger", security(("bearer" = [])),
    params(LedgerQuery),
    responses((status = 200, body = Page<LedgerLineView>, description = "A page"))
)]
pub async fn list_ledger_lines(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<Page<LedgerLineView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Ledger)?;
    check_range(query.from, query.to)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let after = paging.after::<2>()?.map(|[day, id]| {
        Ok::<_, ApiError>((
            day.parse::<NaiveDate>().map_err(|_| bad_cursor())?,
            Uuid::parse_str(&id).map_err(|_| bad_cursor())?,
        ))
    });
    let after = after.transpose()?;
    let db = &ctx.store.read;
    let (holds, shows_households) = match registry::find_school(db, &scope, query.school_id).await? {
        Some(school) => (Holds::School, scope.shows_households_of(&school)),
        // The school has moved on; the lines that counted for this authority stay its own.
        None if registry::held_school(db, &scope, query.school_id).await? => (Holds::LinesOfItsUnits, true),
        None => return Err(ApiError::NotFound),
    };
    if (query.class.is_some() || query.producer_unmatched.is_some()) && !shows_households {
        return Err(ApiError::refused(
            "class_not_shown",
            Text::new(
                "采购类别与生产农户含有农户身份信息，仅主管部门可按其筛选。",
                "The class and the producer tell a household's status; only authorities filter by them.",
            ),
        ));
    }
    let lines = lines(db, (&scope, holds), &query, after, limit + 1).await?;
    let deliveries = deliveries(db, lines.iter().filter_map(|line| line.receipt_line_id)).await?;
    let certificates = certificates(db, &lines).await?;
    let denied = marks(db, lines.iter().map(|line| line.id)).await?;
    let stated = if shows_households { stated(db, &lines).await? } else { HashMap::new() };
    Ok(Json(page(
        lines,
        limit,
        |line| format!("{}~{}", line.purchased_on, line.id),
        |line| {
            let stated_producer_code = stated.get(&line.id).cloned();
            let denial = denied.get(&line.id).cloned();
            LedgerLineView { stated_producer_code, denial, ..view(line, &deliveries, &certificates, shows_households) }
        },
    )))
}

/// What of a school's ledger a scope reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// All of it.
    School,
    /// What counted for the scope's units, before the school moved.
    LinesOfItsUnits,
}

async fn lines(
    db: &impl ConnectionTrait,
    (scope, holds): (&Scope, Holds),
    query: &LedgerQuery,
    after: Option<(NaiveDate, Uuid)>,
    limit: u64,
) -> Result<Vec<purchase_line::Model>, DbErr> {
    use purchase_line::Column;
    let mut select = purchase_line::Entity::find()
        .filter(Column::SchoolId.eq(query.school_id))
        .filter(Column::PurchasedOn.between(query.from, query.to))
        .filter(match holds {
            Holds::School => scope.rows(Some(Column::SchoolId), None::<Column>),
            Holds::LinesOfItsUnits => scope.on_unit(Column::ReportingUnitCode),
        });
    if let Some(channel) = query.channel {
        select = select.filter(Column::Channel.eq(channel.to_value()));
    }
    if let Some(category) = &query.category {
        select = select.filter(Column::CategoryCode.eq(category.as_str()));
    }
    if let Some(class) = query.class {
        select = select.filter(Column::Class.eq(class));
    }
    if let Some(unmatched) = query.producer_unmatched {
        let stated = stated_producer::Entity::find().select_only().column(stated_producer::Column::PurchaseLineId);
        let stated = stated.into_query();
        select =
            select.filter(if unmatched { Column::Id.in_subquery(stated) } else { Column::Id.not_in_subquery(stated) });
    }
    if let Some((day, id)) = after {
        select = select.filter(
            Condition::any()
                .add(Column::PurchasedOn.gt(day))
                .add(Condition::all().add(Column::PurchasedOn.eq(day)).add(Column::Id.gt(id))),
        );
    }
    select.order_by_asc(Column::PurchasedOn).order_by_asc(Column::Id).limit(limit).all(db).await
}

#[derive(FromQueryResult)]
struct DeliveryRow {
    receipt_line_id: ReceiptLineId,
    order_id: OrderId,
    consignment_id: ConsignmentId,
    receipt_id: ReceiptId,
    batch_number: String,
    produced_on: Option<NaiveDate>,
}

async fn deliveries(
    db: &impl ConnectionTrait,
    lines: impl Iterator<Item = ReceiptLineId>,
) -> Result<HashMap<ReceiptLineId, DeliveryView>, DbErr> {
    let backend = db.get_database_backend();
    let (relation, values) =
        Rows::new(&["id"], &[Kind::Uuid], lines.map(|id| vec![id.into()]).collect()).relation(backend)?;
    let sql = format!(
        "select rl.id as receipt_line_id, rc.order_id, rc.consignment_id, rc.id as receipt_id, cl.batch_number, \
         cl.produced_on from {relation} join receipt_line rl on rl.id = r.id join receipt rc on rc.id = rl.receipt_id \
         join consignment_line cl on cl.id = rl.consignment_line_id"
    );
    let rows = DeliveryRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let view = DeliveryView {
                order_id: row.order_id,
                consignment_id: row.consignment_id,
                receipt_id: row.receipt_id,
                batch_number: row.batch_number,
                produced_on: row.produced_on,
            };
            (row.receipt_line_id, view)
        })
        .collect())
}

#[derive(FromQueryResult)]
struct CertificateRow {
    line_id: PurchaseLineId,
    kind: CertificateKind,
    number: String,
    issued_on: NaiveDate,
    issuer: String,
    origin_division_code: Option<String>,
}

async fn certificates(
    db: &impl ConnectionTrait,
    lines: &[purchase_line::Model],
) -> Result<HashMap<PurchaseLineId, Vec<LineCertificateView>>, DbErr> {
    let backend = db.get_database_backend();
    let cells = lines.iter().map(|line| vec![line.id.into(), line.receipt_line_id.into()]).collect();
    let (relation, values) =
        Rows::new(&["id", "receipt_line_id"], &[Kind::Uuid, Kind::Uuid], cells).relation(backend)?;
    let columns = "c.kind, c.number, c.issued_on, c.issuer, c.origin_division_code";
    let sql = format!(
        "with r as (select * from {relation}) \
         select r.id as line_id, {columns} from r join receipt_line rl on rl.id = r.receipt_line_id \
         join certificate c on c.consignment_line_id = rl.consignment_line_id \
         union all \
         select r.id as line_id, {columns} from r join declared_certificate c on c.purchase_line_id = r.id \
         order by line_id, kind, number"
    );
    let rows = CertificateRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    let mut found: HashMap<PurchaseLineId, Vec<LineCertificateView>> = HashMap::new();
    for row in rows {
        found.entry(row.line_id).or_default().push(LineCertificateView {
            kind: row.kind,
            number: row.number,
            issued_on: row.issued_on,
            issuer: row.issuer,
            origin_division_code: row.origin_division_code,
        });
    }
    Ok(found)
}

/// Handbook numbers of no household, by line.
async fn stated(
    db: &impl ConnectionTrait,
    lines: &[purchase_line::Model],
) -> Result<HashMap<PurchaseLineId, String>, DbErr> {
    use stated_producer::Column;
    let of = stated_producer::Entity::find().filter(Column::PurchaseLineId.is_in(lines.iter().map(|line| line.id)));
    Ok(of.all(db).await?.into_iter().map(|row| (row.purchase_line_id, row.code)).collect())
}

fn view(
    line: purchase_line::Model,
    deliveries: &HashMap<ReceiptLineId, DeliveryView>,
    certificates: &HashMap<PurchaseLineId, Vec<LineCertificateView>>,
    shows_households: bool,
) -> LedgerLineView {
    let parts = |joined: Option<String>| -> Vec<String> {
        joined.unwrap_or_default().split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let class = PurchaseClass::from_code(line.class);
    LedgerLineView {
        delivery: line.receipt_line_id.and_then(|id| deliveries.get(&id).cloned()),
        certificates: certificates.get(&line.id).cloned().unwrap_or_default(),
        id: line.id,
        school_id: line.school_id,
        purchased_on: line.purchased_on,
        channel: line.channel,
        corrects_line_id: line.corrects_line_id,
        supplier_id: line.supplier_id,
        product_code: line.product_code,
        category_code: line.category_code,
        amount: line.amount_fen,
        weight: line.weight_gram,
        class: Some(line.class).filter(|_| shows_households),
        origin_class: class.map(|class| class.origin),
        producer_class: class.map(|class| class.producer).filter(|_| shows_households),
        origin_division_code: line.origin_division_code,
        origin_lists: parts(Some(line.origin_lists)),
        producer_household_id: line.producer_household_id.filter(|_| shows_households),
        producer_statuses: parts(line.producer_status.filter(|_| shows_households)),
        stated_producer_code: None,
        denial: None,
        linked_households: line.linked_households,
        evidence: parts(line.evidence),
        recorded_at: line.recorded_at,
        declared_purchase_id: line.declared_purchase_id,
    }
}
