use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{id::AccountId, time::Timestamp};

/// As what somebody closed an account, lowest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ClosingRank {
    /// Principal of the school or owner of the supplier
    Place,
    /// Manager of an authority
    Authority,
    /// Administrator
    Administrator,
}

/// One row of `account`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    /// Log-in name, lower case.
    pub username: String,
    /// Name shown to others.
    pub display_name: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// True until a one-time password is replaced.
    pub must_change_password: bool,
    /// When the account was closed.
    pub disabled_at: Option<Timestamp>,
    /// Who closed it; none from the command line.
    pub disabled_by: Option<AccountId>,
    /// As what it was closed.
    pub disabled_rank: Option<ClosingRank>,
    /// Top of the subtree of the authority that closed it.
    pub disabled_unit: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
