//! A case, and the mark it leaves on a line.

use entity::{
    id::{AccountId, HouseholdId, PurchaseLineId, SaleDenialId, SchoolId, SupplierId},
    sale_denial::{self, DenialOutcome},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// A sale that somebody denies, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SaleDenialView {
    /// The case.
    pub id: SaleDenialId,
    /// The line of the ledger.
    pub purchase_line_id: PurchaseLineId,
    /// Who bought.
    pub school_id: SchoolId,
    /// Who denies it; null where a county opened the case for a household that does not sell itself.
    pub supplier_id: Option<SupplierId>,
    /// That household; null otherwise.
    pub household_id: Option<HouseholdId>,
    /// Place whose authority decides.
    #[schema(example = "910526109")]
    pub division_code: String,
    /// In own words.
    #[schema(example = "当日未向该校供货")]
    pub reason: String,
    /// Account that opened the case.
    pub denied_by: AccountId,
    /// When.
    pub denied_at: Timestamp,
    /// What the authority decided; null while it is open.
    pub outcome: Option<DenialOutcome>,
    /// What the authority found.
    #[schema(example = "核对过磅单，签名非本人")]
    pub finding: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Version of the case.
    #[schema(example = 1)]
    pub version: i64,
}

pub(super) fn view(row: sale_denial::Model) -> SaleDenialView {
    SaleDenialView {
        id: row.id,
        purchase_line_id: row.purchase_line_id,
        school_id: row.school_id,
        supplier_id: row.supplier_id,
        household_id: row.household_id,
        division_code: row.division_code,
        reason: row.reason,
        denied_by: row.denied_by,
        denied_at: row.denied_at,
        outcome: row.outcome,
        finding: row.finding,
        decided_at: row.decided_at,
        version: row.version,
    }
}

/// That a line was denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DenialMark {
    /// The last case about it.
    pub denial_id: SaleDenialId,
    /// What the authority decided; null while it is open.
    pub outcome: Option<DenialOutcome>,
}

/// The marks of these lines, in one statement; a line nobody denied is absent.
///
/// # Errors
/// When the database does not answer.
pub async fn marks(
    db: &impl ConnectionTrait,
    lines: impl Iterator<Item = PurchaseLineId>,
) -> Result<HashMap<PurchaseLineId, DenialMark>, DbErr> {
    let rows = sale_denial::Entity::find()
        .filter(sale_denial::Column::PurchaseLineId.is_in(lines))
        .order_by_asc(sale_denial::Column::Id)
        .all(db)
        .await?;
    let mark = |row: sale_denial::Model| (row.purchase_line_id, DenialMark { denial_id: row.id, outcome: row.outcome });
    Ok(rows.into_iter().map(mark).collect())
}
