//! Change what a household is called and where it lives.

use super::identity::{LONGEST, place_in_reach};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
    suppliers::{HouseholdView, find_household, show_households},
};
use axum::{extract::State, http::StatusCode};
use entity::{household, id::HouseholdId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What changes; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateHouseholdRequest {
    /// Name of the head of the household, up to 100 characters.
    #[schema(example = "张某")]
    pub name: Option<String>,
    /// Township it lives in now, or its county.
    #[schema(example = "910526109")]
    pub division_code: Option<String>,
}

/// Change a household's name or place
///
/// By officers of its county; a household that moves to another county needs both within reach. What was bought before
/// keeps the place it had (S3).
#[utoipa::path(
    patch, path = "/households/{id}", operation_id = "update_household", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdId, Path, description = "The household")),
    request_body = UpdateHouseholdRequest,
    responses((status = 200, body = HouseholdView, description = "The household, masked"))
)]
pub async fn update_household(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdId>,
    version: IfMatch,
    command: Command<UpdateHouseholdRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::Household)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut row = find_household(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(row.version)?;
    let body = command.body;
    let mut check = Check::default();
    let name = check.optional_text("/name", body.name.as_deref(), LONGEST);
    let place = match &body.division_code {
        Some(code) => place_in_reach(work.txn(), &scope, &mut check, code).await?,
        None => None,
    };
    check.that(
        body.name.is_some() || body.division_code.is_some(),
        "",
        "nothing_to_change",
        Text::new("没有要更改的内容。", "There is nothing to change."),
    );
    check.finish()?;
    let before = json!({"name": row.name, "division_code": row.division_code});
    row.name = name.unwrap_or(row.name);
    if let Some((division_code, county_code)) = place {
        row.division_code = division_code;
        row.county_code = county_code;
    }
    let columns = household::COLUMN;
    let changed = household::Entity::update_many()
        .col_expr(household::Column::Name, Expr::value(row.name.clone()))
        .col_expr(household::Column::DivisionCode, Expr::value(row.division_code.clone()))
        .col_expr(household::Column::CountyCode, Expr::value(row.county_code.clone()))
        .col_expr(household::Column::Version, Expr::value(row.version + 1))
        .filter(columns.id.eq(id))
        .filter(columns.version.eq(row.version))
        .exec(work.txn())
        .await?;
    row.version += 1;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: row.version });
    }
    let after = json!({"name": row.name, "division_code": row.division_code});
    work.changed("household.update", "household", &id, &json!({}), &before, &after);
    let view = show_households(&ctx, work.txn(), vec![row]).await?.pop().ok_or(ApiError::NotFound)?;
    work.commit(StatusCode::OK, &view).await
}
