//! Lists of the rural-revitalisation office: compared with the register, shown as a difference, applied on a word.

pub(super) mod apply;
mod compare;
mod file;
mod judge;
mod kept;
pub(super) mod read;
mod register;
pub(super) mod rows;
mod seen;
pub(super) mod upload;
mod view;

pub use apply::{Shrink, apply_list};
pub use compare::{ListOf, NewList, compare_list};
pub use file::{HOUSEHOLD_LIST, read_list};
