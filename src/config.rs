//! Settings, typed: defaults, then a TOML file, then the environment, then flags. The only reader of the environment.

use crate::{
    access::{
        KeyFiles, Rates, SecondFactor,
        password::{Cost, STRONG_KIB, STRONG_PASSES},
    },
    http::{ForwardHeader, Proxies},
    province::Bundle,
    store::{Bucket, FilesAt},
    vault::{MasterKey, MasterSource, Secret},
};
use serde::Deserialize;
use std::{
    borrow::Cow,
    fmt::Display,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};
use thiserror::Error;
use tracing_subscriber::EnvFilter;

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
    /// Files of the keys that sign access tokens; replicas share them.
    pub token_keys: KeyFiles,
    /// File of the key that seals secrets in the database; replicas share it.
    pub seal_key_file: PathBuf,
    /// Where the key comes from that wraps the keys of personal data.
    pub master_keys: MasterSource,
    /// Where the content of documents is kept.
    pub documents: FilesAt,
    /// Bytes a document may have.
    pub document_limit: usize,
    /// Households one account may have revealed in a day (P1).
    pub reveals_per_day: u64,
    /// How often an account may be told in a day that an ID number is another household's.
    pub taken_numbers_per_day: u64,
    /// Requests an account and an address may make in a minute.
    pub rates: Rates,
    /// Origins whose pages may call the API from a browser; none unless named.
    pub cors_origins: Vec<String>,
    /// What `/metrics` asks for as a bearer token; without one it answers this machine only.
    pub metrics_token: Option<Secret>,
    /// Cost of password hashes; light in the demonstration and in tests only.
    pub password_cost: Cost,
    /// Passwords checked at once; half of the processors unless set.
    pub password_at_once: Option<usize>,
    /// Passwords that wait to be checked before log-ins are told to come back.
    pub password_waiting: Option<usize>,
    /// Whether roles can make a second factor compulsory; no source sets it, only the demonstration does.
    pub second_factor: SecondFactor,
    /// Reverse proxies whose word on a client's address is taken.
    pub proxies: Proxies,
    /// Weight a delivery of goods sold by weight may exceed what was sent, in basis points (F1).
    pub bulk_tolerance_bp: i64,
    /// Days a supplier stands in the public notice before it can be approved (H4).
    pub notice_days: u64,
    /// Part of a county's register one list may end without a manager's word, in basis points.
    pub list_shrink_bp: i64,
    /// Part of the divisions, or of a list, one file may end without being told to, in basis points.
    pub registry_shrink_bp: i64,
    /// The province's data: the bundle that is built in, or another one.
    pub province: Arc<Bundle>,
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
    /// The province's data.
    #[error("{0}")]
    Province(String),
    /// One value is wrong.
    #[error("{name} is \"{value}\"; it should be {wanted}")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        wanted: Cow<'static, str>,
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
    /// See [`Settings::token_keys`].
    pub token_key_file: Option<String>,
    /// File of the master key; see [`Settings::master_keys`].
    pub vault_key_file: Option<String>,
    /// The master key itself, 32 bytes in hex or base64, instead of the file.
    pub vault_key: Option<Secret>,
    /// The master key to change over to, where the present one is given as a text too.
    pub vault_key_next: Option<Secret>,
    /// See [`Settings::documents`]: a folder, or `s3://BUCKET/PREFIX`.
    pub documents_url: Option<String>,
    /// Address of the S3-compatible service.
    pub s3_endpoint: Option<String>,
    /// Its region.
    pub s3_region: Option<String>,
    /// Id of the key to it.
    pub s3_access_key_id: Option<String>,
    /// The key to it.
    pub s3_secret_access_key: Option<Secret>,
    /// See [`Settings::document_limit`]; in megabytes.
    pub document_max_mb: Option<String>,
    /// See [`Settings::reveals_per_day`].
    pub reveals_per_day: Option<String>,
    /// See [`Settings::taken_numbers_per_day`].
    pub taken_numbers_per_day: Option<String>,
    /// Requests a minute of an account, 0 for no limit.
    pub rate_per_account: Option<String>,
    /// Changes a minute of an account, 0 for no limit.
    pub rate_writes_per_account: Option<String>,
    /// Requests a minute of an address, 0 for no limit.
    pub rate_per_address: Option<String>,
    /// See [`Settings::cors_origins`]; with commas between.
    pub cors_origins: Option<String>,
    /// See [`Settings::metrics_token`].
    pub metrics_token: Option<Secret>,
    /// See [`Settings::token_keys`].
    pub token_key_dir: Option<String>,
    /// See [`Settings::seal_key_file`].
    pub seal_key_file: Option<String>,
    /// See [`Settings::password_cost`].
    pub password_memory_kib: Option<String>,
    /// See [`Settings::password_cost`].
    pub password_passes: Option<String>,
    /// See [`Settings::password_at_once`].
    pub password_at_once: Option<String>,
    /// See [`Settings::password_waiting`].
    pub password_waiting: Option<String>,
    /// See [`Settings::proxies`].
    pub trusted_proxies: Option<String>,
    /// See [`Settings::proxies`].
    pub proxy_header: Option<String>,
    /// See [`Settings::bulk_tolerance_bp`].
    pub bulk_tolerance_bp: Option<String>,
    /// See [`Settings::notice_days`].
    pub notice_days: Option<String>,
    /// See [`Settings::list_shrink_bp`].
    pub list_shrink_bp: Option<String>,
    /// See [`Settings::registry_shrink_bp`].
    pub registry_shrink_bp: Option<String>,
    /// See [`Settings::province`]: a folder or a ZIP.
    pub province_bundle: Option<String>,
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
            documents_url: read("DOCUMENTS_URL"),
            s3_endpoint: read("S3_ENDPOINT"),
            s3_region: read("S3_REGION"),
            s3_access_key_id: read("S3_ACCESS_KEY_ID"),
            s3_secret_access_key: read("S3_SECRET_ACCESS_KEY").map(Secret::new),
            document_max_mb: read("DOCUMENT_MAX_MB"),
            reveals_per_day: read("REVEALS_PER_DAY"),
            taken_numbers_per_day: read("TAKEN_NUMBERS_PER_DAY"),
            rate_per_account: read("RATE_PER_ACCOUNT"),
            rate_writes_per_account: read("RATE_WRITES_PER_ACCOUNT"),
            rate_per_address: read("RATE_PER_ADDRESS"),
            cors_origins: read("CORS_ORIGINS"),
            metrics_token: read("METRICS_TOKEN").map(Secret::new),
            token_key_dir: read("TOKEN_KEY_DIR"),
            seal_key_file: read("SEAL_KEY_FILE"),
            password_memory_kib: read("PASSWORD_MEMORY_KIB"),
            password_passes: read("PASSWORD_PASSES"),
            password_at_once: read("PASSWORD_AT_ONCE"),
            password_waiting: read("PASSWORD_WAITING"),
            trusted_proxies: read("TRUSTED_PROXIES"),
            proxy_header: read("PROXY_HEADER"),
            bulk_tolerance_bp: read("BULK_TOLERANCE_BP"),
            notice_days: read("NOTICE_DAYS"),
            list_shrink_bp: read("LIST_SHRINK_BP"),
            registry_shrink_bp: read("REGISTRY_SHRINK_BP"),
            province_bundle: read("PROVINCE_BUNDLE"),
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
            documents_url: self.documents_url.or(below.documents_url),
            s3_endpoint: self.s3_endpoint.or(below.s3_endpoint),
            s3_region: self.s3_region.or(below.s3_region),
            s3_access_key_id: self.s3_access_key_id.or(below.s3_access_key_id),
            s3_secret_access_key: self.s3_secret_access_key.or(below.s3_secret_access_key),
            document_max_mb: self.document_max_mb.or(below.document_max_mb),
            reveals_per_day: self.reveals_per_day.or(below.reveals_per_day),
            taken_numbers_per_day: self.taken_numbers_per_day.or(below.taken_numbers_per_day),
            rate_per_account: self.rate_per_account.or(below.rate_per_account),
            rate_writes_per_account: self.rate_writes_per_account.or(below.rate_writes_per_account),
            rate_per_address: self.rate_per_address.or(below.rate_per_address),
            cors_origins: self.cors_origins.or(below.cors_origins),
            metrics_token: self.metrics_token.or(below.metrics_token),
            token_key_dir: self.token_key_dir.or(below.token_key_dir),
            seal_key_file: self.seal_key_file.or(below.seal_key_file),
            password_memory_kib: self.password_memory_kib.or(below.password_memory_kib),
            password_passes: self.password_passes.or(below.password_passes),
            password_at_once: self.password_at_once.or(below.password_at_once),
            password_waiting: self.password_waiting.or(below.password_waiting),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            proxy_header: self.proxy_header.or(below.proxy_header),
            bulk_tolerance_bp: self.bulk_tolerance_bp.or(below.bulk_tolerance_bp),
            notice_days: self.notice_days.or(below.notice_days),
            list_shrink_bp: self.list_shrink_bp.or(below.list_shrink_bp),
            registry_shrink_bp: self.registry_shrink_bp.or(below.registry_shrink_bp),
            province_bundle: self.province_bundle.or(below.province_bundle),
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
                wanted: "sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE".into(),
            });
        }
        let redis_url = source.redis_url;
        if let Some(url) = redis_url.as_ref().filter(|url| !url.starts_with("redis://")) {
            return Err(SettingsError::Value {
                name: "REDIS_URL",
                value: hide_password(url),
                wanted: "redis://HOST:PORT/".into(),
            });
        }
        let listen = source.listen_addr.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen_addr = listen.parse().map_err(|_| SettingsError::Value {
            name: "LISTEN_ADDR",
            value: listen.clone(),
            wanted: "an address and a port such as 127.0.0.1:8080".into(),
        })?;
        let bulk_tolerance_bp =
            basis_points("BULK_TOLERANCE_BP", source.bulk_tolerance_bp, 100, 1_000, "1000 (100 = 1 %)")?;
        let list_shrink_bp =
            basis_points("LIST_SHRINK_BP", source.list_shrink_bp, 1_000, 10_000, "10000 (1000 = 10 %)")?;
        let vault_file = source.vault_key_file.map_or_else(|| data_dir.join("vault.key"), PathBuf::from);
        let registry_shrink_bp =
            basis_points("REGISTRY_SHRINK_BP", source.registry_shrink_bp, 1_000, 10_000, "10000 (1000 = 10 %)")?;
        let master_keys = match master_key("VAULT_KEY", source.vault_key.as_ref())? {
            Some(current) => {
                MasterSource::Given { current, next: master_key("VAULT_KEY_NEXT", source.vault_key_next.as_ref())? }
            }
            None => MasterSource::File(vault_file),
        };
        let reveals_per_day = count("REVEALS_PER_DAY", source.reveals_per_day, 100)?;
        let taken_numbers_per_day = count("TAKEN_NUMBERS_PER_DAY", source.taken_numbers_per_day, 10)?;
        let rates = Rates {
            account: count("RATE_PER_ACCOUNT", source.rate_per_account, 600)?,
            writes: count("RATE_WRITES_PER_ACCOUNT", source.rate_writes_per_account, 120)?,
            address: count("RATE_PER_ADDRESS", source.rate_per_address, 1_200)?,
        };
        let cors_origins = list(
            "CORS_ORIGINS",
            source.cors_origins,
            "origins such as https://example.org with commas between",
            origin,
        )?;
        let kib = number("PASSWORD_MEMORY_KIB", source.password_memory_kib, STRONG_KIB..=1_048_576)?;
        let passes = number("PASSWORD_PASSES", source.password_passes, STRONG_PASSES..=20)?;
        let password_cost = match (kib, passes) {
            (None, None) => Cost::Strong,
            (kib, passes) => Cost::Tuned { kib: kib.unwrap_or(STRONG_KIB), passes: passes.unwrap_or(STRONG_PASSES) },
        };
        let s3 = S3 {
            endpoint: source.s3_endpoint,
            region: source.s3_region,
            key_id: source.s3_access_key_id,
            key: source.s3_secret_access_key,
        };
        let documents = match source.documents_url {
            None => FilesAt::Folder(data_dir.join("documents")),
            Some(url) => files_at(url, s3)?,
        };
        let megabytes = number("DOCUMENT_MAX_MB", source.document_max_mb, 1..=100)?.unwrap_or(10);
        let file = |given: Option<String>, name: &str| given.map_or_else(|| data_dir.join(name), PathBuf::from);
        Ok(Self {
            database_url,
            database_read_url: source.database_read_url,
            redis_url,
            listen_addr,
            token_keys: KeyFiles {
                first: file(source.token_key_file, "token.key"),
                folder: file(source.token_key_dir, "keys"),
            },
            seal_key_file: file(source.seal_key_file, "seal.key"),
            data_dir,
            master_keys,
            documents,
            document_limit: megabytes * 1024 * 1024,
            reveals_per_day,
            taken_numbers_per_day,
            rates,
            cors_origins,
            metrics_token: source.metrics_token,
            password_cost,
            password_at_once: number("PASSWORD_AT_ONCE", source.password_at_once, 1..=256)?,
            password_waiting: number("PASSWORD_WAITING", source.password_waiting, 1..=10_000)?,
            second_factor: SecondFactor::Compulsory,
            proxies: proxies(source.trusted_proxies, source.proxy_header.as_deref())?,
            bulk_tolerance_bp,
            notice_days: number("NOTICE_DAYS", source.notice_days, 1..=60)?.unwrap_or(7),
            list_shrink_bp,
            registry_shrink_bp,
            province: Arc::new(province(source.province_bundle.as_deref())?),
            log: log_filter(source.log)?,
        })
    }
}

/// The bundle at a path, else the one that is built in.
fn province(path: Option<&str>) -> Result<Bundle, SettingsError> {
    let told = |error: &dyn Display| SettingsError::Province(error.to_string());
    match path {
        Some(path) => Bundle::read(Path::new(path)).map_err(|error| told(&error)),
        None => Bundle::built_in().map_err(|error| told(&error)),
    }
}

/// A filter of the log that can be read.
fn basis_points(
    name: &'static str,
    text: Option<String>,
    default: i64,
    most: i64,
    upper: &'static str,
) -> Result<i64, SettingsError> {
    let Some(text) = text else { return Ok(default) };
    let read = text.parse().ok().filter(|bp| (0..=most).contains(bp));
    read.ok_or_else(|| SettingsError::Value {
        name,
        value: text,
        wanted: format!("basis points from 0 to {upper}").into(),
    })
}

fn log_filter(text: Option<String>) -> Result<String, SettingsError> {
    let Some(text) = text else { return Ok("info,sea_orm_migration=warn".to_owned()) };
    match EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(SettingsError::Value {
            name: "LOG",
            value: text,
            wanted: "a level or levels by module, such as info,xiaonong=debug".into(),
        }),
    }
}

/// How a bucket is reached.
struct S3 {
    endpoint: Option<String>,
    region: Option<String>,
    key_id: Option<String>,
    key: Option<Secret>,
}

/// A folder, or `s3://BUCKET/PREFIX`.
fn files_at(url: String, s3: S3) -> Result<FilesAt, SettingsError> {
    let Some(rest) = url.strip_prefix("s3://") else {
        let folder = url.strip_prefix("file://").unwrap_or(&url);
        if !folder.contains("://") {
            return Ok(FilesAt::Folder(PathBuf::from(folder)));
        }
        let wanted = "a folder, or s3://BUCKET/PREFIX".into();
        return Err(SettingsError::Value { name: "DOCUMENTS_URL", value: hide_password(&url), wanted });
    };
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if name.is_empty() || s3.key_id.is_some() != s3.key.is_some() {
        let wanted = "s3://BUCKET/PREFIX, with both S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY or neither".into();
        return Err(SettingsError::Value { name: "DOCUMENTS_URL", value: url, wanted });
    }
    Ok(FilesAt::Bucket(Bucket {
        name: name.to_owned(),
        prefix: prefix.trim_end_matches('/').to_owned(),
        endpoint: s3.endpoint,
        region: s3.region.unwrap_or_else(|| "us-east-1".to_owned()),
        key_id: s3.key_id,
        key: s3.key,
    }))
}

/// A master key given as a text; the message does not repeat it.
fn master_key(name: &'static str, text: Option<&Secret>) -> Result<Option<MasterKey>, SettingsError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = SettingsError::Value { name, value: "***".to_owned(), wanted: "32 bytes in hex or base64".into() };
    MasterKey::parse(text).map(Some).ok_or(wrong)
}

/// A whole number up to a million, or `default` where there is none.
fn count(name: &'static str, text: Option<String>, default: u64) -> Result<u64, SettingsError> {
    let Some(text) = text else { return Ok(default) };
    let read = text.trim().parse().ok().filter(|count| *count <= 1_000_000);
    read.ok_or(SettingsError::Value { name, value: text, wanted: "a whole number from 0 to 1000000".into() })
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
    items.ok_or(SettingsError::Value { name, value: text, wanted: wanted.into() })
}

/// Scheme, host and port, as a browser sends them; `*` is none, for it opens the API to every page there is.
fn origin(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    (!rest.is_empty() && rest.bytes().all(fits)).then(|| text.to_owned())
}

/// A number that may be absent.
fn number<T>(name: &'static str, given: Option<String>, range: RangeInclusive<T>) -> Result<Option<T>, SettingsError>
where
    T: FromStr + PartialOrd + Display,
{
    let Some(value) = given else { return Ok(None) };
    let wanted = || format!("a number from {} to {}", range.start(), range.end()).into();
    let read = value.trim().parse().ok().filter(|number| range.contains(number));
    read.map(Some).ok_or_else(|| SettingsError::Value { name, value, wanted: wanted() })
}

fn proxies(list: Option<String>, header: Option<&str>) -> Result<Proxies, SettingsError> {
    let header = match header.map(str::trim) {
        None => ForwardHeader::default(),
        Some(name) if name.eq_ignore_ascii_case("x-forwarded-for") => ForwardHeader::XForwardedFor,
        Some(name) if name.eq_ignore_ascii_case("forwarded") => ForwardHeader::Forwarded,
        Some(other) => {
            let wanted = "x-forwarded-for or forwarded: the one your proxy writes";
            return Err(SettingsError::Value { name: "PROXY_HEADER", value: other.to_owned(), wanted: wanted.into() });
        }
    };
    let list = list.unwrap_or_default();
    Proxies::parse(&list, header).ok_or(SettingsError::Value {
        name: "TRUSTED_PROXIES",
        value: list,
        wanted: "addresses and networks with commas between, such as 10.0.0.0/8,192.0.2.7".into(),
    })
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
        let source = Source { log: Some("a=b=c".into()), ..Source::default() };
        let error = Settings::from_source(source).expect_err("no filter").to_string();
        assert!(error.starts_with("LOG is \"a=b=c\"; it should be"), "{error}");
        let source = Source { list_shrink_bp: Some("10001".into()), ..Source::default() };
        let error = Settings::from_source(source).expect_err("more than all").to_string();
        assert!(error.starts_with("LIST_SHRINK_BP is \"10001\"; it should be basis points from 0 to 10000"), "{error}");
    }

    #[test]
    fn a_vault_key_is_never_repeated() {
        let source = Source { vault_key: Some(Secret::new("hush-hush".into())), ..Source::default() };
        assert!(!format!("{source:?}").contains("hush-hush"));
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
    fn passwords_are_never_set_cheaper_and_proxies_are_addresses() {
        let read = |source: Source| Settings::from_source(source);
        let of = |text: &str| Some(text.to_owned());
        let plain = read(Source::default()).expect("fine");
        assert_eq!((plain.password_cost, plain.second_factor), (Cost::Strong, SecondFactor::Compulsory));
        assert_eq!(plain.proxies, Proxies::default());
        let dear = read(Source { password_passes: of("4"), ..Source::default() }).expect("fine");
        assert_eq!(dear.password_cost, Cost::Tuned { kib: 12_288, passes: 4 });
        let wrong = [
            Source { password_memory_kib: of("8"), ..Source::default() },
            Source { password_passes: of("2"), ..Source::default() },
            Source { password_at_once: of("0"), ..Source::default() },
            Source { password_waiting: of("many"), ..Source::default() },
            Source { trusted_proxies: of("proxy.example"), ..Source::default() },
            Source { proxy_header: of("x-real-ip"), ..Source::default() },
        ];
        let told: Vec<String> = wrong.into_iter().map(|one| read(one).expect_err("is wrong").to_string()).collect();
        assert_eq!(told[0], "PASSWORD_MEMORY_KIB is \"8\"; it should be a number from 12288 to 1048576");
        assert!(told[4].starts_with("TRUSTED_PROXIES") && told[5].starts_with("PROXY_HEADER"), "{told:?}");
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
