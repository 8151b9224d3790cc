//! The verifications within a caller's reach; for officers, what waits for them.

use super::{
    store::{self, UNDER_WAY},
    view::{VerificationResponse, VerificationView, response, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
    suppliers::list::Names,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::{AccountId, SupplierId, VerificationId},
    supplier, supplier_entry,
    verification::{self, VerificationState},
    verification_step::{self, VerificationStepKind},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which verifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VerificationsQuery {
    /// Of this supplier.
    supplier_id: Option<SupplierId>,
    /// Those that stand so.
    #[param(inline, example = "applied")]
    state: Option<VerificationState>,
    /// With true what waits for the caller: applications whose next step it may take, by the rule of four eyes and by the
    /// days of the notice.
    #[serde(default)]
    waiting: bool,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List verifications
///
/// Those of the caller's suppliers, and those of the suppliers registered in its divisions, in the order they came in.
#[utoipa::path(
    get, path = "/verifications", operation_id = "list_verifications", tag = "suppliers", security(("bearer" = [])),
    params(VerificationsQuery),
    responses((status = 200, body = Page<VerificationView>, description = "A page of verifications"))
)]
pub async fn list_verifications(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<VerificationsQuery>,
) -> Result<Json<Page<VerificationView>>, ApiError> {
    use verification::Column;
    let scope = caller.actor.may(Action::Read, Resource::Verification)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let owner =
        verification::Entity::belongs_to(supplier::Entity).from(Column::SupplierId).to(supplier::Column::Id).into();
    let mut rows = verification::Entity::find()
        .join(JoinType::InnerJoin, owner)
        .select_also(supplier::Entity)
        .filter(scope.on_registered(supplier::Column::Id, supplier::Column::DivisionCode))
        .order_by_asc(Column::Id)
        .limit(limit + 1);
    if let Some(supplier) = query.supplier_id {
        rows = rows.filter(Column::SupplierId.eq(supplier));
    }
    if let Some(state) = query.state {
        rows = rows.filter(Column::State.eq(state.to_value()));
    }
    if query.waiting {
        // Who may decide nothing has nothing waiting.
        let Ok(deciding) = caller.actor.may(Action::Update, Resource::Verification) else {
            return Ok(Json(Page { items: Vec::new(), next_cursor: None }));
        };
        rows = rows.filter(waiting_for(caller.actor.account_id(), ctx.clock.now().business_day())).filter(
            // Not what the caller may only look at.
            deciding.on_registered(supplier::Column::Id, supplier::Column::DivisionCode),
        );
    }
    if let Some(after) = paging.after_id()? {
        rows = rows.filter(Column::Id.gt(VerificationId(after)));
    }
    let names = Names::shown_to(&caller, &scope);
    let rows: Vec<_> =
        rows.all(&ctx.store.read).await?.into_iter().filter_map(|(row, supplier)| Some((row, supplier?))).collect();
    Ok(Json(page(rows, limit, |(row, _)| row.id.to_string(), |(row, supplier)| view(&row, &supplier, &names))))
}

/// Applications whose next step this account may take.
fn waiting_for(account: AccountId, today: NaiveDate) -> Condition {
    use verification::Column;
    let brought = [VerificationStepKind::Apply, VerificationStepKind::Recommend].map(|step| step.to_value());
    let own_steps = verification_step::Entity::find()
        .select_only()
        .column(verification_step::Column::VerificationId)
        .filter(verification_step::Column::AccountId.eq(account))
        .filter(verification_step::Column::Step.is_in(brought))
        .into_query();
    let entered = supplier_entry::Entity::find()
        .select_only()
        .column(supplier_entry::Column::SupplierId)
        .filter(supplier_entry::Column::AccountId.eq(account))
        .into_query();
    let foreign =
        Condition::all().add(Column::Id.not_in_subquery(own_steps)).add(Column::SupplierId.not_in_subquery(entered));
    let running = Condition::all()
        .add(Column::State.eq(VerificationState::Noticed.to_value()))
        .add(Column::NoticeUntilOn.gte(today));
    // To publish decides nothing: anybody may.
    let publishable = Column::State.eq(VerificationState::Reviewed.to_value());
    Condition::all()
        .add(Column::State.is_in(UNDER_WAY.map(|state| state.to_value())))
        .add(running.not())
        .add(Condition::any().add(publishable).add(foreign))
}

/// Find a verification
///
/// With its history.
#[utoipa::path(
    get, path = "/verifications/{id}", operation_id = "find_verification", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The verification")),
    responses((status = 200, body = VerificationResponse, description = "The verification"))
)]
pub async fn find_verification(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
) -> Result<Json<VerificationResponse>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Verification)?;
    let found = store::find(&ctx.store.read, &scope, id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(response(found, &Names::shown_to(&caller, &scope))))
}
