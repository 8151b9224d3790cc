//! An authority enters a school with its first kitchen.

use super::{
    canteen_change::{CanteenDraft, KitchenRequest, read_kitchen},
    school_change::{Wanted, day_to_come, read_seat, told, tracked},
    schools::SchoolResponse,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    finding,
    http::{ApiError, Check, Command, Reply, Text, is_code},
    store::{Begun, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use chrono::{Datelike, NaiveDate};
use entity::{
    id::SchoolId,
    school::{self, SchoolStage},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// People a school can feed.
pub(super) const MOST_DINERS: i64 = 200_000;

/// A new school.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSchoolRequest {
    /// Id chosen by the client (UUIDv7).
    pub id: Option<Uuid>,
    /// School code used in imports and reports, unique.
    #[schema(example = "YL-910526-001")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "雨农小学")]
    pub name: String,
    /// Its stage.
    pub stage: SchoolStage,
    /// Township (or county) it lies in.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// Unit it reports to, within the caller's reach.
    #[schema(example = "910526")]
    pub reporting_unit_code: String,
    /// Counted as a rural school.
    #[schema(example = true)]
    pub rural: bool,
    /// Takes part in the nutrition programme.
    #[schema(example = true)]
    pub nutrition_program: bool,
    /// People fed on a school day.
    #[schema(example = 420, minimum = 0)]
    pub diners: i64,
    /// First day it should report: from the first of this month on; today unless given.
    #[schema(example = "2026-03-02")]
    pub opened_on: Option<NaiveDate>,
    /// Its first kitchen; none yet unless given.
    pub canteen: Option<KitchenRequest>,
}

/// Enter a school
///
/// By the authority it reports to, or one above. Its history begins on the day it opens.
#[utoipa::path(
    post, path = "/schools", operation_id = "create_school", tag = "registry", security(("bearer" = [])),
    request_body = CreateSchoolRequest,
    responses((status = 201, body = SchoolResponse, description = "Entered"))
)]
pub async fn create_school(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<CreateSchoolRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::School)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let request = command.body;
    let today = work.at.business_day();
    let mut check = Check::default();
    let id: SchoolId = check.client_id("/id", request.id).unwrap_or_else(|| ctx.ids.next());
    let name = check.text("/name", &request.name, 100);
    check.that(
        is_code(&request.code),
        "/code",
        "code_malformed",
        Text::new("代码由字母、数字、- 和 _ 组成。", "A code has letters, digits, - and _ only."),
    );
    let opened_on = request.opened_on.unwrap_or(today);
    day_to_come(&mut check, "/opened_on", opened_on, today.with_day(1).unwrap_or(today), today);
    check_diners(&mut check, "/diners", request.diners);
    let (division_code, reporting_unit_code) = (&*request.division_code, &*request.reporting_unit_code);
    let wanted = Wanted { division_code, reporting_unit_code, from_on: opened_on };
    let seat = read_seat(work.txn(), &scope, &mut check, &wanted).await?;
    let kitchen = match &request.canteen {
        None => None,
        Some(wanted) => {
            let draft = CanteenDraft { id: ctx.ids.next(), school_id: id, school_name: &name, from_on: opened_on };
            Some(read_kitchen(work.txn(), &scope, &mut check, "/canteen", wanted, draft).await?)
        }
    };
    check.finish()?;
    let school = school::Model {
        id,
        code: request.code,
        name,
        stage: request.stage,
        division_code: seat.division_code.clone(),
        county_code: seat.county_code.clone(),
        reporting_unit_code: seat.reporting_unit_code.clone(),
        rural: request.rural,
        nutrition_program: request.nutrition_program,
        diners: request.diners,
        opened_on,
        closed_on: None,
        version: 1,
    };
    bulk::insert(work.txn(), std::slice::from_ref(&school)).await.map_err(|error| {
        if !is_duplicate(&error) {
            return error.into();
        }
        ApiError::conflict("school_taken", Text::new("学校代码或编号已被使用。", "The school code or the id is taken."))
    })?;
    bulk::insert(work.txn(), &[seat.from(id, opened_on)]).await?;
    finding::put(work.txn(), std::slice::from_ref(&school)).await?;
    if let Some((canteen, term)) = kitchen {
        bulk::insert(work.txn(), &[canteen]).await?;
        bulk::insert(work.txn(), &[term]).await?;
    }
    let view = told(&mut work, "school.create", &school, [&Value::Null, &tracked(&school)]).await?;
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

/// A head count that a school can have.
pub(super) fn check_diners(check: &mut Check, pointer: &str, diners: i64) {
    check.that(
        (0..=MOST_DINERS).contains(&diners),
        pointer,
        "diners_out_of_range",
        Text::new(
            format!("用餐人数须在 0 至 {MOST_DINERS} 之间。"),
            format!("The number of diners is between 0 and {MOST_DINERS}."),
        ),
    );
}
