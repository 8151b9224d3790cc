//! What arrived, as the school says it, and what is recorded of it.
//!
//! The use case that answers the call is in the ledger, because a receipt is only complete with its ledger lines.

use entity::{
    certificate, consignment_line,
    id::ConsignmentLineId,
    product::Measure,
    receipt, receipt_inspector,
    receipt_line::{self, RejectAction},
    weight::Gram,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What arrived.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveRequest {
    /// Id chosen by the client (UUIDv7), for receipts taken down offline.
    pub id: Option<Uuid>,
    /// Log-in names of the two or more different people who inspected (F3).
    #[schema(min_items = 2, max_items = 10, example = json!(["yunong", "yunong-2"]))]
    pub inspectors: Vec<String>,
    /// Remark.
    #[schema(example = "外观良好")]
    pub note: Option<String>,
    /// One line for every line of the consignment.
    #[schema(min_items = 1, max_items = 200)]
    pub lines: Vec<ReceivedLineRequest>,
}

/// What arrived of one batch. Kilograms for goods sold by weight, pieces for goods sold by count.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedLineRequest {
    /// Line of the consignment.
    pub consignment_line_id: ConsignmentLineId,
    /// On the scale; `"0"` when nothing arrived.
    #[schema(example = "10.300")]
    pub gross: String,
    /// Packaging.
    #[schema(example = "0.300")]
    pub tare: Option<String>,
    /// Dirt, water, ice.
    #[schema(example = "0.200")]
    pub deduction: Option<String>,
    /// Needed with a deduction.
    #[schema(example = "泥土")]
    pub deduction_reason: Option<String>,
    /// Refused goods.
    #[schema(example = "0.500")]
    pub rejected: Option<String>,
    /// Needed with refused goods.
    #[schema(example = "发芽")]
    pub reject_reason: Option<String>,
    /// What happened to them; needed with refused goods.
    pub reject_action: Option<RejectAction>,
    /// For goods sold by count: the weight of what was accepted, where it was weighed.
    pub weight: Option<Gram>,
}

/// A receipt as it was recorded, with what the ledger needs.
pub struct Recorded {
    /// The receipt.
    pub receipt: receipt::Model,
    /// Who signed it.
    pub signed: Vec<receipt_inspector::Model>,
    /// The same by log-in name.
    pub inspectors: Vec<String>,
    /// Its lines with everything behind them.
    pub lines: Vec<RecordedLine>,
}

/// A receipt line with the batch, the order line and the documents behind it.
pub struct RecordedLine {
    /// The weighed line.
    pub line: receipt_line::Model,
    /// The batch.
    pub batch: consignment_line::Model,
    /// Documents that came with it.
    pub certificates: Vec<certificate::Model>,
    /// Origin of the goods as they were ordered.
    pub listed_origin: String,
    /// Category of the product.
    pub category_code: String,
    /// The product.
    pub product_code: String,
    /// Grams or pieces.
    pub measure: Measure,
}
