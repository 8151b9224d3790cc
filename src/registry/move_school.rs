//! A school comes to lie in another division or to report to another unit, from a day on.

use super::{
    affiliation::Affiliations,
    school_change::{Wanted, carry_out, day_to_come, find, read_seat, save, told},
    schools::SchoolResponse,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::id::SchoolId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Where a school moves.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveSchoolRequest {
    /// Township (or county) it will lie in.
    #[schema(example = "910525117")]
    pub division_code: String,
    /// Unit it will report to, within the caller's reach.
    #[schema(example = "910525")]
    pub reporting_unit_code: String,
    /// First day there: tomorrow at the earliest.
    #[schema(example = "2026-09-01")]
    pub from_on: NaiveDate,
}

/// Move a school
///
/// From a day on it lies in another division, reports to another unit, or both. What it bought before counts where it
/// was then, for ever; a move planned before and not begun gives way to this one, and a move to where the school is
/// takes it back.
#[utoipa::path(
    post, path = "/schools/{id}/move", operation_id = "move_school", tag = "registry", security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    request_body = MoveSchoolRequest,
    responses((status = 200, body = SchoolResponse, description = "Planned; it takes effect on its day"))
)]
pub async fn move_school(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    version: IfMatch,
    command: Command<MoveSchoolRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut school = find(work.txn(), &scope, id, &version).await?;
    let MoveSchoolRequest { division_code, reporting_unit_code, from_on } = command.body;
    let today = work.at.business_day();
    let mut check = Check::default();
    day_to_come(&mut check, "/from_on", from_on, today.succ_opt().unwrap_or(today), today);
    let wanted = Wanted { division_code: &division_code, reporting_unit_code: &reporting_unit_code, from_on };
    let seat = read_seat(work.txn(), &scope, &mut check, &wanted).await?;
    check.that(
        school.closed_on.is_none_or(|closed| from_on <= closed),
        "/from_on",
        "school_closed",
        Text::new("届时学校已停办。", "The school is closed by then."),
    );
    check.finish()?;
    // Its version first: of two moves at once the second waits here and then fails.
    save(work.txn(), &mut school).await?;
    let history = Affiliations::find(work.txn(), id).await?;
    let Some(plan) = history.plan(seat, from_on, today) else {
        let detail = Text::new("学校已在该处。", "The school is there already.");
        return Err(ApiError::field("", "nothing_to_change", detail));
    };
    carry_out(work.txn(), &plan, today).await?;
    let seat = |row: &entity::school_affiliation::Model| {
        json!({
            "division_code": row.division_code, "reporting_unit_code": row.reporting_unit_code,
            "from_on": row.from_on,
        })
    };
    let after = plan.next.as_ref().unwrap_or(&plan.current);
    let view = told(&mut work, "school.move", &school, [&seat(&plan.current), &seat(after)]).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.pages.changed(Topic::School(id));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}
