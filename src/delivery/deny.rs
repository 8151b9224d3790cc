//! "I was not there": who is named in a receipt as its inspector says otherwise (F3).

use super::{
    receipts::{ListedReceipt, views},
    store,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    store::{Begun, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use entity::{id::ReceiptId, receipt_denial};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DenyReceiptRequest {
    /// In own words, up to 200 characters.
    #[schema(example = "当日未在校，未参与验收")]
    pub reason: String,
}

/// Deny having inspected
///
/// For a person whom a receipt names as an inspector and who did not record it. The receipt and its figures stand; it is
/// flagged for the school's authorities, and the denial stays in the audit trail.
#[utoipa::path(
    post, path = "/receipts/{id}/deny", operation_id = "deny_receipt", tag = "delivery", security(("bearer" = [])),
    params(("id" = ReceiptId, Path, description = "The receipt")),
    request_body = DenyReceiptRequest,
    responses((status = 200, body = ListedReceipt, description = "Flagged"))
)]
pub async fn deny_receipt(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<ReceiptId>,
    command: Command<DenyReceiptRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Receipt)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let receipt = store::find_receipt(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    let mut check = Check::default();
    let reason = check.text("/reason", &command.body.reason, 200);
    check.finish()?;
    let own = caller.actor.account_id();
    let named = store::inspectors_of_receipts(work.txn(), [id]).await?;
    let named = named.iter().find(|named| named.account_id == own).ok_or_else(not_named)?;
    if receipt.received_by == own {
        return Err(ApiError::conflict(
            "recorded_by_you",
            Text::new("该验收由您本人提交。", "You recorded this receipt yourself."),
        ));
    }
    if named.denied_at.is_some() {
        return Err(denied_before());
    }
    let denial = receipt_denial::Model { receipt_id: id, account_id: own, reason: reason.clone(), denied_at: work.at };
    // Two requests at once: the table's key lets one in.
    bulk::insert(work.txn(), &[denial])
        .await
        .map_err(|error| if is_duplicate(&error) { denied_before() } else { error.into() })?;
    let told = serde_json::json!({
        "school_id": receipt.school_id, "supplier_id": receipt.supplier_id, "consignment_id": receipt.consignment_id,
        "recorded_by": receipt.received_by, "reason": reason,
    });
    work.audit("receipt.deny", "receipt", &id, &told);
    let view = views(work.txn(), &scope, vec![receipt]).await?.pop().ok_or(ApiError::NotFound)?;
    work.commit(StatusCode::OK, &view).await
}

fn not_named() -> ApiError {
    ApiError::refused(
        "not_named",
        Text::new("该验收未列您为验收人。", "This receipt does not name you as an inspector."),
    )
}

fn denied_before() -> ApiError {
    ApiError::conflict("denied_before", Text::new("您已声明未参与该验收。", "You denied this receipt before."))
}
