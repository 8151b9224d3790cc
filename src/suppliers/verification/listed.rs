//! The approval of a supplier that a county's list of those it had let in brought (H4).

use super::{
    decide::usual_end,
    history,
    rules::{Deed, Step},
};
use entity::{
    id::SupplierId,
    time::Timestamp,
    verification::{self, VerificationState},
    verification_step,
};

/// Approvals with their first steps, to be written with the suppliers; each takes over its supplier's id.
#[must_use]
pub fn listed(
    suppliers: impl IntoIterator<Item = SupplierId>,
    at: Timestamp,
) -> (Vec<verification::Model>, Vec<verification_step::Model>) {
    let expires_on = usual_end(at.business_day());
    let one = |supplier_id: SupplierId| {
        let id = supplier_id.0.into();
        let row = verification::Model {
            id,
            supplier_id,
            state: VerificationState::Approved,
            notice_from_on: None,
            notice_until_on: None,
            expires_on: Some(expires_on),
            reminded_on: None,
            version: 1,
        };
        (row, history::row(id, 1, &Step::List { expires_on }, Deed { by: None, at }, None, None))
    };
    suppliers.into_iter().map(one).unzip()
}
