//! A seller, or the household named as producer, says that a sale was not theirs.

use super::view::view;
use crate::{
    access::{Action, Caller, Resource, Scope},
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    ledger::{reverses, standing::left_of},
    registry::Authorities,
    store::{Begun, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    household,
    id::{HouseholdId, PurchaseLineId, SupplierId},
    purchase_line, sale_denial, supplier,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DenySaleRequest {
    /// In own words, up to 200 characters, without anybody's number.
    #[schema(example = "当日未向该校供货")]
    pub reason: String,
}

/// Who denies it, and whose authority decides.
struct Denier {
    supplier: Option<SupplierId>,
    household: Option<HouseholdId>,
    division_code: String,
}

/// Deny a sale
///
/// By the seller, by the household named as producer where it sells itself, by its agent (H5), or by an officer of the
/// county of a household that does not. It opens a case: the line is flagged and counts as before until the authority has
/// decided. The authority is told.
#[utoipa::path(
    post, path = "/ledger/{id}/denial", operation_id = "deny_sale", tag = "ledger", security(("bearer" = [])),
    params(("id" = PurchaseLineId, Path, description = "The line of the ledger")),
    request_body = DenySaleRequest,
    responses((status = 201, body = super::view::SaleDenialView, description = "The case"))
)]
pub async fn deny_sale(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<PurchaseLineId>,
    command: Command<DenySaleRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::SaleDenial)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let line = purchase_line::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    let denier = denier(work.txn(), &scope, &line).await?.ok_or(ApiError::NotFound)?;
    let mut check = Check::default();
    let reason = check.text("/reason", &command.body.reason, 200);
    check.finish()?;
    if reverses(&line) || left_of(work.txn(), &line).await?.is_none() {
        let detail = Text::new("该笔已被更正。", "The line was corrected already.");
        return Err(ApiError::conflict("line_corrected", detail));
    }
    if denied_before(work.txn(), id, &denier).await? {
        return Err(before());
    }
    let row = sale_denial::Model {
        id: ctx.ids.next(),
        purchase_line_id: id,
        school_id: line.school_id,
        supplier_id: denier.supplier,
        household_id: denier.household,
        division_code: denier.division_code,
        reason,
        denied_by: caller.actor.account_id(),
        consent_id: denier.supplier.and_then(|supplier| caller.actor.consent_of(supplier)),
        denied_at: work.at,
        outcome: None,
        finding: None,
        decided_by: None,
        decided_at: None,
        version: 1,
    };
    // Two at once: the table's key lets one in.
    bulk::insert(work.txn(), std::slice::from_ref(&row))
        .await
        .map_err(|error| if is_duplicate(&error) { before() } else { error.into() })?;
    let told = json!({
        "supplier_id": row.supplier_id, "household_id": row.household_id, "school_id": row.school_id,
        "purchase_line_id": id, "reason": row.reason,
    });
    work.audit("sale.deny", "sale_denial", &row.id, &told);
    let place = row.division_code.as_str();
    let units = Authorities::load(work.txn(), [place]).await?.of(place, false);
    work.event("sale.denied", &json!({"subject": row.id, "units": units, "by": row.denied_by}));
    work.commit(StatusCode::CREATED, &view(row)).await
}

/// Who of those named in a line the caller is or acts for.
async fn denier(
    db: &impl ConnectionTrait,
    scope: &Scope,
    line: &purchase_line::Model,
) -> Result<Option<Denier>, DbErr> {
    let mut named = Condition::any();
    if let Some(seller) = line.supplier_id {
        named = named.add(supplier::Column::Id.eq(seller));
    }
    if let Some(producer) = line.producer_household_id {
        named = named.add(supplier::Column::HouseholdId.eq(producer));
    }
    if !named.is_empty() {
        let own = supplier::Entity::find().filter(named).filter(scope.held_suppliers(supplier::Column::Id));
        if let Some(own) = own.one(db).await? {
            return Ok(Some(Denier { supplier: Some(own.id), household: None, division_code: own.division_code }));
        }
    }
    let Some(producer) = line.producer_household_id else { return Ok(None) };
    let household =
        household::Entity::find_by_id(producer).filter(scope.on_county(household::Column::CountyCode)).one(db).await?;
    Ok(household.map(|household| Denier {
        supplier: None,
        household: Some(household.id),
        division_code: household.county_code,
    }))
}

/// Whether a case about the line is open, or the same party has denied it before.
async fn denied_before(db: &impl ConnectionTrait, id: PurchaseLineId, denier: &Denier) -> Result<bool, DbErr> {
    use sale_denial::Column;
    let mut same = Condition::any().add(Column::DecidedAt.is_null());
    if let Some(supplier) = denier.supplier {
        same = same.add(Column::SupplierId.eq(supplier));
    }
    if let Some(household) = denier.household {
        same = same.add(Column::HouseholdId.eq(household));
    }
    let found = sale_denial::Entity::find().filter(Column::PurchaseLineId.eq(id)).filter(same);
    Ok(found.one(db).await?.is_some())
}

fn before() -> ApiError {
    ApiError::conflict("denied_before", Text::new("该笔已有否认申报。", "The sale was denied before."))
}
