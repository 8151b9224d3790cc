use sea_orm::entity::prelude::*;

use crate::id::{PurchaseLineId, StatementId};

/// One row of `late_line`: a line of the ledger written into a month that had been closed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "late_line")]
pub struct Model {
    /// The line.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_line_id: PurchaseLineId,
    /// The last statement of its unit and month at that time.
    pub statement_id: StatementId,
    /// Statement that shows it as an adjustment, or that holds it.
    pub shown_in_id: Option<StatementId>,
}

impl ActiveModelBehavior for ActiveModel {}
