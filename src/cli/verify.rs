//! `xiaonong verify`: every total recomputed from the ledger.

use super::fail;
use crate::config::{Settings, hide_password};
use std::process::ExitCode;

pub async fn run(settings: Settings) -> ExitCode {
    println!("database: {}", hide_password(&settings.database_url));
    fail(&std::io::Error::other("to come"))
}
