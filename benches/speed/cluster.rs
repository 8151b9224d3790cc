//! A private PostgreSQL as durable as one in service: every commit waits until it is on the disk.

use crate::process;
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// User and database.
pub const NAME: &str = "xiaonong";

/// `$1` is the directory of the server binaries, `$2` the port. SIGINT asks for the fast shutdown.
const START: &str = r#"
set -e
"$1/initdb" --pgdata=data --username=xiaonong --encoding=UTF8 --locale=C \
    --auth-local=reject --auth-host=trust --no-sync --no-instructions
echo 'CREATE DATABASE xiaonong' | "$1/postgres" --single -D data postgres
exec "$1/postgres" -D data -p "$2" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$PWD" \
    -c max_connections=100 -c shared_buffers=256MB -c max_wal_size=4GB -c checkpoint_timeout=30min -c timezone=UTC \
    -c fsync=on -c synchronous_commit=on -c full_page_writes=on
"#;

/// A running cluster; ends when dropped or with this process.
pub struct Cluster {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Which server, for the heading.
    pub version: String,
    /// The program that makes the ceiling.
    pub pgbench: PathBuf,
    _running: process::Supervised,
}

impl Cluster {
    /// Starts it; `None` where the server's programs are not installed.
    pub fn start() -> Result<Option<Self>, String> {
        let Some(binaries) = binaries() else { return Ok(None) };
        let pgbench = binaries.join("pgbench");
        let Some(pgbench) = Some(pgbench).filter(|file| file.is_file()).or_else(|| process::which("pgbench")) else {
            return Ok(None);
        };
        let port = process::free_port();
        let running = process::supervise(&process::Service {
            name: "bench-pg",
            user: user()?,
            signal: "INT",
            script: START,
            args: &[binaries.as_os_str(), OsStr::new(&port.to_string())],
        })?;
        // pgbench with the trivial script says whether a session can be had.
        running.wait_until_ready(|| {
            let mut probe = Command::new(&pgbench);
            probe.args(["-n", "-t", "1", "-h", "127.0.0.1", "-p", &port.to_string(), "-U", NAME]);
            let probe = probe
                .args(["-f", "/dev/stdin", NAME])
                .stdin(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .stdout(std::process::Stdio::null());
            let mut child = probe.spawn().map_err(|error| error.to_string())?;
            if let Some(mut input) = child.stdin.take() {
                use std::io::Write;
                let _ = input.write_all(b"select 1;\n");
            }
            let output = child.wait_with_output().map_err(|error| error.to_string())?;
            if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
        })?;
        let line = process::first_line(binaries.join("postgres"), &["--version"]).unwrap_or_default();
        let version = line.split_whitespace().nth(2).unwrap_or("of unknown version").to_owned();
        Ok(Some(Self { port, version, pgbench, _running: running }))
    }

    /// `postgres://…`
    pub fn url(&self) -> String {
        format!("postgres://{NAME}@127.0.0.1:{}/{NAME}", self.port)
    }

    /// A call of pgbench on this database.
    pub fn pgbench(&self) -> Command {
        let mut command = Command::new(&self.pgbench);
        command.args(["-n", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", NAME]);
        command
    }
}

fn binaries() -> Option<PathBuf> {
    let complete = |dir: &Path| dir.join("initdb").is_file() && dir.join("postgres").is_file();
    let linked = process::which("initdb").and_then(|file| fs::canonicalize(file).ok());
    let on_path = linked.and_then(|file| file.parent().map(Path::to_path_buf)).filter(|dir| complete(dir));
    let installed = || {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let found = versions.filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let dir = entry.path().join("bin");
            complete(&dir).then_some((version, dir))
        });
        found.max().map(|(_, dir)| dir)
    };
    on_path.or_else(installed)
}

/// The server refuses root.
fn user() -> Result<Option<&'static str>, String> {
    if process::first_line("id", &["-u"]).as_deref() != Some("0") {
        return Ok(None);
    }
    let known = |user: &&str| process::first_line("id", &["-u", user]).is_some();
    let user = ["postgres", "nobody"].into_iter().find(known);
    user.map(Some).ok_or_else(|| "PostgreSQL refuses root and neither `postgres` nor `nobody` is a user".to_owned())
}
