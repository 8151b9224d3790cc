use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, StatementId},
    time::Timestamp,
};

/// One row of `statement`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "statement")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StatementId,
    /// Unit that closed the month.
    pub reporting_unit_code: String,
    /// Year * 100 + month.
    pub month: i32,
    /// 1, and one more each time the month was opened and closed again.
    pub version: i32,
    /// Place in the unit's chain, from 1 without gaps.
    pub seq: i32,
    /// The statement itself, as JSON: the very bytes that are hashed and signed.
    pub body: String,
    /// SHA-256 of the body, in hex.
    pub hash: String,
    /// Key that signed it.
    pub key_id: String,
    /// That key's public half, in hex, for when it is retired.
    pub public_key: String,
    /// Ed25519 over the body, in hex.
    pub signature: String,
    /// Who closed it; none where it was the system.
    pub closed_by: Option<AccountId>,
    /// When.
    pub closed_at: Timestamp,
    /// Who opened the month again.
    pub reopened_by: Option<AccountId>,
    /// When.
    pub reopened_at: Option<Timestamp>,
    /// Why.
    pub reopen_reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
