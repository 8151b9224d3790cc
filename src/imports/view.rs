//! An import as who brought it sees it.

use crate::http::{ApiError, Text};
use entity::{
    file_import::{self, FileImportKind, FileImportState},
    id::{AccountId, FileImportId},
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use serde::Serialize;
use utoipa::ToSchema;

/// A file that was brought, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileImportView {
    /// The import.
    pub id: FileImportId,
    /// What it brings.
    pub kind: FileImportKind,
    /// How far it is: `checking` becomes `checked` by itself, and `applying` `applied`.
    pub state: FileImportState,
    /// SHA-256 of the file.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub file_hash: String,
    /// When it came.
    pub created_at: Timestamp,
    /// When it was applied or discarded.
    pub finished_at: Option<Timestamp>,
    /// Rows of the file.
    #[schema(example = 1_200)]
    pub rows: i64,
    /// How much of what is under way is done, in percent.
    #[schema(example = 75)]
    pub percent_done: i64,
    /// Rows that bring something new.
    #[schema(example = 1_100)]
    pub new_rows: i64,
    /// Rows that are in the register already.
    #[schema(example = 97)]
    pub known_rows: i64,
    /// Rows that cannot be taken; `GET /register-imports/{id}/refusals` names each.
    #[schema(example = 3)]
    pub refused_rows: i64,
    /// Records written so far.
    #[schema(example = 0)]
    pub written: i64,
    /// Its version.
    #[schema(example = 2)]
    pub version: i64,
}

pub(super) fn view(row: file_import::Model) -> FileImportView {
    let (done, parts) = (i64::from(row.parts_done), i64::from(row.parts));
    FileImportView {
        id: row.id,
        kind: row.kind,
        state: row.state,
        file_hash: row.file_hash,
        created_at: row.created_at,
        finished_at: row.finished_at,
        rows: row.row_count,
        percent_done: if parts == 0 { 100 } else { done * 100 / parts },
        new_rows: row.new_rows,
        known_rows: row.known_rows,
        refused_rows: row.refused_rows,
        written: row.written,
        version: row.version,
    }
}

/// An import of this account: nobody else sees it.
///
/// # Errors
/// 404 for another's as for none.
pub(super) async fn own(
    db: &impl ConnectionTrait,
    account: AccountId,
    id: FileImportId,
) -> Result<file_import::Model, ApiError> {
    let found: Result<_, DbErr> = file_import::Entity::find_by_id(id).one(db).await;
    found?.filter(|row| row.account_id == account).ok_or(ApiError::NotFound)
}

/// The problem of a step that the import's state does not allow.
pub(super) fn wrong_state(row: &file_import::Model) -> ApiError {
    let (zh, en) = match row.state {
        FileImportState::Checking => ("仍在核对，请稍后。", "It is still being checked."),
        FileImportState::Checked => ("尚未导入。", "It is not applied yet."),
        FileImportState::Applying => ("正在导入。", "It is being applied."),
        FileImportState::Applied => ("已导入。", "It is applied already."),
        FileImportState::Discarded => ("已放弃。", "It was discarded."),
    };
    ApiError::conflict("import_state", Text::new(zh, en))
}
