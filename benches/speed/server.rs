//! The servers under load: the release binary, and the axum server that only says hello.

use crate::{client, process};
use std::{
    ffi::OsStr,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

/// `$1` is the binary, `$2` the database, `$3` the folder of the token key, `$4` the address.
const SERVE: &str = r#"
unset DATABASE_READ_URL REDIS_URL TOKEN_KEY_FILE LOG BULK_TOLERANCE_BP TOKEN_KEY_DIR SEAL_KEY_FILE TRUSTED_PROXIES
unset PROXY_HEADER PASSWORD_MEMORY_KIB PASSWORD_PASSES PASSWORD_AT_ONCE PASSWORD_WAITING
echo $$ >"$3/server.pid"
DATABASE_URL="$2" DATA_DIR="$3" LISTEN_ADDR="$4" RATE_PER_ACCOUNT=0 RATE_WRITES_PER_ACCOUNT=0 exec "$1" serve
"#;
/// `$1` is this program, `$2` the port.
const HELLO: &str = r#"exec "$1" --hello "$2""#;

/// A running server; ends when dropped or with this process.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start until it was able to serve.
    pub ready_in: Duration,
    pid: Option<u32>,
    _running: process::Supervised,
}

impl Server {
    /// Starts our release binary over `database_url`, with its token key in `folder`.
    pub fn start(database_url: &str, folder: &Path) -> Result<Self, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, process::free_port()));
        let pid_file = folder.join("server.pid");
        // Left by a server before this one.
        let _ = fs::remove_file(&pid_file);
        let started = Instant::now();
        let running = process::supervise(&process::Service {
            name: "bench-server",
            user: None,
            signal: "TERM",
            script: SERVE,
            args: &[
                OsStr::new(env!("CARGO_BIN_EXE_xiaonong")),
                OsStr::new(database_url),
                folder.as_os_str(),
                OsStr::new(&address.to_string()),
            ],
        })?;
        let ready_in = wait(&running, address, "/readyz", started)?;
        let pid = fs::read_to_string(&pid_file).ok().and_then(|text| text.trim().parse().ok());
        Ok(Self { address, ready_in, pid, _running: running })
    }

    /// Starts the ceiling of HTTP.
    pub fn start_hello() -> Result<Self, String> {
        let port = process::free_port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let started = Instant::now();
        let running = process::supervise(&process::Service {
            name: "bench-hello",
            user: None,
            signal: "TERM",
            script: HELLO,
            args: &[program.as_os_str(), OsStr::new(&port.to_string())],
        })?;
        let ready_in = wait(&running, address, "/", started)?;
        Ok(Self { address, ready_in, pid: None, _running: running })
    }

    /// Memory now and at most so far, in MB.
    pub fn memory(&self) -> (f64, f64) {
        let status =
            self.pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok()).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        (field("VmRSS:").unwrap_or_default() / 1024.0, field("VmHWM:").unwrap_or_default() / 1024.0)
    }
}

/// Asks every half millisecond, first whether the port is open: the supervisor's own shell is part of the time.
fn wait(running: &process::Supervised, address: SocketAddr, path: &str, started: Instant) -> Result<Duration, String> {
    let request = client::request("GET", path, "", None, "");
    let deadline = started + Duration::from_secs(20);
    loop {
        let open = TcpStream::connect(address).is_ok();
        if open && client::once(address, &request).is_ok_and(|(status, _)| status == 200) {
            return Ok(started.elapsed());
        }
        if Instant::now() > deadline {
            return running.wait_until_ready(|| Err("no answer in 20 s".to_owned())).map(|()| started.elapsed());
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Serves "hello" on the same runtime as our server.
pub fn hello(port: &str) -> ExitCode {
    let serve = async {
        let port = port.parse().map_err(std::io::Error::other)?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let router = axum::Router::new().route("/", axum::routing::get(|| async { "hello\n" }));
        axum::serve(listener, router).await
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hello: {error}");
            ExitCode::FAILURE
        }
    }
}
