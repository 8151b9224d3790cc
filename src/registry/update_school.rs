//! An authority changes what is known of a school. Where it belongs is changed by a move.

use super::{
    create_school::check_diners,
    school_change::{find, save, told, tracked},
    schools::SchoolResponse,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    finding,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use entity::{id::SchoolId, school::SchoolStage};
use serde::Deserialize;
use utoipa::ToSchema;

/// What changes; absent fields stay.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSchoolRequest {
    /// Chinese name.
    #[schema(example = "雨农小学")]
    pub name: Option<String>,
    /// Its stage.
    pub stage: Option<SchoolStage>,
    /// Counted as a rural school.
    #[schema(example = true)]
    pub rural: Option<bool>,
    /// Takes part in the nutrition programme.
    #[schema(example = true)]
    pub nutrition_program: Option<bool>,
    /// People fed on a school day.
    #[schema(example = 430, minimum = 0)]
    pub diners: Option<i64>,
}

/// Change a school
///
/// Its name, stage and marks. Where it lies and reports is changed by `POST /schools/{id}/move`.
#[utoipa::path(
    patch, path = "/schools/{id}", operation_id = "update_school", tag = "registry", security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    request_body = UpdateSchoolRequest,
    responses((status = 200, body = SchoolResponse, description = "Changed"))
)]
pub async fn update_school(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    version: IfMatch,
    command: Command<UpdateSchoolRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut school = find(work.txn(), &scope, id, &version).await?;
    let before = tracked(&school);
    let UpdateSchoolRequest { name, stage, rural, nutrition_program, diners } = command.body;
    let mut check = Check::default();
    if let Some(name) = check.optional_text("/name", name.as_deref(), 100) {
        school.name = name;
    }
    if let Some(diners) = diners {
        check_diners(&mut check, "/diners", diners);
        school.diners = diners;
    }
    school.stage = stage.unwrap_or(school.stage);
    school.rural = rural.unwrap_or(school.rural);
    school.nutrition_program = nutrition_program.unwrap_or(school.nutrition_program);
    check.finish()?;
    if tracked(&school) == before {
        return Err(ApiError::field(
            "",
            "nothing_to_change",
            Text::new("没有要更改的内容。", "There is nothing to change."),
        ));
    }
    save(work.txn(), &mut school).await?;
    finding::put(work.txn(), std::slice::from_ref(&school)).await?;
    let view = told(&mut work, "school.update", &school, [&before, &tracked(&school)]).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.pages.changed(Topic::School(id));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}
