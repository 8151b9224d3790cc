//! The people of a school who may inspect a delivery.

use super::{
    actor::Caller,
    policy::{Action, Resource},
};
use crate::{
    context::Ctx,
    http::{ApiError, Path},
    store::bulk,
};
use axum::{Json, extract::State};
use chrono::NaiveDate;
use entity::{
    id::{AccountId, SchoolId},
    school,
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Statement};
use serde::Serialize;
use std::collections::HashMap;
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
const MOST: usize = 200;

#[derive(FromQueryResult)]
struct PersonRow {
    school_id: SchoolId,
    id: AccountId,
    username: String,
    display_name: String,
}

/// Canteen managers and inspectors of each of these schools that day, by log-in name. An account that nobody ever took
/// over from its one-time password inspects nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn inspectors_of(
    db: &impl ConnectionTrait,
    schools: impl IntoIterator<Item = SchoolId>,
    day: NaiveDate,
) -> Result<HashMap<SchoolId, Vec<InspectorView>>, DbErr> {
    let backend = db.get_database_backend();
    let (relation, mut values) = bulk::ids(backend, schools)?;
    let place = values.len() + 1;
    values.push(day.into());
    // Several memberships in one school are one person.
    let sql = format!(
        "select distinct m.school_id, a.id, a.username, a.display_name from {relation} \
         join membership m on m.school_id = r.id join account a on a.id = m.account_id \
         where m.role in ('canteen_manager', 'inspector') and a.disabled_at is null and a.must_change_password = false \
         and m.from_on <= ${place} and (m.to_on is null or m.to_on >= ${place}) \
         order by m.school_id, a.username"
    );
    let rows = PersonRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    let mut people: HashMap<SchoolId, Vec<InspectorView>> = HashMap::new();
    for row in rows {
        let person = InspectorView { id: row.id, username: row.username, display_name: row.display_name };
        people.entry(row.school_id).or_default().push(person);
    }
    Ok(people)
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
    let mut people = inspectors_of(&ctx.store.read, [id], ctx.clock.now().business_day()).await?;
    let mut people = people.remove(&id).unwrap_or_default();
    people.truncate(MOST);
    Ok(Json(people))
}
