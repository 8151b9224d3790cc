//! The people of a school who may inspect a delivery.

use super::{
    actor::Caller,
    policy::{Action, Resource},
};
use crate::{
    context::Ctx,
    http::{ApiError, Path},
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    account,
    id::{AccountId, SchoolId},
    membership::{self, Role},
    school,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody who may inspect.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InspectorView {
    /// The account.
    pub id: AccountId,
    /// Log-in name, as a receipt names its inspectors.
    #[schema(example = "yunong-2")]
    pub username: String,
    /// Name shown to others.
    #[schema(example = "雨农小学验收员")]
    pub display_name: String,
}

/// People listed at most: a school has a handful.
const MOST: u64 = 200;

/// Canteen managers and inspectors of a school that day.
///
/// # Errors
/// When the database does not answer.
pub async fn inspectors_of(
    db: &impl ConnectionTrait,
    school: SchoolId,
    day: NaiveDate,
) -> Result<Vec<InspectorView>, DbErr> {
    let members = membership::Entity::find()
        .select_only()
        .column(membership::Column::AccountId)
        .filter(membership::Column::SchoolId.eq(school))
        .filter(membership::Column::Role.is_in([Role::CanteenManager.to_value(), Role::Inspector.to_value()]))
        .filter(membership::Column::FromOn.lte(day))
        .filter(Condition::any().add(membership::Column::ToOn.is_null()).add(membership::Column::ToOn.gte(day)))
        .into_query();
    let people = account::Entity::find()
        .filter(account::Column::Id.in_subquery(members))
        .filter(account::Column::DisabledAt.is_null())
        .order_by_asc(account::Column::Username)
        .limit(MOST)
        .all(db)
        .await?;
    Ok(people
        .into_iter()
        .map(|person| InspectorView { id: person.id, username: person.username, display_name: person.display_name })
        .collect())
}

/// Who may inspect
///
/// Canteen managers and inspectors of a school, for choosing the two who sign a receipt.
#[utoipa::path(
    get, path = "/schools/{id}/inspectors", operation_id = "list_inspectors", tag = "access",
    security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    responses((status = 200, body = Vec<InspectorView>, description = "The people"))
)]
pub async fn list_inspectors(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
) -> Result<Json<Vec<InspectorView>>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Receipt)?;
    let school = school::Entity::find_by_id(id).one(&ctx.store.read).await?;
    school.filter(|school| scope.covers_school(school)).ok_or(ApiError::NotFound)?;
    Ok(Json(inspectors_of(&ctx.store.read, id, ctx.clock.now().business_day()).await?))
}
