//! The two dated histories of a household: entered, ended, annulled, never deleted (H1).

pub(super) mod annul;
pub(super) mod end;
pub(super) mod list;
pub(super) mod record;
mod store;
mod view;
