//! Consignments and receipts: batches with their documents on the way in, weighed and inspected by two people at the door.
//!
//! Refuses goods nobody ordered or confirmed, weights that do not add up or exceed what was sent, one inspector twice,
//! and a consignment received a second time.

mod deny;
mod find;
mod inspect;
mod read;
mod receipt;
mod receipts;
mod received;
mod send;
mod sent;
mod store;
mod weighing;

pub use find::{FoundReceipt, as_it_stands};
pub use inspect::inspect;
pub use read::{ConsignmentView, in_measure};
pub use receipt::{ReceiveRequest, ReceivedLineRequest, Recorded, RecordedLine};
pub use received::{Received, ReceivedLine};
pub use send::{CertificateRequest, SendConsignmentRequest, SentLineRequest, send};
pub use sent::{Arrivals, Sent, write_receipts};
pub use store::hold_receipt;
pub use weighing::{Weighing, WeighingError, upper_bound};

use crate::context::Ctx;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of consignments; receiving one and giving goods back are in the ledger.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(send::send_consignment))
        .routes(routes!(read::list_consignments))
        .routes(routes!(read::find_consignment))
        .routes(routes!(receipts::list_receipts))
        .routes(routes!(find::find_receipt))
        .routes(routes!(deny::deny_receipt))
        .with_state(ctx)
}
