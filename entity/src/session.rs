use sea_orm::entity::prelude::*;

use crate::{
    id::{AccountId, SessionId},
    time::Timestamp,
};

/// One row of `session`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// Whose.
    pub account_id: AccountId,
    /// SHA-256 of the refresh token now valid, in hex.
    pub refresh_hash: String,
    /// Hash of the token before it: seen again soon after, its answer was lost; seen later, it was copied.
    pub previous_hash: Option<String>,
    /// Log-in.
    pub created_at: Timestamp,
    /// No refresh after this.
    pub expires_at: Timestamp,
    /// Logged out or ended.
    pub ended_at: Option<Timestamp>,
    /// When the refresh token was last replaced.
    pub rotated_at: Option<Timestamp>,
    /// From it and the token before, the present token is made again.
    pub successor_nonce: Option<String>,
    /// Log-in or last renewal.
    pub last_used_at: Timestamp,
    /// Where from, at log-in or last renewal.
    pub address: String,
    /// What program, cut.
    pub user_agent: String,
}

impl ActiveModelBehavior for ActiveModel {}
