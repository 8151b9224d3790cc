//! Documents: photos and PDFs by the hash of their content, what each of them proves, and who may see it.
//!
//! Owns upload, content and links. Content is kept as it came, with whatever a camera wrote into it: it is evidence.
//! Refuses content that is not what it says it is, content to whoever may not see what it proves, personal papers without
//! a reason that is kept (P1), and deletion before the law allows it (F2).

mod clear;
mod delete;
mod keep;
mod kind;
mod link;
mod link_document;
mod read;
mod reveal;
mod store;
mod subject;
mod upload;
mod view;

pub use clear::clear;
pub use keep::{keep_goods, keep_paper};
pub use link::{Owner, Proof, exists_for, keep_until, link, proofs_of};
pub use view::DocumentView;

use crate::context::Ctx;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of documents.
pub fn router(ctx: Ctx) -> OpenApiRouter {
    let upload = OpenApiRouter::new().routes(routes!(upload::upload_document));
    OpenApiRouter::new()
        .merge(upload.layer(DefaultBodyLimit::max(ctx.settings.document_limit)))
        .routes(routes!(read::list_documents))
        .routes(routes!(read::find_document, delete::delete_document))
        .routes(routes!(read::document_content))
        .routes(routes!(link_document::link_document))
        .routes(routes!(reveal::reveal_document))
        .with_state(ctx)
}
