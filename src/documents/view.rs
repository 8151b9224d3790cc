//! What is told of a document.

use chrono::NaiveDate;
use entity::{
    document::{self, DocumentKind},
    document_link::{self, DocumentSubject},
    id::{AccountId, DocumentId},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A document.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentView {
    /// Its id.
    pub id: DocumentId,
    /// SHA-256 of the content, in hex: also its `ETag`.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// Size in bytes.
    #[schema(example = 182_044)]
    pub bytes: i64,
    /// What the content is.
    #[schema(example = "image/jpeg")]
    pub media_type: String,
    /// As on the uploader's device; null for a personal paper, whose name may be a person's.
    #[schema(example = "合格证.jpg")]
    pub file_name: Option<String>,
    /// What a document is.
    pub kind: DocumentKind,
    /// Who brought it.
    pub uploaded_by: AccountId,
    /// When.
    pub uploaded_at: Timestamp,
    /// What it proves; none while it waits.
    pub links: Vec<DocumentLinkView>,
    /// Last day it must be kept (F2); null while it proves nothing, or something that has no end yet.
    pub keep_until: Option<NaiveDate>,
}

/// What a document proves.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentLinkView {
    /// Kind of thing.
    pub subject: DocumentSubject,
    /// Which one.
    pub subject_id: Uuid,
    /// When that was said.
    pub linked_at: Timestamp,
}

/// Shows a document with those of its links that the caller may see; `keep_until` is from all of them.
pub(super) fn view(row: document::Model, links: &[document_link::Model], kept: Option<NaiveDate>) -> DocumentView {
    DocumentView {
        file_name: (!row.kind.is_personal()).then_some(row.file_name),
        id: row.id,
        sha256: row.sha256,
        bytes: row.bytes,
        media_type: row.media_type,
        kind: row.kind,
        uploaded_by: row.uploaded_by,
        uploaded_at: row.uploaded_at,
        links: links
            .iter()
            .map(|link| DocumentLinkView {
                subject: link.subject,
                subject_id: link.subject_id,
                linked_at: link.linked_at,
            })
            .collect(),
        keep_until: kept,
    }
}
