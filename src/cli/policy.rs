//! `xiaonong policy [--lang zh|en]`: who may do what, as a page.

use super::print;
use crate::{access, http::Language};
use std::process::ExitCode;

pub fn run(lang: &str) -> ExitCode {
    print(&access::table(Language::from_header(Some(lang))))
}
