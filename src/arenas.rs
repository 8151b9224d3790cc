//! Keeps glibc from giving each thread memory of its own that it does not hand back.
//!
//! glibc makes eight arenas a processor. The service has few threads that take much by turns (SQLite's, the workers), and
//! what each of them once took stays with it: some ten megabytes of a service that needs fifty. The number of arenas can
//! only be said before a process starts, so the process starts once more, in its own place and under its own number.

/// Begins again with an arena a processor, two at least, unless somebody has said how many. A no-op where the allocator is
/// another one; where it cannot begin again it goes on as it is.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn limit() {
    use std::{os::unix::process::CommandExt, process::Command};
    const SETTING: &str = "MALLOC_ARENA_MAX";
    let said = |name: &str| std::env::vars_os().any(|(set, _)| set == name);
    if said(SETTING) || said("GLIBC_TUNABLES") {
        return;
    }
    let arenas = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
    let mut arguments = std::env::args_os();
    let (Some(name), Ok(file)) = (arguments.next(), std::env::current_exe()) else { return };
    let _ = Command::new(file).arg0(name).args(arguments).env(SETTING, arenas.to_string()).exec();
}

/// Nothing to say to another allocator.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn limit() {}
