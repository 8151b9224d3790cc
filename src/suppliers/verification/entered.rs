//! Who entered a supplier: they let it in nowhere (H4).

use crate::{access::Caller, store::bulk};
use entity::{id::SupplierId, supplier_entry, time::Timestamp};
use sea_orm::{ConnectionTrait, DbErr};

/// Keeps who enters a supplier, in the transaction that does.
///
/// # Errors
/// When the database refuses.
pub async fn entered(
    txn: &impl ConnectionTrait,
    caller: &Caller,
    supplier_id: SupplierId,
    entered_at: Timestamp,
) -> Result<(), DbErr> {
    // At the command line there is nobody to be kept from deciding.
    let by = caller.actor.recorded_account();
    let rows: Vec<_> =
        by.into_iter().map(|account_id| supplier_entry::Model { supplier_id, account_id, entered_at }).collect();
    bulk::insert(txn, &rows).await
}
