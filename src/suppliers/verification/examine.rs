//! The county recommends, somebody else looks through it, it goes into the public notice.

use super::{
    advance::{Asked, advance},
    apply::LONGEST_NOTE,
    rules::Step,
    view::VerificationResponse,
};
use crate::{
    access::{Action, Caller},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply},
};
use axum::extract::State;
use chrono::Days;
use entity::id::VerificationId;
use serde::Deserialize;
use utoipa::ToSchema;

/// A remark that goes with a step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    /// What was looked at, up to 200 characters.
    #[schema(example = "实地核查属实")]
    pub note: Option<String>,
}

/// A call without fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {}

/// Recommend a supplier
///
/// By an officer of its county who neither entered it nor applied for it (H4).
#[utoipa::path(
    post, path = "/verifications/{id}/recommend", operation_id = "recommend_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The application")),
    request_body = NoteRequest,
    responses((status = 200, body = VerificationResponse, description = "Waits for the review"))
)]
pub async fn recommend_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<NoteRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    noted(&ctx, &caller, asked, Step::Recommend, command.body).await
}

/// Review a recommendation
///
/// By another officer than the one who recommended (H4).
#[utoipa::path(
    post, path = "/verifications/{id}/review", operation_id = "review_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The application")),
    request_body = NoteRequest,
    responses((status = 200, body = VerificationResponse, description = "Waits for the public notice"))
)]
pub async fn review_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<NoteRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    noted(&ctx, &caller, asked, Step::Review, command.body).await
}

async fn noted(ctx: &Ctx, caller: &Caller, asked: Asked, step: Step, body: NoteRequest) -> Result<Reply, ApiError> {
    advance(ctx, caller, asked, Action::Update, |_| {
        let mut check = Check::default();
        let note = check.optional_text("/note", body.note.as_deref(), LONGEST_NOTE);
        check.finish()?;
        Ok((step, note))
    })
    .await
}

/// Put a supplier into the public notice
///
/// From today for as many days as `NOTICE_DAYS` says, masked, where anybody may object (H4).
#[utoipa::path(
    post, path = "/verifications/{id}/publish", operation_id = "publish_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The application")),
    request_body = PublishRequest,
    responses((status = 200, body = VerificationResponse, description = "In the public notice"))
)]
pub async fn publish_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<VerificationId>,
    version: IfMatch,
    command: Command<PublishRequest>,
) -> Result<Reply, ApiError> {
    let asked = Asked { id, version, key: command.key };
    let days = ctx.settings.notice_days.saturating_sub(1);
    advance(&ctx, &caller, asked, Action::Update, |today| {
        let until = today.checked_add_days(Days::new(days)).unwrap_or(today);
        Ok((Step::Publish { from: today, until }, None))
    })
    .await
}
