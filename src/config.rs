//! Settings, typed: defaults, then a TOML file, then the environment, then flags. The only reader of the environment.

use crate::{
    access::{Rates, password::Cost},
    vault::{MasterKey, MasterSource, Secret},
};
use serde::Deserialize;
use std::{
    net::{IpAddr, SocketAddr},
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
    /// Where the key comes from that wraps the keys of personal data.
    pub master_keys: MasterSource,
    /// Households one account may have revealed in a day (P1).
    pub reveals_per_day: u64,
    /// Requests an account and an address may make in a minute.
    pub rates: Rates,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origins whose pages may call the API from a browser; none unless named.
    pub cors_origins: Vec<String>,
    /// What `/metrics` asks for as a bearer token; without one it answers this machine only.
    pub metrics_token: Option<Secret>,
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
    /// File of the master key; see [`Settings::master_keys`].
    pub vault_key_file: Option<String>,
    /// The master key itself, 32 bytes in hex or base64, instead of the file.
    pub vault_key: Option<Secret>,
    /// The master key to change over to, where the present one is given as a text too.
    pub vault_key_next: Option<Secret>,
    /// See [`Settings::reveals_per_day`].
    pub reveals_per_day: Option<String>,
    /// Requests a minute of an account, 0 for no limit.
    pub rate_per_account: Option<String>,
    /// Changes a minute of an account, 0 for no limit.
    pub rate_writes_per_account: Option<String>,
    /// Requests a minute of an address, 0 for no limit.
    pub rate_per_address: Option<String>,
    /// See [`Settings::trusted_proxies`]; with commas between.
    pub trusted_proxies: Option<String>,
    /// See [`Settings::cors_origins`]; with commas between.
    pub cors_origins: Option<String>,
    /// See [`Settings::metrics_token`].
    pub metrics_token: Option<Secret>,
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
            vault_key_file: read("VAULT_KEY_FILE"),
            vault_key: read("VAULT_KEY").map(Secret::new),
            vault_key_next: read("VAULT_KEY_NEXT").map(Secret::new),
            reveals_per_day: read("REVEALS_PER_DAY"),
            rate_per_account: read("RATE_PER_ACCOUNT"),
            rate_writes_per_account: read("RATE_WRITES_PER_ACCOUNT"),
            rate_per_address: read("RATE_PER_ADDRESS"),
            trusted_proxies: read("TRUSTED_PROXIES"),
            cors_origins: read("CORS_ORIGINS"),
            metrics_token: read("METRICS_TOKEN").map(Secret::new),
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
            vault_key_file: self.vault_key_file.or(below.vault_key_file),
            vault_key: self.vault_key.or(below.vault_key),
            vault_key_next: self.vault_key_next.or(below.vault_key_next),
            reveals_per_day: self.reveals_per_day.or(below.reveals_per_day),
            rate_per_account: self.rate_per_account.or(below.rate_per_account),
            rate_writes_per_account: self.rate_writes_per_account.or(below.rate_writes_per_account),
            rate_per_address: self.rate_per_address.or(below.rate_per_address),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            cors_origins: self.cors_origins.or(below.cors_origins),
            metrics_token: self.metrics_token.or(below.metrics_token),
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
        let vault_file = source.vault_key_file.map_or_else(|| data_dir.join("vault.key"), PathBuf::from);
        let master_keys = match master_key("VAULT_KEY", source.vault_key.as_ref())? {
            Some(current) => {
                MasterSource::Given { current, next: master_key("VAULT_KEY_NEXT", source.vault_key_next.as_ref())? }
            }
            None => MasterSource::File(vault_file),
        };
        let reveals_per_day = count("REVEALS_PER_DAY", source.reveals_per_day, 100)?;
        let rates = Rates {
            account: count("RATE_PER_ACCOUNT", source.rate_per_account, 600)?,
            writes: count("RATE_WRITES_PER_ACCOUNT", source.rate_writes_per_account, 120)?,
            address: count("RATE_PER_ADDRESS", source.rate_per_address, 1_200)?,
        };
        let trusted_proxies =
            list("TRUSTED_PROXIES", source.trusted_proxies, "addresses with commas between", |one| one.parse().ok())?;
        let cors_origins = list(
            "CORS_ORIGINS",
            source.cors_origins,
            "origins such as https://example.org with commas between",
            origin,
        )?;
        Ok(Self {
            database_url,
            database_read_url: source.database_read_url,
            redis_url,
            listen_addr,
            token_key_file: source.token_key_file.map_or_else(|| data_dir.join("token.key"), PathBuf::from),
            data_dir,
            master_keys,
            reveals_per_day,
            rates,
            trusted_proxies,
            cors_origins,
            metrics_token: source.metrics_token,
            password_cost: Cost::Strong,
            bulk_tolerance_bp,
            log: source.log.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// A master key given as a text; the message does not repeat it.
fn master_key(name: &'static str, text: Option<&Secret>) -> Result<Option<MasterKey>, SettingsError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = SettingsError::Value { name, value: "***".to_owned(), wanted: "32 bytes in hex or base64" };
    MasterKey::parse(text).map(Some).ok_or(wrong)
}

/// A whole number up to a million, or `default` where there is none.
fn count(name: &'static str, text: Option<String>, default: u64) -> Result<u64, SettingsError> {
    let Some(text) = text else { return Ok(default) };
    let read = text.trim().parse().ok().filter(|count| *count <= 1_000_000);
    read.ok_or(SettingsError::Value { name, value: text, wanted: "a whole number from 0 to 1000000" })
}

/// What stands between commas, each read by `read`; none where there is no text.
fn list<T>(
    name: &'static str,
    text: Option<String>,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, SettingsError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let items = text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(read).collect::<Option<Vec<T>>>();
    items.ok_or(SettingsError::Value { name, value: text, wanted })
}

/// Scheme, host and port, as a browser sends them; `*` is none, for it opens the API to every page there is.
fn origin(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    (!rest.is_empty() && rest.bytes().all(fits)).then(|| text.to_owned())
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
    fn a_vault_key_is_never_repeated() {
        let source = Source { vault_key: Some(Secret::new("secret".into())), ..Source::default() };
        assert!(!format!("{source:?}").contains("secret"));
        let error = Settings::from_source(source).expect_err("no key").to_string();
        assert_eq!(error, "VAULT_KEY is \"***\"; it should be 32 bytes in hex or base64");
    }

    #[test]
    fn no_wildcard_opens_the_api() {
        let read = |origins: &str| {
            let source = Source { cors_origins: Some(origins.to_owned()), ..Source::default() };
            Settings::from_source(source).map(|settings| settings.cors_origins)
        };
        assert_eq!(
            read("https://a.example, http://b.example:81"),
            Ok(vec!["https://a.example".into(), "http://b.example:81".into()])
        );
        for wrong in ["*", "a.example", "https://a.example/path", "null"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
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
