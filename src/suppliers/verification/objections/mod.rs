//! What anybody has to say against a supplier in the public notice, and what the authority found of it (H4).

pub(super) mod answer;
pub(super) mod list;
pub(super) mod raise;
pub(super) mod reseal;
pub(super) mod reveal;
mod view;

use crate::vault::Place;
use entity::id::ObjectionId;
use serde::{Deserialize, Serialize};

/// Who objects without an account, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Contact {
    name: String,
    phone: String,
}

/// Where a contact stands sealed.
fn place(id: ObjectionId) -> Place {
    Place { column: "objection.contact", row: id.0 }
}
