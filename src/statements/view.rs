//! Statements as they are shown.

use super::{body::Body, month::Month};
use crate::{
    access::Scope,
    http::ApiError,
    share::{AmountShare, Coverage, WeightShare},
};
use entity::{
    id::{AccountId, StatementId},
    statement,
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::Serialize;
use utoipa::ToSchema;

/// A month that a unit closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementView {
    /// The statement.
    pub id: StatementId,
    /// Unit that closed the month.
    #[schema(example = "910526")]
    pub reporting_unit_code: String,
    /// The month.
    #[schema(example = "2026-05")]
    pub month: String,
    /// 1, and one more each time the month was opened and closed again.
    #[schema(example = 1)]
    pub version: i32,
    /// Place in the unit's chain.
    #[schema(example = 5)]
    pub seq: i32,
    /// The share it states, under the headline indicator of the month's last day, by amount.
    pub amount: AmountShare,
    /// The same by weight.
    pub weight: WeightShare,
    /// Whether the exact share reached the target; null where undefined or without a target.
    #[schema(example = true)]
    pub meets_target: Option<bool>,
    /// Schools of the unit and of those below.
    pub coverage: Coverage,
    /// Own ledger lines it stands on.
    #[schema(example = 5120)]
    pub lines: i64,
    /// Lines it shows that came after earlier statements.
    #[schema(example = 2)]
    pub adjustments: i64,
    /// SHA-256 of the body.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
    /// Account that closed it.
    pub closed_by: Option<AccountId>,
    /// When.
    pub closed_at: Timestamp,
    /// When the month was opened again; null while the statement stands.
    pub reopened_at: Option<Timestamp>,
    /// Account that opened it.
    pub reopened_by: Option<AccountId>,
    /// Why.
    pub reopen_reason: Option<String>,
}

/// A statement with all that proves it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FullStatementView {
    /// The statement.
    #[serde(flatten)]
    pub statement: StatementView,
    /// The very text that is hashed and signed: JSON with the totals by class (amounts in fen, weights in grams), the hash over
    /// the ledger lines, the statements of the units below, the adjustments, and the hash of the statement before.
    #[schema(example = "{\"format\":\"xiaonong-statement-1\"}")]
    pub body: String,
    /// Key that signed it.
    #[schema(example = "9d6c1e0b5a8f2347")]
    pub key_id: String,
    /// Its public half, Ed25519, in hex.
    #[schema(example = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    pub public_key: String,
    /// Ed25519 over the text, in hex.
    #[schema(example = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")]
    pub signature: String,
}

/// What a row says, read back.
///
/// # Errors
/// 500 for a row that does not hold a statement.
pub fn body_of(row: &statement::Model) -> Result<Body, ApiError> {
    serde_json::from_str(&row.body).map_err(ApiError::internal)
}

/// # Errors
/// 500 for a row that does not hold a statement.
pub fn view(row: &statement::Model) -> Result<StatementView, ApiError> {
    let body = body_of(row)?;
    let (amount, weight, meets_target) = body.share();
    Ok(StatementView {
        id: row.id,
        reporting_unit_code: row.reporting_unit_code.clone(),
        month: Month::of(row.month).map(|month| month.to_string()).unwrap_or_default(),
        version: row.version,
        seq: row.seq,
        amount,
        weight,
        meets_target,
        coverage: body.coverage,
        lines: body.lines.count,
        adjustments: body.adjustments.iter().map(|one| one.lines.count).sum(),
        hash: row.hash.clone(),
        closed_by: row.closed_by,
        closed_at: row.closed_at,
        reopened_at: row.reopened_at,
        reopened_by: row.reopened_by,
        reopen_reason: row.reopen_reason.clone(),
    })
}

/// # Errors
/// 500 for a row that does not hold a statement.
pub fn full(row: statement::Model) -> Result<FullStatementView, ApiError> {
    Ok(FullStatementView {
        statement: view(&row)?,
        body: row.body,
        key_id: row.key_id,
        public_key: row.public_key,
        signature: row.signature,
    })
}

/// A statement of the scope's units.
///
/// # Errors
/// 404 for what is not there or not in the scope.
pub async fn in_scope(db: &impl ConnectionTrait, scope: &Scope, id: StatementId) -> Result<statement::Model, ApiError> {
    let found = statement::Entity::find_by_id(id).one(db).await?;
    found.filter(|row| scope.covers_unit(&row.reporting_unit_code)).ok_or(ApiError::NotFound)
}
