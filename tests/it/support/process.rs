//! Servers that belong to one test process and go with it.
//!
//! A test process can end by Ctrl-C, by a time-out's SIGKILL or by an abort, and then no destructor
//! runs. So each server is the child of a small shell that holds the reading end of a pipe from the
//! test process: when the process is gone, however it went, the kernel closes the pipe, and the
//! shell stops the server by its own pid and deletes its directory.

use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(20);
const LOG_TAIL_LINES: usize = 30;

/// Makes the directory, names it on standard output, runs `script` in it, and waits for the end of
/// standard input.
///
/// The directory is made by the user who will own it, which proves that it can reach and delete it;
/// a `TMPDIR` it cannot reach is passed over. The signal is repeated, because a server that is
/// still starting may not have its handler yet.
const SUPERVISOR: &str = r#"
name=$1 signal=$2 script=$3
shift 3
trap '' HUP INT TERM
umask 077
dir=
for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
    dir=$(mktemp -d "$base/xiaonong-$name.XXXXXX" 2>/dev/null) && break
done
[ -n "$dir" ] && cd "$dir" || exit 1
printf '%s\n' "$dir"
exec 3<&0 </dev/null >log 2>&1
sh -c "$script" "$name" "$@" 3<&- &
server=$!
(
    while read -r _; do :; done <&3
    tries=0
    until [ -e exited ] || ! kill -s "$signal" "$server"; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || signal=KILL
        sleep 0.05
    done
) &
watcher=$!
wait "$server"
echo "$?" >exited
wait "$watcher"
cd / && rm -rf "$dir"
"#;

/// What to run under the supervisor.
pub struct Service<'a> {
    /// Part of the directory's name.
    pub name: &'a str,
    /// The user to switch to; only root can.
    pub user: Option<&'a str>,
    /// The signal that ends the server, without `SIG`.
    pub signal: &'a str,
    /// Run by `sh -c` in the fresh directory; it must `exec` the server, so that the signal reaches
    /// it.
    pub script: &'a str,
    /// `$1`, `$2` … of the script.
    pub args: &'a [&'a OsStr],
}

/// A running server with its directory; both end when this is dropped or when the test process
/// ends.
pub struct Supervised {
    shell: Child,
    dir: PathBuf,
}

/// Starts the service; [`Supervised::wait_until_ready`] tells whether it came up.
pub fn supervise(service: &Service<'_>) -> Result<Supervised, String> {
    let mut command = match service.user {
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--", "sh"]);
            command
        }
        None => Command::new("sh"),
    };
    let mut shell = command
        .args(["-c", SUPERVISOR, "supervisor", service.name, service.signal, service.script])
        .args(service.args)
        .env("LC_ALL", "C")
        // The user switched to may not be able to read the directory the tests run in.
        .current_dir("/")
        // Ctrl-C goes to the terminal's process group; the supervisor has to outlive it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the supervisor of {}: {error}", service.name))?;
    let stdout = shell.stdout.take().expect("stdout was asked to be a pipe");
    let mut dir = String::new();
    let read = BufReader::new(stdout).read_line(&mut dir);
    if read.is_err() || dir.trim_end().is_empty() {
        drop(shell.stdin.take());
        let status = shell.wait();
        return Err(format!(
            "the supervisor of {} made no temporary directory ({status:?}); its messages are on standard error",
            service.name
        ));
    }
    Ok(Supervised { shell, dir: PathBuf::from(dir.trim_end()) })
}

impl Supervised {
    /// Asks `probe` until it agrees, for at most 30 s; an error carries the probe's last answer and
    /// the log's tail.
    pub fn wait_until_ready(&self, probe: impl Fn() -> Result<(), String>) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let answer = match probe() {
                Ok(()) => return Ok(()),
                Err(answer) => answer,
            };
            let exited = fs::read_to_string(self.dir.join("exited")).ok();
            if exited.is_none() && started.elapsed() < READY_WITHIN {
                std::thread::sleep(POLL_EVERY);
                continue;
            }
            let what = match exited {
                Some(status) => format!("ended with status {}", status.trim_end()),
                None => format!("not ready within {} s", READY_WITHIN.as_secs()),
            };
            return Err(format!("{what}; last answer: {answer}; its log ends:\n{}", self.log_tail()));
        }
    }

    /// All it has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("log")).unwrap_or_default()).into_owned()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Supervised {
    /// Ends the server and waits until it is gone.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Nothing is left to do about a failed wait: the supervisor has its end of input.
        let _ = self.shell.wait();
    }
}

/// A directory for this test process's own files (`SQLite` databases, exports), deleted when the
/// process ends.
pub fn scratch_dir() -> &'static Path {
    static SCRATCH: OnceLock<Supervised> = OnceLock::new();
    let scratch = SCRATCH.get_or_init(|| {
        let service = Service { name: "scratch", user: None, signal: "KILL", script: ":", args: &[] };
        supervise(&service).expect("a temporary directory can be made")
    });
    &scratch.dir
}

/// A port of 127.0.0.1 on which nothing listens.
///
/// Taken below the range from which systems number outgoing connections: the tests open many of
/// those, and one of them could take the port before its server is up, or while a server is down
/// between `stop` and `restart`.
pub fn free_port() -> u16 {
    for _ in 0..1000 {
        let random = RandomState::new().build_hasher().finish();
        let port = 15_000 + u16::try_from(random % 17_000).expect("below 17,000");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port of 127.0.0.1 between 15000 and 31999 in 1000 tries");
}

/// The program's file on `PATH`, absolute. Links are kept: `redis-server` is one to a program that
/// goes by its name.
pub fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
        .and_then(|file| std::path::absolute(file).ok())
}

/// The variable's value; set but empty counts as not set.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The first line the command prints, if it succeeds.
pub fn first_line(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}
