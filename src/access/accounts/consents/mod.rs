//! Consents of households to the agents who act for them (H5).
//!
//! Owns from when to when an agent may act for which household, and on what paper. Refuses agents and households
//! outside the recorder's reach, and suppliers that are no households.

mod list;
mod record;
mod withdraw;

pub use list::{__path_list_consents, list_consents};
pub use record::{__path_record_consent, record_consent};
pub use withdraw::{__path_withdraw_consent, withdraw_consent};
