//! Completes the document the routes generate: title, the problems every operation can answer, examples.

use utoipa::openapi::{Info, OpenApi};

/// Fills in what is the same for every operation.
pub fn complete(document: &mut OpenApi) {
    document.info = Info::new("Xiaonong 校农", env!("CARGO_PKG_VERSION"));
}
