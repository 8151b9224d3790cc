//! What was sold in a supplier's name, so that it can see what it never sold.

use super::view::{DenialMark, marks};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Query, bad_cursor, page},
    ledger::check_range,
    store::bulk,
    suppliers,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::{PurchaseLineId, ReceiptLineId, SchoolId, SupplierId},
    money::Fen,
    purchase_line::{self, Channel, Column},
    school,
    weight::Gram,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which sales.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SalesQuery {
    /// In the name of this supplier, or of the household it is.
    pub supplier_id: SupplierId,
    /// First day.
    #[param(example = "2026-03-01")]
    pub from: NaiveDate,
    /// Last day.
    #[param(example = "2026-03-31")]
    pub to: NaiveDate,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// In what quality somebody is named in a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedAs {
    /// As who sold it.
    Seller,
    /// As the household that grew it.
    Producer,
}

/// A sale in somebody's name.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaleView {
    /// The line of the ledger, for a denial.
    pub id: PurchaseLineId,
    /// In what quality the supplier is named.
    pub named_as: NamedAs,
    /// Day received or bought.
    pub purchased_on: NaiveDate,
    /// How it came in: by a receipt here, or by the school's own declaration.
    pub channel: Channel,
    /// Who bought.
    pub school_id: SchoolId,
    /// Its name.
    #[schema(example = "雨农小学")]
    pub school_name: String,
    /// Product, where known.
    #[schema(example = "potato")]
    pub product_code: Option<String>,
    /// Category.
    #[schema(example = "VEGETABLE")]
    pub category_code: String,
    /// What the school says it paid.
    pub amount: Fen,
    /// By how much less it paid for goods that it gave back since.
    #[schema(example = "0.00")]
    pub returned_amount: Fen,
    /// Weight; null when unknown.
    pub weight: Option<Gram>,
    /// The last case about it; null where it was not denied.
    pub denial: Option<DenialMark>,
}

/// List sales in one's name
///
/// What schools received from a supplier or declared as bought from it, and what names its household as producer, by day.
/// What was never sold can be denied with `POST /ledger/{id}/denial`.
#[utoipa::path(
    get, path = "/sales", operation_id = "list_sales", tag = "ledger", security(("bearer" = [])),
    params(SalesQuery),
    responses((status = 200, body = Page<SaleView>, description = "A page of sales"))
)]
pub async fn list_sales(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<SalesQuery>,
) -> Result<Json<Page<SaleView>>, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::SaleDenial)?;
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
    let seller =
        suppliers::verification::find_verified(db, &scope, query.supplier_id).await?.ok_or(ApiError::NotFound)?;
    let mut named = Condition::any().add(Column::SupplierId.eq(seller.id));
    if let Some(household) = seller.household_id {
        named = named.add(Column::ProducerHouseholdId.eq(household));
    }
    let mut rows = purchase_line::Entity::find()
        .filter(named)
        .filter(Column::CorrectsLineId.is_null())
        .filter(Column::PurchasedOn.between(query.from, query.to))
        .order_by_asc(Column::PurchasedOn)
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some((day, id)) = after {
        let same_day = Condition::all().add(Column::PurchasedOn.eq(day)).add(Column::Id.gt(id));
        rows = rows.filter(Condition::any().add(Column::PurchasedOn.gt(day)).add(same_day));
    }
    let lines = rows.all(db).await?;
    let schools = school::Entity::find().filter(school::Column::Id.is_in(lines.iter().map(|line| line.school_id)));
    let schools: HashMap<SchoolId, String> =
        schools.all(db).await?.into_iter().map(|school| (school.id, school.name)).collect();
    let marks = marks(db, lines.iter().map(|line| line.id)).await?;
    let returned = returned_amounts(db, lines.iter().filter_map(|line| line.receipt_line_id)).await?;
    let show = |line: purchase_line::Model| SaleView {
        id: line.id,
        named_as: if line.supplier_id == Some(seller.id) { NamedAs::Seller } else { NamedAs::Producer },
        purchased_on: line.purchased_on,
        channel: line.channel,
        school_name: schools.get(&line.school_id).cloned().unwrap_or_default(),
        school_id: line.school_id,
        product_code: line.product_code,
        category_code: line.category_code,
        amount: line.amount_fen,
        returned_amount: line.receipt_line_id.and_then(|id| returned.get(&id).copied()).unwrap_or_default(),
        weight: line.weight_gram,
        denial: marks.get(&line.id).cloned(),
    };
    Ok(Json(page(lines, limit, |line| format!("{}~{}", line.purchased_on, line.id), show)))
}

#[derive(FromQueryResult)]
struct ReturnedRow {
    receipt_line_id: ReceiptLineId,
    amount: Fen,
}

/// By how much less was paid for these lines, in one statement; without those nothing was given back of.
async fn returned_amounts(
    db: &impl ConnectionTrait,
    lines: impl Iterator<Item = ReceiptLineId>,
) -> Result<HashMap<ReceiptLineId, Fen>, DbErr> {
    let backend = db.get_database_backend();
    let (relation, values) = bulk::ids(backend, lines)?;
    let sql = format!(
        "select l.receipt_line_id, cast(sum(l.amount_fen) as bigint) as amount from {relation} \
         join goods_return_line l on l.receipt_line_id = r.id group by l.receipt_line_id"
    );
    let rows = ReturnedRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.receipt_line_id, row.amount)).collect())
}
