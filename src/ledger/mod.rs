//! The append-only ledger: what was received here or declared from outside, with its facts frozen that day (S1, S3).
//!
//! Refuses changes of a line (corrections are new lines), lines without a receipt or a declaration behind them, and
//! receipts or declarations that do not carry their totals with them.

mod behind;
mod capacities;
mod class;
mod closed;
mod corrections;
mod declaration;
mod declare;
mod denials;
mod double_counts;
mod evidence;
mod facts;
mod fold;
mod import;
mod import_columns;
mod income;
pub mod packed;
mod read;
mod receive;
mod receiver;
mod record;
mod returns;
mod revocation;
mod standing;
mod wanted;

pub use capacities::check_capacities;
pub use class::{ORIGINS, OriginClass, OriginFacts, PRODUCERS, ProducerClass, PurchaseClass};
pub use closed::hold_alone;
pub use declare::{DeclarePurchaseRequest, DeclaredLineRequest, DeclaredPurchaseView, DocumentRequest, declare};
pub use double_counts::find_double_counts;
pub use evidence::proves;
pub use facts::{Claim, Day, Frozen};
pub use fold::{SCHOOL_KEY, fold, fold_county};
pub use import_columns::DECLARED_PURCHASES;
pub use read::check_range;
pub use receive::ReceiptView;
pub use receiver::{Arrived, Receiver};
pub use record::{record, totals};
pub use revocation::{
    Doubted, Extent, check_day as check_revocation_day, correct, correct_batch, correct_revoked, counting, reverses,
    unnamed,
};

use crate::{context::Ctx, store::WithWriter};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of receipts, declarations, imports and the lines themselves.
pub fn router(ctx: Ctx, receiver: Receiver) -> OpenApiRouter {
    let receiving = OpenApiRouter::new().routes(routes!(receive::receive_consignment));
    let rest = OpenApiRouter::new()
        .routes(routes!(declare::declare_purchase))
        .routes(routes!(corrections::correct_purchase))
        .routes(routes!(returns::return_goods))
        .routes(routes!(import::import_purchases))
        .routes(routes!(read::list_ledger_lines))
        .routes(routes!(income::household_income))
        .merge(revocation::router())
        .merge(denials::router())
        .merge(double_counts::router())
        .with_state(ctx.clone());
    receiving.with_state(WithWriter { ctx, writer: receiver }).merge(rest)
}
