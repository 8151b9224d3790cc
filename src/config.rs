//! Settings, typed: defaults, then a TOML file, then the environment, then flags. The only reader of the environment.

use crate::access::password::Cost;
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:…` or `postgres://…`.
    pub database_url: String,
    /// A PostgreSQL replica for reads.
    pub database_read_url: Option<String>,
    /// Redis for shared counters; in-process without it.
    pub redis_url: Option<String>,
    /// Where HTTP is served.
    pub listen_addr: SocketAddr,
    /// Folder of the database file and the token key.
    pub data_dir: PathBuf,
    /// File of the key that signs access tokens.
    pub token_key_file: PathBuf,
    /// Cost of password hashes; light in the demonstration and in tests only.
    pub password_cost: Cost,
    /// Weight a delivery of goods sold by weight may exceed what was sent, in basis points (F1).
    pub bulk_tolerance_bp: i64,
    /// What the log shows.
    pub log: String,
}

/// A setting that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the settings file {path} cannot be read: {cause}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// One value is wrong.
    #[error("{name} is \"{value}\"; it should be {wanted}")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
}

/// Values from one source, most of them absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// See [`Settings::database_url`].
    pub database_url: Option<String>,
    /// See [`Settings::database_read_url`].
    pub database_read_url: Option<String>,
    /// See [`Settings::redis_url`].
    pub redis_url: Option<String>,
    /// See [`Settings::listen_addr`].
    pub listen_addr: Option<String>,
    /// See [`Settings::data_dir`].
    pub data_dir: Option<String>,
    /// See [`Settings::token_key_file`].
    pub token_key_file: Option<String>,
    /// See [`Settings::bulk_tolerance_bp`].
    pub bulk_tolerance_bp: Option<String>,
    /// See [`Settings::log`].
    pub log: Option<String>,
}

impl Source {
    /// What the environment says.
    #[must_use]
    pub fn environment() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        Self {
            database_url: read("DATABASE_URL"),
            database_read_url: read("DATABASE_READ_URL"),
            redis_url: read("REDIS_URL"),
            listen_addr: read("LISTEN_ADDR"),
            data_dir: read("DATA_DIR"),
            token_key_file: read("TOKEN_KEY_FILE"),
            bulk_tolerance_bp: read("BULK_TOLERANCE_BP"),
            log: read("LOG"),
        }
    }

    /// What a TOML file says.
    ///
    /// # Errors
    /// [`SettingsError::File`] when it is not there, not TOML, or names a setting we do not know.
    pub fn file(path: &Path) -> Result<Self, SettingsError> {
        let wrong = |cause: String| SettingsError::File { path: path.display().to_string(), cause };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))
    }

    /// These values, and `below` where there are none.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            database_url: self.database_url.or(below.database_url),
            database_read_url: self.database_read_url.or(below.database_read_url),
            redis_url: self.redis_url.or(below.redis_url),
            listen_addr: self.listen_addr.or(below.listen_addr),
            data_dir: self.data_dir.or(below.data_dir),
            token_key_file: self.token_key_file.or(below.token_key_file),
            bulk_tolerance_bp: self.bulk_tolerance_bp.or(below.bulk_tolerance_bp),
            log: self.log.or(below.log),
        }
    }
}

impl Settings {
    /// Fills in defaults and checks every value.
    ///
    /// # Errors
    /// [`SettingsError::Value`] for the first value that is wrong.
    pub fn from_source(source: Source) -> Result<Self, SettingsError> {
        let data_dir = PathBuf::from(source.data_dir.unwrap_or_else(|| "data".to_owned()));
        let database_url =
            source.database_url.unwrap_or_else(|| format!("sqlite:{}", data_dir.join("xiaonong.db").display()));
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database_url.starts_with(scheme)) {
            return Err(SettingsError::Value {
                name: "DATABASE_URL",
                value: hide_password(&database_url),
                wanted: "sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE",
            });
        }
        let redis_url = source.redis_url;
        if let Some(url) = redis_url.as_ref().filter(|url| !url.starts_with("redis://")) {
            return Err(SettingsError::Value {
                name: "REDIS_URL",
                value: hide_password(url),
                wanted: "redis://HOST:PORT/",
            });
        }
        let listen = source.listen_addr.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen_addr = listen.parse().map_err(|_| SettingsError::Value {
            name: "LISTEN_ADDR",
            value: listen.clone(),
            wanted: "an address and a port such as 127.0.0.1:8080",
        })?;
        let tolerance = source.bulk_tolerance_bp.unwrap_or_else(|| "100".to_owned());
        let bulk_tolerance_bp =
            tolerance.parse().ok().filter(|bp| (0..=1_000).contains(bp)).ok_or(SettingsError::Value {
                name: "BULK_TOLERANCE_BP",
                value: tolerance,
                wanted: "basis points from 0 to 1000 (100 = 1 %)",
            })?;
        Ok(Self {
            database_url,
            database_read_url: source.database_read_url,
            redis_url,
            listen_addr,
            token_key_file: source.token_key_file.map_or_else(|| data_dir.join("token.key"), PathBuf::from),
            data_dir,
            password_cost: Cost::Strong,
            bulk_tolerance_bp,
            log: source.log.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// An address without its password, for messages and logs.
#[must_use]
pub fn hide_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}:***{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_setting_says_which_and_what_it_should_be() {
        let source = Source { listen_addr: Some("8080".into()), ..Source::default() };
        let error = Settings::from_source(source).expect_err("no address").to_string();
        assert_eq!(error, "LISTEN_ADDR is \"8080\"; it should be an address and a port such as 127.0.0.1:8080");
        let source = Source { database_url: Some("mysql://me:secret@host/db".into()), ..Source::default() };
        let error = Settings::from_source(source).expect_err("not ours").to_string();
        assert!(error.contains("mysql://me:***@host/db") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_flag_stands_above_the_environment() {
        let flag = Source { listen_addr: Some("127.0.0.1:1".into()), ..Source::default() };
        let environment =
            Source { listen_addr: Some("127.0.0.1:2".into()), log: Some("debug".into()), ..Source::default() };
        let settings = Settings::from_source(flag.over(environment)).expect("fine");
        assert_eq!((settings.listen_addr.port(), settings.log.as_str()), (1, "debug"));
        assert_eq!(settings.database_url, "sqlite:data/xiaonong.db");
    }
}
