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
    /// Hash of the token before it: seeing that one again ends the session.
    pub previous_hash: Option<String>,
    /// Log-in.
    pub created_at: Timestamp,
    /// No refresh after this.
    pub expires_at: Timestamp,
    /// Logged out or ended.
    pub ended_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
