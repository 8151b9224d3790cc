//! What may be lost: counters shared through Redis where there is one, and answers kept for a moment in this process.
//!
//! Refuses to be the only place anything is kept; with Redis gone mid-flight every part goes on in this process.

mod allowances;
mod bell;
mod counters;
mod pages;
mod recent;

pub use allowances::{Allowances, Budget, Verdict};
pub use bell::Bell;
pub use counters::Counters;
pub use pages::{Pages, Topic};
pub use recent::Recent;
