//! The demonstration: an invented province, and a term played through the very use cases the API calls.
//!
//! Owns the public log-ins and the bundled files below `data/`. Refuses to be served beyond this machine (see the `demo`
//! command), because its passwords are published.

mod accounts;
mod answers;
mod batch;
mod dice;
mod load;
mod market;
mod menu;
mod offers;
mod outside;
mod plan;
mod play;
mod province;
mod report;
mod scale;
mod term;

pub use accounts::{AUTHORITY_PASSWORD, CANTEEN_PASSWORD, Login, SUPPLIER_PASSWORD, SYSTEM_PASSWORD, logins};
pub(crate) use dice::Dice;
pub use load::{PROVINCE, load_province};
pub use market::open_market;
pub(crate) use offers::months;
pub use play::play_term;
pub use province::{DemoOffer, DemoSchool, DemoSupplier, Province};
pub use report::report;
pub(crate) use term::at;
pub use term::{WEEKS, span};
