//! The work list: certificates without person, persons without certificate, people twice, numbers that are none (H2).

pub(super) mod list;
pub(super) mod resolve;
mod view;
