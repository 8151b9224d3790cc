//! Enter a status of a household, with its proof.

use super::{
    store::held,
    view::{HouseholdStatusView, view},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    documents::{Owner, Proof, keep_paper, link},
    households::{
        identity::{LONGEST, raise_version},
        period,
    },
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::{Begun, bulk, id_taken},
    suppliers::find_household,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    document_link::DocumentSubject,
    household_status::{self, HouseholdStatusKind, StatusHistory},
    id::{DocumentId, HouseholdId, HouseholdStatusId},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// A period of one of the two histories (H1).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordStatusRequest {
    /// Id chosen by the client (UUIDv7), for what is entered offline.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// Which history: `registration` holds `registered_poor` (2014 to 2020) and `lifted` (from 2021 on), `monitoring` the
    /// others (from 2020 on).
    #[schema(example = "registration")]
    pub history: StatusHistory,
    /// The status.
    #[schema(example = "lifted")]
    pub status: HouseholdStatusKind,
    /// First day, not after today.
    #[schema(example = "2021-01-01")]
    pub from_on: NaiveDate,
    /// Last day; null while it holds. `registered_poor` ends with 2020 unless an earlier day is given.
    #[schema(example = json!(null))]
    pub to_on: Option<NaiveDate>,
    /// Number of the handbook or of the county certificate that proves it, up to 100 characters (H2).
    #[schema(example = "FPSC-910526-1007")]
    pub proof_number: String,
    /// The handbook or certificate itself, uploaded before.
    #[schema(example = json!(null))]
    pub document_id: Option<DocumentId>,
}

/// Enter a status of a household
///
/// By officers of its county. A history says one thing a day: what overlaps is refused, and the status before is ended
/// first. Lines of the ledger that were written before keep what they took down (S3). `If-Match` names the household's
/// version.
#[utoipa::path(
    post, path = "/households/{id}/statuses", operation_id = "record_household_status", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdId, Path, description = "The household")),
    request_body = RecordStatusRequest,
    responses((status = 201, body = HouseholdStatusView, description = "Entered"))
)]
pub async fn record_household_status(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdId>,
    version: IfMatch,
    command: Command<RecordStatusRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::Household)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let household = find_household(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(household.version)?;
    // First: the histories are read while nobody else changes them.
    raise_version(work.txn(), id, household.version).await?;
    let body = command.body;
    let mut check = Check::default();
    let status_id: Option<HouseholdStatusId> = check.client_id("/id", body.id);
    let proof_number = check.paper_number("/proof_number", &body.proof_number, LONGEST);
    check.that(
        body.from_on <= work.at.business_day(),
        "/from_on",
        "date_in_future",
        Text::new("不能晚于今天。", "Must not lie ahead."),
    );
    let to_on = body.to_on.or_else(|| period::last_day(body.status));
    let others = held(work.txn(), id, body.history).await?;
    if let Err(error) = period::joins(body.history, body.status, body.from_on, to_on, &others) {
        check.refuse(error.pointer(), error.code(), error.text());
    }
    check.finish()?;
    let row = household_status::Model {
        id: status_id.unwrap_or_else(|| ctx.ids.next()),
        household_id: id,
        history: body.history,
        status: body.status,
        from_on: body.from_on,
        to_on,
        proof_number,
        recorded_at: Some(work.at),
        recorded_by: caller.actor.recorded_account(),
        list_id: None,
        annulled_at: None,
        annulled_by: None,
        annul_reason: None,
    };
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await.map_err(id_taken)?;
    if let Some(document_id) = body.document_id {
        let proof = Proof {
            document_id,
            subject: DocumentSubject::HouseholdStatus,
            subject_id: row.id.0,
            owner: Owner { county_code: Some(household.county_code), ..Owner::default() },
            keep_until: keep_paper(to_on),
        };
        link(&mut work, &caller, "/document_id", proof).await?;
    }
    work.audit(
        "household_status.record",
        "household_status",
        &row.id,
        &json!({
            "household_id": id, "history": row.history, "status": row.status, "from_on": row.from_on,
            "to_on": row.to_on, "proof_number": row.proof_number,
        }),
    );
    work.commit(StatusCode::CREATED, &view(row)).await
}
