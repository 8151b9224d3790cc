use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, FileImportId},
    time::Timestamp,
};

/// What a file brings.
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
pub enum FileImportKind {
    /// 学校.
    Schools,
    /// 供货主体.
    Suppliers,
    /// 农户.
    Households,
    /// 带动关联.
    Links,
}

/// How far an import is.
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
pub enum FileImportState {
    /// Its rows are being looked at; nothing changes.
    Checking,
    /// What it would do is known.
    Checked,
    /// Its rows go into the register.
    Applying,
    /// They are there.
    Applied,
    /// It was thrown away.
    Discarded,
}

/// One row of `file_import`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "file_import")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FileImportId,
    /// What it brings.
    pub kind: FileImportKind,
    /// How far it is.
    pub state: FileImportState,
    /// Who brought it.
    pub account_id: AccountId,
    /// Whether its rows may lie anywhere.
    pub everywhere: bool,
    /// Divisions its rows may lie in, joined by |.
    pub divisions: String,
    /// Units its schools may report to, joined by |.
    pub units: String,
    /// SHA-256 of the file.
    pub file_hash: String,
    /// When it came.
    pub created_at: Timestamp,
    /// When it was applied or discarded.
    pub finished_at: Option<Timestamp>,
    /// Rows of the file.
    pub row_count: i64,
    /// Parts it was cut into.
    pub parts: i32,
    /// Parts looked at, or applied.
    pub parts_done: i32,
    /// Rows that bring something new.
    pub new_rows: i64,
    /// Rows that are in the register already.
    pub known_rows: i64,
    /// Rows that cannot be taken.
    pub refused_rows: i64,
    /// Records written.
    pub written: i64,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
