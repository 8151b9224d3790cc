use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, RegistryImportId},
    time::Timestamp,
};

/// What an administrator's file was of.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RegistryImportKind {
    Divisions,
    CountyList,
}

/// One row of `registry_import`: divisions or a list that administrators keep since then, not the bundle.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_import")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RegistryImportId,
    /// What an administrator's file was of.
    pub kind: RegistryImportKind,
    /// Code of the list, or of the province.
    pub subject: String,
    /// First day the file held.
    pub from_on: Date,
    /// The difference that was applied, as SHA-256 in hex.
    pub difference: String,
    /// When it was applied.
    pub applied_at: Timestamp,
    /// Who applied it.
    pub applied_by: Option<AccountId>,
}

impl ActiveModelBehavior for ActiveModel {}
