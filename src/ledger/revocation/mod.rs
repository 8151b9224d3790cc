//! What a supplier sold, or others in its name, after the day it lost its approval from, and the lines that correct it (H4, S3).
//!
//! Owns the extent of a revocation and its correcting lines. Refuses a revocation whose preview is not the present one;
//! never changes a line.

mod correction;
mod extent;
mod list;
mod revoke;
mod run;

pub use correction::{correct, in_place_of, reverses, take_back, unnamed};
pub use extent::{Doubted, Extent, counting};
pub use revoke::check_day;
pub use run::{correct_batch, correct_revoked};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Revocations.
pub fn router() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(revoke::revoke_supplier)).routes(routes!(list::list_revocations))
}
