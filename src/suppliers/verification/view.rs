//! A verification as its supplier and its authorities see it.

use super::store::Found;
use crate::{suppliers::list::Names, vault::mask_name};
use chrono::NaiveDate;
use entity::{
    id::{AccountId, ConsentId, SupplierId, VerificationId},
    supplier::{self, SupplierKind},
    time::Timestamp,
    verification::{self, VerificationState},
    verification_step::{self, VerificationStepKind},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A supplier's application and what became of it (H4).
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationView {
    /// Its id.
    pub id: VerificationId,
    /// Who is verified.
    pub supplier_id: SupplierId,
    /// Its registered name; of a household masked, except for its authorities and itself (P1).
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub supplier_name: String,
    /// Its kind.
    pub supplier_kind: SupplierKind,
    /// Its registered place.
    #[schema(example = "910526")]
    pub division_code: String,
    /// Where it stands.
    pub state: VerificationState,
    /// First day of the public notice; null before.
    #[schema(example = "2026-03-02")]
    pub notice_from_on: Option<NaiveDate>,
    /// Last day of it; it can be approved from the day after.
    #[schema(example = "2026-03-08")]
    pub notice_until_on: Option<NaiveDate>,
    /// Last day of the approval; null before.
    #[schema(example = "2029-03-08")]
    pub expires_on: Option<NaiveDate>,
    /// Version, to be named by the next step.
    #[schema(example = 1)]
    pub version: i64,
}

/// A verification with its history.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationResponse {
    /// The verification.
    #[serde(flatten)]
    pub verification: VerificationView,
    /// Objections to its public notice that wait for an answer.
    #[schema(example = 0)]
    pub unanswered_objections: u64,
    /// What was done, the first first.
    pub steps: Vec<VerificationStepView>,
}

/// A step of the history.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationStepView {
    /// Place in the history.
    #[schema(example = 1)]
    pub number: i32,
    /// What was done.
    pub step: VerificationStepKind,
    /// Who; null for a county's list that came in and for an approval that ran out.
    pub account_id: Option<AccountId>,
    /// On which an agent acted for the household (H5).
    pub consent_id: Option<ConsentId>,
    /// When.
    pub at: Timestamp,
    /// First day of the notice, or of a revocation's effect.
    #[schema(example = "2026-03-02")]
    pub from_on: Option<NaiveDate>,
    /// Last day of the notice or of the approval.
    #[schema(example = "2026-03-08")]
    pub until_on: Option<NaiveDate>,
    /// Why, or a remark.
    #[schema(example = "实地核查属实")]
    pub reason: Option<String>,
}

/// A row with its supplier, shown to whoever `names` speaks for.
pub fn view(row: &verification::Model, supplier: &supplier::Model, names: &Names<'_>) -> VerificationView {
    VerificationView {
        id: row.id,
        supplier_id: row.supplier_id,
        supplier_name: if names.shows(supplier) { supplier.name.clone() } else { mask_name(&supplier.name) },
        supplier_kind: supplier.kind,
        division_code: supplier.division_code.clone(),
        state: row.state,
        notice_from_on: row.notice_from_on,
        notice_until_on: row.notice_until_on,
        expires_on: row.expires_on,
        version: row.version,
    }
}

/// The same with its history.
pub fn response(found: Found, names: &Names<'_>) -> VerificationResponse {
    let steps = found.steps.into_iter().map(step).collect();
    let unanswered_objections = found.objections.unanswered;
    VerificationResponse { verification: view(&found.row, &found.supplier, names), unanswered_objections, steps }
}

fn step(row: verification_step::Model) -> VerificationStepView {
    VerificationStepView {
        number: row.number,
        step: row.step,
        account_id: row.account_id,
        consent_id: row.consent_id,
        at: row.at,
        from_on: row.from_on,
        until_on: row.until_on,
        reason: row.reason,
    }
}
