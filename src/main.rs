//! The `xiaonong` binary.

use std::process::ExitCode;

mod arenas;

fn main() -> ExitCode {
    arenas::limit();
    xiaonong::cli::run()
}
