//! The `PostgreSQL` cluster under test: the one `TEST_DATABASE_URL` names, else a private one.
//!
//! A private cluster gives up durability for speed and lives as long as the test process (see
//! `process`).

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::process::{self, Service, Supervised};

/// User and database of the private cluster.
const NAME: &str = "xiaonong";

/// `$1` is the directory of the server binaries, `$2` the port. SIGINT asks for the fast shutdown.
const START: &str = r#"
set -e
"$1/initdb" --pgdata=data --username=xiaonong --encoding=UTF8 --locale=C \
    --auth-local=reject --auth-host=trust --no-sync --no-instructions
echo 'CREATE DATABASE xiaonong' | "$1/postgres" --single -D data postgres
exec "$1/postgres" -D data -p "$2" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$PWD" \
    -c max_connections=200 -c shared_buffers=64MB -c timezone=UTC \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off
"#;

/// A cluster on which the tests may create and drop databases and schemas.
pub struct Cluster {
    /// `postgres://user@host:port/database`; the user owns the database.
    pub base_url: String,
    /// How it was found, for the summary: never the URL, which may hold a password.
    pub origin: String,
    /// Keeps the private server's pipe open.
    _running: Option<Supervised>,
}

/// The cluster, started at the first call; `None` where there are neither a URL nor server
/// binaries.
///
/// # Panics
/// At each call when binaries were found and the cluster did not come up: that is a fault, not an
/// absence.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Option<Cluster>, String>> = OnceLock::new();
    match CLUSTER.get_or_init(find_or_start) {
        Ok(cluster) => cluster.as_ref(),
        Err(fault) => panic!("the private PostgreSQL cluster did not start: {fault}"),
    }
}

fn find_or_start() -> Result<Option<Cluster>, String> {
    if let Some(base_url) = process::variable("TEST_DATABASE_URL") {
        let origin = "PostgreSQL (TEST_DATABASE_URL)".to_owned();
        return Ok(Some(Cluster { base_url, origin, _running: None }));
    }
    let Some(binaries) = find_binaries() else {
        return Ok(None);
    };
    let user = unprivileged_user()?;
    let port = process::free_port();
    let server = process::supervise(&Service {
        name: "pg",
        user,
        signal: "INT",
        script: START,
        args: &[binaries.as_os_str(), OsStr::new(&port.to_string())],
    })?;
    server.wait_until_ready(|| probe(port))?;
    Ok(Some(Cluster {
        base_url: format!("postgres://{NAME}@127.0.0.1:{port}/{NAME}"),
        origin: format!("PostgreSQL {} (private cluster)", version(&binaries)),
        _running: Some(server),
    }))
}

/// The directory that holds both `initdb` and `postgres`: by `PATH`, else the highest version where
/// packages put them.
fn find_binaries() -> Option<PathBuf> {
    let complete = |dir: &PathBuf| dir.join("initdb").is_file() && dir.join("postgres").is_file();
    // A link on `PATH` leads to where both are.
    let linked = process::which("initdb").and_then(|file| fs::canonicalize(file).ok());
    let on_path = linked.and_then(|file| file.parent().map(Path::to_path_buf)).filter(complete);
    let installed = |parent: &str, prefix: &str| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let version = name.strip_prefix(prefix)?;
                let version: Vec<u32> = version.split(['.', '@', '-']).filter_map(|part| part.parse().ok()).collect();
                let dir = entry.path().join("bin");
                complete(&dir).then_some((version, dir))
            })
            .max()
            .map(|(_, dir)| dir)
    };
    on_path
        .or_else(|| installed("/usr/lib/postgresql", ""))
        .or_else(|| installed("/usr", "pgsql-"))
        .or_else(|| installed("/opt/homebrew/opt", "postgresql"))
}

/// The user to run the server as: it refuses root. `None` when the tests do not run as root.
fn unprivileged_user() -> Result<Option<&'static str>, String> {
    if process::first_line("id", &["-u"]).as_deref() != Some("0") {
        return Ok(None);
    }
    if process::which("runuser").is_none() {
        return Err("its server refuses root and there is no `runuser`; set TEST_DATABASE_URL".to_owned());
    }
    let known = |user: &&str| process::first_line("id", &["-u", user]).is_some();
    let user = ["postgres", "nobody"].into_iter().find(known);
    user.map(Some).ok_or_else(|| "its server refuses root and neither `postgres` nor `nobody` is a user".to_owned())
}

fn version(binaries: &Path) -> String {
    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    let line = process::first_line(binaries.join("postgres"), &["--version"]).unwrap_or_default();
    line.split_whitespace().nth(2).unwrap_or("of unknown version").to_owned()
}

/// Opens a session on the database and ends it; ready is what a session would be told ("ready for
/// query").
fn probe(port: u16) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let patience = Duration::from_secs(5);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(text)?;
    stream.set_read_timeout(Some(patience)).map_err(text)?;

    let mut startup = vec![0, 3, 0, 0];
    startup.extend(format!("user\0{NAME}\0database\0{NAME}\0\0").as_bytes());
    let length = u32::try_from(startup.len() + 4).expect("a short message");
    let terminate = [b'X', 0, 0, 0, 4];
    let messages = [&length.to_be_bytes()[..], &startup, &terminate].concat();
    stream.write_all(&messages).map_err(text)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).map_err(text)?;

    let mut rest = reply.as_slice();
    while let [kind, a, b, c, d, tail @ ..] = rest {
        // The length counts itself, not the kind.
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).expect("u32 fits usize");
        let Some((body, next)) = length.checked_sub(4).and_then(|length| tail.split_at_checked(length)) else {
            break;
        };
        match kind {
            b'Z' => return Ok(()),
            b'E' => return Err(String::from_utf8_lossy(body).replace('\0', " ")),
            _ => rest = next,
        }
    }
    Err("the session ended before it was ready".to_owned())
}
