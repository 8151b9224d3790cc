//! Personal data at rest: sealed under data keys that a master key wraps, found by a keyed hash, shown masked (P1, P2).
//!
//! Owns the numbers as types ([`IdNumber`], [`PhoneNumber`], [`BankAccount`]), the keys and the sealing. Refuses to print
//! a number in clear, to open what was sealed for another row or column, and to make a master key where one is missing
//! for data that is there.

mod file;
mod keyring;
mod master;
mod personal;
mod secret;
mod told;

pub use file::read_or_make;
pub use keyring::{Keyring, Place, Vault, VaultError};
pub use master::{MasterError, MasterKey, MasterSource};
pub use personal::{BankAccount, IdNumber, NumberError, PhoneNumber, mask_name, redact};
pub use secret::Secret;
pub use told::{holds_card_number, holds_personal_number, tells_number};
