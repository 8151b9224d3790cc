//! Lists as files: every list of the interface, whole, as CSV or XLSX.
//!
//! Owns the layer that reads a list page by page and writes its rows out as they come. What a caller may see, and what is
//! masked, the list itself decides: each page is asked for like any other. The columns come from the interface's own
//! document. Refuses a format it does not know. An export leaves a row in the trail.

mod columns;
mod describe;
mod layer;
mod names;
mod stream;

pub use columns::{Lists, is_list};
pub use describe::{describe, lists_of};
pub use layer::exports;
pub use names::chinese;
