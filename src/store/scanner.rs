//! Asks a ClamAV service whether a file that came in is known to do harm, where a setting names one.

use crate::{
    context::Ctx,
    http::{ApiError, Text},
};
#[cfg(unix)]
use clamav_client::tokio::Socket;
use clamav_client::tokio::{Tcp, scan_buffer};
use std::{io, path::PathBuf, time::Duration};
use tokio::time::timeout;

/// Long enough for the largest file, short enough for a phone that waits.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes sent at once.
const CHUNK: usize = 64 * 1024;

/// Where the service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanner {
    /// A host and a port.
    Tcp(String),
    /// A socket of this machine.
    Socket(PathBuf),
}

impl Scanner {
    /// `tcp://HOST:PORT` or `unix:/PATH`.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        if let Some(path) = address.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::Socket(PathBuf::from(path)));
        }
        let (host, port) = address.strip_prefix("tcp://")?.rsplit_once(':')?;
        let fits = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0);
        fits.then(|| Self::Tcp(format!("{host}:{port}")))
    }

    async fn admit(&self, content: &[u8]) -> Result<(), ApiError> {
        let answer = match timeout(PATIENCE, self.ask(content)).await {
            Ok(Ok(answer)) => String::from_utf8_lossy(&answer).trim_end_matches('\0').trim().to_owned(),
            Ok(Err(error)) => return Err(unanswered(&error)),
            Err(error) => return Err(unanswered(&error.into())),
        };
        // `stream: OK`, `stream: Eicar-Test-Signature FOUND`, or `… ERROR`.
        if answer.ends_with("FOUND") {
            tracing::warn!(answer, "a file that does harm was refused");
            let detail = Text::new("文件含有已知的恶意内容。", "The file holds a known threat.");
            return Err(ApiError::field("", "file_harmful", detail));
        }
        if answer.ends_with("OK") { Ok(()) } else { Err(unanswered(&io::Error::other(answer))) }
    }

    async fn ask(&self, content: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Tcp(host_address) => {
                scan_buffer(content, Tcp { host_address: host_address.as_str() }, Some(CHUNK)).await
            }
            #[cfg(unix)]
            Self::Socket(socket_path) => scan_buffer(content, Socket { socket_path }, Some(CHUNK)).await,
            #[cfg(not(unix))]
            Self::Socket(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Ctx {
    /// Lets a file in that nothing is known against; every file where no scanner is set.
    ///
    /// # Errors
    /// 422 for a file that holds a known threat; 503 while the service does not answer, for an unseen file is not let in.
    pub async fn admit_file(&self, content: &[u8]) -> Result<(), ApiError> {
        match &self.settings.scanner {
            Some(scanner) => scanner.admit(content).await,
            None => Ok(()),
        }
    }
}

fn unanswered(error: &io::Error) -> ApiError {
    tracing::error!(%error, "the scanner of files does not answer");
    ApiError::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_port_or_a_socket() {
        assert_eq!(Scanner::parse("tcp://127.0.0.1:3310"), Some(Scanner::Tcp("127.0.0.1:3310".into())));
        assert_eq!(Scanner::parse("unix:/run/clamd.sock"), Some(Scanner::Socket("/run/clamd.sock".into())));
        for wrong in ["127.0.0.1:3310", "tcp://scanner", "tcp://:3310", "tcp://host:0", "unix:clamd.sock", ""] {
            assert_eq!(Scanner::parse(wrong), None, "{wrong}");
        }
    }
}
