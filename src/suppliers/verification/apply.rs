//! A supplier applies, or its agent for it.

use super::{
    advance::{event, told},
    rules::Deed,
    store::{self, UNDER_WAY},
    view::{VerificationResponse, response},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    documents::{self, Owner, Proof},
    http::{ApiError, Check, Command, Path, Reply, Text},
    store::{Begun, id_taken, is_duplicate},
    suppliers::{list::Names, store::find_supplier},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    document_link::DocumentSubject,
    id::{DocumentId, SupplierId, VerificationId},
    supplier::SupplierStatus,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Characters of a remark.
pub const LONGEST_NOTE: usize = 200;

/// An application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// The client's own UUIDv7, for what is made offline.
    #[schema(example = "01990000-0000-7000-8000-000000000001")]
    pub id: Option<Uuid>,
    /// A remark for who examines it, up to 200 characters.
    #[schema(example = "种植土豆 120 亩，带动 12 户")]
    pub note: Option<String>,
    /// A document brought before that proves what is said.
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub document_id: Option<DocumentId>,
}

/// Apply to be let in
///
/// By the supplier, or by the agent of a household on its consent (H5). An approved supplier applies anew before its
/// approval runs out and goes on selling meanwhile. One application at a time; who is suspended cannot apply.
#[utoipa::path(
    post, path = "/suppliers/{id}/applications", operation_id = "apply_supplier", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = ApplyRequest,
    responses((status = 201, body = VerificationResponse, description = "Waits for the county's recommendation"))
)]
pub async fn apply_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    command: Command<ApplyRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Verification)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let supplier = find_supplier(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let body = command.body;
    let mut check = Check::default();
    let new: VerificationId = check.client_id("/id", body.id).unwrap_or_else(|| ctx.ids.next());
    let note = check.optional_text("/note", body.note.as_deref(), LONGEST_NOTE);
    check.finish()?;
    if supplier.status == SupplierStatus::Suspended {
        let detail =
            Text::new("暂停供货期间不能申请，请待恢复。", "A suspended supplier cannot apply; it is reinstated first.");
        return Err(ApiError::conflict("supplier_suspended", detail));
    }
    if store::find_held(work.txn(), &supplier, &UNDER_WAY).await?.is_some() {
        return Err(under_way());
    }
    let deed = Deed { by: caller.actor.recorded_account(), at: work.at };
    let consent = caller.actor.consent_of(id);
    let found = match store::begin(work.txn(), (new, supplier), deed, consent, note).await? {
        Ok(found) => found,
        // Two at once, or the client's id is somebody's.
        Err(error) if is_duplicate(&error) && body.id.is_none() => return Err(under_way()),
        Err(error) => return Err(id_taken(error)),
    };
    if let Some(document_id) = body.document_id {
        let owner = Owner { supplier_id: Some(id), ..Owner::default() };
        let subject = DocumentSubject::Verification;
        let proof = Proof { document_id, subject, subject_id: new.0, owner, keep_until: None };
        documents::link(&mut work, &caller, "/document_id", proof).await?;
    }
    work.audit("verification.apply", "verification", &new, &told(&found));
    let event = event(work.txn(), &found, deed).await?;
    work.event("verification.applied", &event);
    let seen = caller.actor.may(Action::Read, Resource::Verification)?;
    let view = response(found, &Names::shown_to(&caller, &seen));
    work.commit(StatusCode::CREATED, &view).await
}

fn under_way() -> ApiError {
    ApiError::conflict(
        "application_under_way",
        Text::new("已有一份申请正在办理。", "An application of this supplier is under way already."),
    )
}
