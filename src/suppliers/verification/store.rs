//! Queries on verifications.

use super::{
    history,
    rules::{Deed, Objections, Stage, Step, Verification},
};
use crate::{access::Scope, finding, http::ApiError, store::bulk};
use entity::{
    id::{ConsentId, SupplierId, VerificationId},
    objection::{self, ObjectionOutcome},
    supplier::{self, SupplierStatus},
    supplier_entry,
    verification::{self, VerificationState},
    verification_step,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait},
};

/// States of an application that is under way.
pub const UNDER_WAY: [VerificationState; 4] = [
    VerificationState::Applied,
    VerificationState::Recommended,
    VerificationState::Reviewed,
    VerificationState::Noticed,
];
/// States of an approval that holds.
pub const HOLDS: [VerificationState; 2] = [VerificationState::Approved, VerificationState::Suspended];

/// A verification with its supplier and its history.
#[derive(Clone, Debug)]
pub struct Found {
    /// The row.
    pub row: verification::Model,
    /// Who is verified.
    pub supplier: supplier::Model,
    /// What was done so far, the first first.
    pub steps: Vec<verification_step::Model>,
    /// What that comes down to.
    pub state: Verification,
    /// What was said against it in the public notice.
    pub objections: Objections,
}

/// A verification of a supplier within `scope`: its own, or registered in the scope's divisions.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl ConnectionTrait, scope: &Scope, id: VerificationId) -> Result<Option<Found>, ApiError> {
    let Some(row) = verification::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let held = scope.on_registered(supplier::Column::Id, supplier::Column::DivisionCode);
    let supplier = supplier::Entity::find_by_id(row.supplier_id).filter(held).one(db).await?;
    let Some(supplier) = supplier else { return Ok(None) };
    whole(db, row, supplier).await.map(Some)
}

/// The approval of a supplier that holds, suspended or not; and where none does, the last that ran out.
///
/// # Errors
/// When the database does not answer.
pub async fn find_held(
    db: &impl ConnectionTrait,
    supplier: &supplier::Model,
    states: &[VerificationState],
) -> Result<Option<Found>, ApiError> {
    let found = verification::Entity::find()
        .filter(verification::Column::SupplierId.eq(supplier.id))
        .filter(verification::Column::State.is_in(states.iter().map(ActiveEnum::to_value)))
        .order_by_desc(verification::Column::ExpiresOn)
        .one(db)
        .await?;
    match found {
        Some(row) => whole(db, row, supplier.clone()).await.map(Some),
        None => Ok(None),
    }
}

async fn whole(
    db: &impl ConnectionTrait,
    row: verification::Model,
    supplier: supplier::Model,
) -> Result<Found, ApiError> {
    let steps = verification_step::Entity::find()
        .filter(verification_step::Column::VerificationId.eq(row.id))
        .order_by_asc(verification_step::Column::Number)
        .all(db)
        .await?;
    let entry = supplier_entry::Entity::find_by_id(supplier.id).one(db).await?;
    let state = history::replay(&steps, entry.map(|entry| entry.account_id))?;
    let objections = objections_to(db, row.id).await?;
    Ok(Found { row, supplier, steps, state, objections })
}

/// What was said against a verification.
async fn objections_to(db: &impl ConnectionTrait, id: VerificationId) -> Result<Objections, DbErr> {
    use objection::Column;
    let of = objection::Entity::find().filter(Column::VerificationId.eq(id));
    Ok(Objections {
        unanswered: of.clone().filter(Column::AnsweredAt.is_null()).count(db).await?,
        upheld: of.filter(Column::Outcome.eq(ObjectionOutcome::Upheld.to_value())).count(db).await?,
    })
}

/// The first step of a new verification and its row.
///
/// # Errors
/// Within, that the id or the supplier has one already.
pub async fn begin(
    db: &impl ConnectionTrait,
    (id, supplier): (VerificationId, supplier::Model),
    deed: Deed,
    consent_id: Option<ConsentId>,
    note: Option<String>,
) -> Result<Result<Found, DbErr>, ApiError> {
    let state = Verification::begin(&Step::Apply, deed)?;
    let row = row_of(id, supplier.id, &state, 1);
    let step = history::row(id, 1, &Step::Apply, deed, consent_id, note);
    if let Err(error) = bulk::insert(db, std::slice::from_ref(&row)).await {
        return Ok(Err(error));
    }
    bulk::insert(db, std::slice::from_ref(&step)).await?;
    Ok(Ok(Found { row, supplier, steps: vec![step], state, objections: Objections::default() }))
}

/// Takes a step: the history grows by a row, the verification and its supplier follow.
///
/// # Errors
/// 409 where the rules refuse it, 412 where somebody else was faster.
pub async fn advance(
    db: &impl ConnectionTrait,
    found: &mut Found,
    step: &Step,
    deed: Deed,
    consent_id: Option<ConsentId>,
    reason: Option<String>,
) -> Result<(), ApiError> {
    use verification::Column;
    let state = found.state.clone().take(step, deed)?;
    let mut next = row_of(found.row.id, found.row.supplier_id, &state, found.row.version + 1);
    next.notice_from_on = next.notice_from_on.or(found.row.notice_from_on);
    next.notice_until_on = next.notice_until_on.or(found.row.notice_until_on);
    next.expires_on = next.expires_on.or(found.row.expires_on);
    let changed = verification::Entity::update_many()
        .col_expr(Column::State, Expr::value(next.state.to_value()))
        .col_expr(Column::NoticeFromOn, Expr::value(next.notice_from_on))
        .col_expr(Column::NoticeUntilOn, Expr::value(next.notice_until_on))
        .col_expr(Column::ExpiresOn, Expr::value(next.expires_on))
        .col_expr(Column::RemindedOn, Expr::value(next.reminded_on))
        .col_expr(Column::Version, Expr::value(next.version))
        .filter(Column::Id.eq(found.row.id))
        .filter(Column::Version.eq(found.row.version))
        .exec(db)
        .await?;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: next.version });
    }
    let step = history::row(found.row.id, found.steps.len() + 1, step, deed, consent_id, reason);
    bulk::insert(db, std::slice::from_ref(&step)).await?;
    found.steps.push(step);
    found.row = next;
    found.state = state;
    if let Some(status) = status_after(found.row.state) {
        set_status(db, &mut found.supplier, status).await?;
    }
    Ok(())
}

/// What a supplier is once a verification of it has come to `state`; none where that changes nothing.
fn status_after(state: VerificationState) -> Option<SupplierStatus> {
    Some(match state {
        VerificationState::Approved => SupplierStatus::Approved,
        VerificationState::Suspended => SupplierStatus::Suspended,
        VerificationState::Expired => SupplierStatus::Expired,
        VerificationState::Revoked => SupplierStatus::Revoked,
        _ => return None,
    })
}

async fn set_status(
    db: &impl ConnectionTrait,
    supplier: &mut supplier::Model,
    status: SupplierStatus,
) -> Result<(), DbErr> {
    use supplier::Column;
    supplier::Entity::update_many()
        .col_expr(Column::Status, Expr::value(status.to_value()))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Id.eq(supplier.id))
        .exec(db)
        .await?;
    supplier.status = status;
    supplier.version += 1;
    // Read anew: its name may have changed since it was read.
    finding::renew::<supplier::Model>(db, &[supplier.id.0]).await
}

fn row_of(id: VerificationId, supplier_id: SupplierId, state: &Verification, version: i64) -> verification::Model {
    let (notice, expires_on) = match state.stage {
        Stage::Noticed { from, until } => (Some((from, until)), None),
        Stage::Approved { expires_on, .. } | Stage::Suspended { expires_on, .. } => (None, Some(expires_on)),
        _ => (None, None),
    };
    verification::Model {
        id,
        supplier_id,
        state: state.state(),
        notice_from_on: notice.map(|(from, _)| from),
        notice_until_on: notice.map(|(_, until)| until),
        expires_on,
        reminded_on: None,
        version,
    }
}
