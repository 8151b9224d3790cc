//! The Redis under test: the one `TEST_REDIS_URL` names, else a private one; and Redis servers that
//! a test may kill.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::process::{self, Service, Supervised};

/// `$1` is the server binary, `$2` the port. Nothing is kept on disk.
const START: &str = r#"exec "$1" --port "$2" --bind 127.0.0.1 --save '' --appendonly no --dir "$PWD" --daemonize no"#;

/// A Redis shared by the tests: each keeps to keys of its own.
pub struct Server {
    /// `redis://host:port/0`, or what `TEST_REDIS_URL` says.
    pub url: String,
    /// How it was found, for the summary: never the URL, which may hold a password.
    pub origin: String,
    /// Keeps the private server's pipe open.
    _running: Option<Supervised>,
}

/// The shared server, started at the first call; `None` where there are neither a URL nor a
/// `redis-server`.
///
/// # Panics
/// At each call when a binary was found and the server did not come up: that is a fault, not an
/// absence.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Result<Option<Server>, String>> = OnceLock::new();
    match SERVER.get_or_init(find_or_start) {
        Ok(server) => server.as_ref(),
        Err(fault) => panic!("the private Redis did not start: {fault}"),
    }
}

fn find_or_start() -> Result<Option<Server>, String> {
    if let Some(url) = process::variable("TEST_REDIS_URL") {
        return Ok(Some(Server { url, origin: "Redis (TEST_REDIS_URL)".to_owned(), _running: None }));
    }
    let Some(binary) = process::which("redis-server") else {
        return Ok(None);
    };
    let port = process::free_port();
    let server = start(&binary, port)?;
    let origin = format!("Redis {} (private)", version(&binary));
    Ok(Some(Server { url: url(port), origin, _running: Some(server) }))
}

/// A Redis that belongs to one test, which may stop and restart it; dropped is stopped.
pub struct PrivateServer {
    /// `redis://127.0.0.1:port/0`, the same after a restart.
    pub url: String,
    binary: PathBuf,
    port: u16,
    running: Option<Supervised>,
}

/// A server for one test alone; `None` where there is no `redis-server` binary, whatever
/// `TEST_REDIS_URL` says.
///
/// # Panics
/// When the server did not come up.
pub fn private() -> Option<PrivateServer> {
    let binary = process::which("redis-server")?;
    let port = process::free_port();
    let mut server = PrivateServer { url: url(port), binary, port, running: None };
    server.restart();
    Some(server)
}

impl PrivateServer {
    /// Kills the server and waits until it is gone; its connections break and new ones are refused.
    pub fn stop(&mut self) {
        drop(self.running.take());
    }

    /// Starts the server, empty, on the same port, and waits until it answers; a running one is
    /// killed first.
    ///
    /// # Panics
    /// When the server did not come up.
    pub fn restart(&mut self) {
        self.stop();
        match start(&self.binary, self.port) {
            Ok(running) => self.running = Some(running),
            Err(fault) => panic!("the test's own Redis did not start: {fault}"),
        }
    }
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}/0")
}

fn start(binary: &Path, port: u16) -> Result<Supervised, String> {
    let server = process::supervise(&Service {
        name: "redis",
        user: None,
        // There is nothing to save, and a test of a lost server wants it lost at once.
        signal: "KILL",
        script: START,
        args: &[binary.as_os_str(), OsStr::new(&port.to_string())],
    })?;
    server.wait_until_ready(|| probe(port))?;
    Ok(server)
}

fn version(binary: &Path) -> String {
    // "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=…"
    let line = process::first_line(binary, &["--version"]).unwrap_or_default();
    let version = line.split_whitespace().find_map(|word| word.strip_prefix("v="));
    version.unwrap_or("of unknown version").to_owned()
}

fn probe(port: u16) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let patience = Duration::from_secs(5);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(text)?;
    stream.set_read_timeout(Some(patience)).map_err(text)?;
    stream.write_all(b"PING\r\n").map_err(text)?;
    let mut reply = [0; 5];
    stream.read_exact(&mut reply).map_err(text)?;
    if &reply == b"+PONG" { Ok(()) } else { Err(String::from_utf8_lossy(&reply).into_owned()) }
}
