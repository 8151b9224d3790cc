//! The `xiaonong` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    xiaonong::cli::run()
}
