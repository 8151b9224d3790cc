//! The built binary as a process of its own, and the plainest of HTTP clients: for what only shows from outside.

use super::{
    app::VAULT_KEY,
    process::{self, Service, Supervised},
};
use std::{
    ffi::OsStr,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

/// `$1` is the binary, `$2` the database, `$3` the port, `$4` the vault key, `$5` further settings.
const SERVE: &str = r#"
DATABASE_URL="$2" DATA_DIR="$PWD/data" LISTEN_ADDR="127.0.0.1:$3" VAULT_KEY="$4" LOG=trace exec env $5 "$1" serve
"#;
/// Runs a command of the binary to its end; answers whether it succeeded, and what it printed.
pub fn run(database_url: &str, arguments: &[&str], settings: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xiaonong"))
        .args(arguments)
        .env_clear()
        .envs([("DATABASE_URL", database_url), ("VAULT_KEY", VAULT_KEY)])
        .envs(settings.iter().copied())
        .current_dir(process::scratch_dir())
        .output()
        .expect("the binary runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

const PATIENCE: Duration = Duration::from_secs(20);

/// A running server that logs everything.
pub struct Server {
    address: SocketAddr,
    running: Supervised,
}

impl Server {
    /// Starts it over a database; `settings` are `NAME=value`, with spaces between.
    pub fn start(database_url: &str, settings: &str) -> Self {
        Self::ended_by("TERM", database_url, settings)
    }

    /// The same of one that ends without a last word, as in a power cut.
    pub fn start_to_kill(database_url: &str) -> Self {
        Self::ended_by("KILL", database_url, "")
    }

    fn ended_by(signal: &str, database_url: &str, settings: &str) -> Self {
        let port = process::free_port();
        let running = process::supervise(&Service {
            name: "serve",
            user: None,
            signal,
            script: SERVE,
            args: &[
                OsStr::new(env!("CARGO_BIN_EXE_xiaonong")),
                OsStr::new(database_url),
                OsStr::new(&port.to_string()),
                OsStr::new(VAULT_KEY),
                OsStr::new(settings),
            ],
        });
        let server = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            running: running.expect("the server starts"),
        };
        let ready = || match server.try_send(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n") {
            Ok(answer) if answer.starts_with("HTTP/1.1 200") => Ok(()),
            other => Err(format!("{other:?}")),
        };
        server.running.wait_until_ready(ready).expect("the server is ready");
        server
    }

    /// Sends bytes as they are and reads until the server closes.
    pub fn send(&self, request: &[u8]) -> String {
        self.try_send(request).expect("an answer")
    }

    /// A request with a JSON body; `headers` are whole lines.
    pub fn call(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        self.send(request(method, path, headers, body).as_bytes())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All it has logged so far.
    pub fn log(&self) -> String {
        self.running.log()
    }

    /// The same where the server may be gone before it has answered.
    pub fn try_call(&self, method: &str, path: &str, headers: &str, body: &str) -> Result<String, String> {
        self.try_send(request(method, path, headers, body).as_bytes())
    }

    fn try_send(&self, request: &[u8]) -> Result<String, String> {
        exchange(self.address, request, |_| false)
    }
}

/// A request with a JSON body, after which the connection closes; `headers` are whole lines.
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Sends bytes as they are and reads until the other side closes, or the answer so far is `enough`.
pub fn exchange(address: SocketAddr, request: &[u8], enough: impl Fn(&[u8]) -> bool) -> Result<String, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(text)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
    // A server that has seen enough answers and closes before it has read all.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut chunk = [0; 16_384];
    while !enough(&answer) {
        match stream.read(&mut chunk) {
            Err(error) if answer.is_empty() => return Err(error.to_string()),
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&chunk[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether an answer is there to the last byte its head promised.
pub fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| answer.len() >= head.len() + 4 + length)
}
