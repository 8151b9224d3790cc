//! Documents as people bring them.

use super::{app::App, call::Call};
use serde_json::json;

/// A photo, as far as anybody can tell from its first bytes.
pub fn photo(what: &str) -> Vec<u8> {
    [b"\xff\xd8\xff\xe0\0\x10JFIF\0".as_slice(), what.as_bytes()].concat()
}

/// A PDF.
pub fn pdf(what: &str) -> Vec<u8> {
    format!("%PDF-1.7\n{what}\n%%EOF\n").into_bytes()
}

impl App {
    /// An upload of a file.
    pub fn upload(&self, kind: &str, media_type: &str, content: &[u8]) -> Call {
        self.call("POST", &format!("/api/v1/documents?kind={kind}&file_name=IMG_0001.jpg")).bytes(media_type, content)
    }

    /// Uploads a photo of its own and says what it proves; answers with its id.
    pub async fn proven(&self, token: &str, kind: &str, subject: &str, subject_id: &str) -> String {
        let brought = self.upload(kind, "image/jpeg", &photo(subject_id)).by(token).await.ok();
        let id = brought["id"].as_str().expect("an id").to_owned();
        let linked = json!({"subject": subject, "subject_id": subject_id});
        self.post(&format!("/documents/{id}/links"), linked).by(token).await.ok();
        id
    }

    /// The ids in a table.
    pub async fn ids_of(&self, table: &str) -> Vec<String> {
        let text = match self.ctx.store.backend() {
            sea_orm::DbBackend::Postgres => "id::text",
            _ => "lower(hex(id))",
        };
        let ids = self.texts(&format!("select {text} from {table} order by 1")).await;
        ids.iter().map(|id| uuid::Uuid::parse_str(id).expect("an id").to_string()).collect()
    }
}
