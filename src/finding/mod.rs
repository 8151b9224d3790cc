//! Finding schools and suppliers by what people know of them: a part of the name in Chinese, its pinyin or the initials
//! of it, the beginning of the code, and where they stand.
//!
//! Owns the terms of every name ([`words`]), one row for each place of a name and each way to read what stands there, kept
//! in the transaction that writes the name ([`put`]). A search walks the terms in their order, so that a page costs the
//! same whether few or nearly all names hold what was typed; a term carries what the lists choose by, so that whoever does
//! not fit costs no look at its row. Refuses to find what a scope does not cover: the condition
//! comes with the search.

mod distance;
mod filter;
mod index;
mod list;
mod near;
mod place;
mod position;
mod search;
mod subject;
mod traits;
mod walk;
pub mod words;

pub use distance::Spot;
pub use filter::Filter;
pub use index::{catch_up, prepare, put, renew};
pub use list::{Asked, Hit, Wanted};
pub use position::{PositionRequest, PositionResponse, find_position, put_position};
pub use subject::Subject;
pub use traits::{school_traits, supplier_traits};
