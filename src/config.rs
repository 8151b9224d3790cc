//! Settings, typed: defaults, then a TOML file, then the environment, then flags. The only reader of the environment.

mod read;
mod source;

pub use source::Source;

use crate::{
    access::{
        KeyFiles, Rates, SecondFactor,
        password::{Cost, STRONG_KIB, STRONG_PASSES},
    },
    http::Proxies,
    province::Bundle,
    store::{FilesAt, Scanner},
    vault::{MasterSource, Secret},
};
use read::{
    S3, basis_points, count, files_at, list, log_filter, master_key, number, origin, province, proxies, scanner,
    second_factor,
};
use std::{borrow::Cow, net::SocketAddr, path::PathBuf, sync::Arc};
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
    /// Who is asked whether a file that comes in does harm.
    pub scanner: Option<Scanner>,
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
    /// For whom a second factor is compulsory; that it is for nobody, only the demonstration says.
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
            scanner: scanner(source.scanner_url)?,
            reveals_per_day,
            taken_numbers_per_day,
            rates,
            cors_origins,
            metrics_token: source.metrics_token,
            password_cost,
            password_at_once: number("PASSWORD_AT_ONCE", source.password_at_once, 1..=256)?,
            password_waiting: number("PASSWORD_WAITING", source.password_waiting, 1..=10_000)?,
            second_factor: second_factor(source.second_factor_for.as_deref())?,
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
            Source { scanner_url: of("localhost:3310"), ..Source::default() },
            Source { second_factor_for: of("nobody"), ..Source::default() },
        ];
        let told: Vec<String> = wrong.into_iter().map(|one| read(one).expect_err("is wrong").to_string()).collect();
        assert_eq!(told[0], "PASSWORD_MEMORY_KIB is \"8\"; it should be a number from 12288 to 1048576");
        assert!(told[4].starts_with("TRUSTED_PROXIES") && told[5].starts_with("PROXY_HEADER"), "{told:?}");
        assert!(told[6].starts_with("SCANNER_URL") && told[7].starts_with("SECOND_FACTOR_FOR"), "{told:?}");
        let strict = read(Source { second_factor_for: of("everybody"), ..Source::default() }).expect("fine");
        assert_eq!(strict.second_factor, SecondFactor::Everybody);
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
