//! The history as it is stored, a row a step, and the state read back from it.

use super::rules::{Deed, Objections, Refusal, Step, Verification};
use crate::http::ApiError;
use entity::{
    id::{AccountId, ConsentId, VerificationId},
    verification_step::{self, VerificationStepKind},
};

/// The row of a step.
pub fn row(
    verification_id: VerificationId,
    number: usize,
    step: &Step,
    deed: Deed,
    consent_id: Option<ConsentId>,
    reason: Option<String>,
) -> verification_step::Model {
    let (kind, from_on, until_on) = match step {
        Step::Apply => (VerificationStepKind::Apply, None, None),
        Step::List { expires_on } => (VerificationStepKind::List, None, Some(*expires_on)),
        Step::Recommend => (VerificationStepKind::Recommend, None, None),
        Step::Review => (VerificationStepKind::Review, None, None),
        Step::Publish { from, until } => (VerificationStepKind::Publish, Some(*from), Some(*until)),
        Step::Approve { expires_on, .. } => (VerificationStepKind::Approve, None, Some(*expires_on)),
        Step::Refuse => (VerificationStepKind::Refuse, None, None),
        Step::Withdraw => (VerificationStepKind::Withdraw, None, None),
        Step::Suspend => (VerificationStepKind::Suspend, None, None),
        Step::Reinstate => (VerificationStepKind::Reinstate, None, None),
        Step::Expire => (VerificationStepKind::Expire, None, None),
        Step::Revoke { effective_from } => (VerificationStepKind::Revoke, Some(*effective_from), None),
        Step::Renew => (VerificationStepKind::Renew, None, None),
    };
    verification_step::Model {
        verification_id,
        number: i32::try_from(number).unwrap_or(i32::MAX),
        step: kind,
        account_id: deed.by,
        consent_id,
        at: deed.at,
        from_on,
        until_on,
        reason,
    }
}

/// The state a history leads to; `entered` is who entered the supplier.
///
/// # Errors
/// 500 for rows that are no history: nobody can write such a one through the service.
pub fn replay(rows: &[verification_step::Model], entered: Option<AccountId>) -> Result<Verification, ApiError> {
    let mut rows = rows.iter();
    let first = rows.next().ok_or_else(|| ApiError::internal("a verification without a first step"))?;
    let (step, deed) = read(first)?;
    let mut it = Verification::begin(&step, deed).map_err(|refusal| broken(first, &refusal))?.entered_by(entered);
    for row in rows {
        let (step, deed) = read(row)?;
        it = it.take(&step, deed).map_err(|refusal| broken(row, &refusal))?;
    }
    Ok(it)
}

fn read(row: &verification_step::Model) -> Result<(Step, Deed), ApiError> {
    let from = || row.from_on.ok_or_else(|| ApiError::internal("a step without its first day"));
    let until = || row.until_on.ok_or_else(|| ApiError::internal("a step without its last day"));
    let step = match row.step {
        VerificationStepKind::Apply => Step::Apply,
        VerificationStepKind::List => Step::List { expires_on: until()? },
        VerificationStepKind::Recommend => Step::Recommend,
        VerificationStepKind::Review => Step::Review,
        VerificationStepKind::Publish => Step::Publish { from: from()?, until: until()? },
        // What stood against it then was asked then.
        VerificationStepKind::Approve => Step::Approve { expires_on: until()?, objections: Objections::default() },
        VerificationStepKind::Refuse => Step::Refuse,
        VerificationStepKind::Withdraw => Step::Withdraw,
        VerificationStepKind::Suspend => Step::Suspend,
        VerificationStepKind::Reinstate => Step::Reinstate,
        VerificationStepKind::Expire => Step::Expire,
        VerificationStepKind::Revoke => Step::Revoke { effective_from: from()? },
        VerificationStepKind::Renew => Step::Renew,
    };
    Ok((step, Deed { by: row.account_id, at: row.at }))
}

fn broken(row: &verification_step::Model, refusal: &Refusal) -> ApiError {
    ApiError::internal(format!(
        "step {} of verification {} does not follow: {refusal:?}",
        row.number, row.verification_id
    ))
}
