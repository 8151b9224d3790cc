//! A school closes, or becomes part of another.

use super::{
    school_change::{day_to_come, find, save, told, tracked},
    schools::SchoolResponse,
    store,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::{Begun, Work, bulk},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{canteen, id::SchoolId, school, school_merger};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// When a school closes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseSchoolRequest {
    /// Last day it buys and should report: today at the earliest.
    #[schema(example = "2026-07-31")]
    pub closed_on: NaiveDate,
}

/// Into which school another goes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeSchoolRequest {
    /// The school that goes on, within the caller's reach.
    pub into_school_id: SchoolId,
    /// First day of the merged school: tomorrow at the earliest.
    #[schema(example = "2026-09-01")]
    pub merged_on: NaiveDate,
}

/// Close a school
///
/// After its last day it neither buys nor should report; its lines and its months stay as they are.
#[utoipa::path(
    post, path = "/schools/{id}/close", operation_id = "close_school", tag = "registry", security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school")),
    request_body = CloseSchoolRequest,
    responses((status = 200, body = SchoolResponse, description = "Its last day is set"))
)]
pub async fn close_school(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    version: IfMatch,
    command: Command<CloseSchoolRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut school = find(work.txn(), &scope, id, &version).await?;
    let today = work.at.business_day();
    let mut check = Check::default();
    day_to_come(&mut check, "/closed_on", command.body.closed_on, today, today);
    check.finish()?;
    let before = tracked(&school);
    end(&mut work, &mut school, command.body.closed_on).await?;
    let view = told(&mut work, "school.close", &school, [&before, &tracked(&school)]).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// Merge a school into another
///
/// The day before is its last. What both bought before stays where it counted; from then on the other school buys and
/// reports alone.
#[utoipa::path(
    post, path = "/schools/{id}/merge", operation_id = "merge_school", tag = "registry", security(("bearer" = [])),
    params(("id" = SchoolId, Path, description = "The school that becomes part of another")),
    request_body = MergeSchoolRequest,
    responses((status = 200, body = SchoolResponse, description = "The merger is planned"))
)]
pub async fn merge_school(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SchoolId>,
    version: IfMatch,
    command: Command<MergeSchoolRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut school = find(work.txn(), &scope, id, &version).await?;
    let MergeSchoolRequest { into_school_id, merged_on } = command.body;
    let today = work.at.business_day();
    let mut check = Check::default();
    day_to_come(&mut check, "/merged_on", merged_on, today.succ_opt().unwrap_or(today), today);
    let into = store::find_school(work.txn(), &scope, into_school_id).await?.filter(|into| into.id != id);
    check.that(
        into.is_some(),
        "/into_school_id",
        "school_unknown",
        Text::new("没有该学校，或不在您的管辖范围内。", "There is no such other school, or it is outside your reach."),
    );
    check.that(
        into.as_ref().is_none_or(|into| into.opened_on <= merged_on && into.closed_on.is_none()),
        "/into_school_id",
        "school_closed",
        Text::new("该学校届时未开办或已停办。", "That school is not open by then."),
    );
    check.finish()?;
    let before = tracked(&school);
    end(&mut work, &mut school, merged_on.pred_opt().unwrap_or(today)).await?;
    bulk::insert(work.txn(), &[school_merger::Model { school_id: id, into_school_id, merged_on }]).await?;
    let mut after = tracked(&school);
    after["merged_into_school_id"] = json!(into_school_id);
    let view = told(&mut work, "school.merge", &school, [&before, &after]).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// Sets the last day of a school that is open and feeds nobody else.
async fn end(work: &mut Work<'_>, school: &mut school::Model, last: NaiveDate) -> Result<(), ApiError> {
    if school.closed_on.is_some() {
        let detail = Text::new("学校的停办日期已登记。", "The last day of this school is set already.");
        return Err(ApiError::conflict("school_closed", detail));
    }
    if serves_others(work.txn(), school.id).await? {
        return Err(ApiError::conflict(
            "kitchen_serves_others",
            Text::new(
                "该校食堂仍为其他学校供餐，请先更改那些食堂。",
                "Its kitchen serves other schools; change their kitchens first.",
            ),
        ));
    }
    check_opened(school, last)?;
    school.closed_on = Some(last);
    save(work.txn(), school).await
}

fn check_opened(school: &school::Model, last: NaiveDate) -> Result<(), ApiError> {
    if last >= school.opened_on {
        return Ok(());
    }
    let detail = Text::new("学校届时尚未开办。", "The school has not opened by then.");
    Err(ApiError::conflict("school_not_open", detail))
}

async fn serves_others(db: &impl ConnectionTrait, id: SchoolId) -> Result<bool, ApiError> {
    let served = canteen::Entity::find().filter(canteen::COLUMN.run_by_school_id.eq(id)).count(db).await?;
    Ok(served > 0)
}
