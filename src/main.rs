//! The `xiaonong` binary.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Gives back what a burst took, where the system's allocator keeps it in an arena for each thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    xiaonong::cli::run()
}
