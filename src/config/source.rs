//! Where settings come from: one layer each for the file, the environment and the flags.

use super::SettingsError;
use crate::vault::Secret;
use serde::Deserialize;
use std::path::Path;

/// A setting is named once: the file has it as it stands here, the environment in capitals.
macro_rules! layer {
    ($($(#[$about:meta])* $name:ident: $kind:ty,)*) => {
        /// Values from one source, most of them absent.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Source {
            $($(#[$about])* pub $name: Option<$kind>,)*
        }

        impl Source {
            /// What the environment says.
            #[must_use]
            pub fn environment() -> Self {
                Self { $($name: from_environment(stringify!($name)).map(<$kind>::from),)* }
            }

            /// These values, and `below` where there are none.
            #[must_use]
            pub fn over(self, below: Self) -> Self {
                Self { $($name: self.$name.or(below.$name),)* }
            }
        }
    };
}

layer! {
    /// See [`super::Settings::database_url`].
    database_url: String,
    /// See [`super::Settings::database_read_url`].
    database_read_url: String,
    /// See [`super::Settings::redis_url`].
    redis_url: String,
    /// See [`super::Settings::listen_addr`].
    listen_addr: String,
    /// See [`super::Settings::data_dir`].
    data_dir: String,
    /// See [`super::Settings::token_keys`].
    token_key_file: String,
    /// File of the master key; see [`super::Settings::master_keys`].
    vault_key_file: String,
    /// The master key itself, 32 bytes in hex or base64, instead of the file.
    vault_key: Secret,
    /// The master key to change over to, where the present one is given as a text too.
    vault_key_next: Secret,
    /// See [`super::Settings::documents`]: a folder, or `s3://BUCKET/PREFIX`.
    documents_url: String,
    /// Address of the S3-compatible service.
    s3_endpoint: String,
    /// Its region.
    s3_region: String,
    /// Id of the key to it.
    s3_access_key_id: String,
    /// The key to it.
    s3_secret_access_key: Secret,
    /// See [`super::Settings::document_limit`]; in megabytes.
    document_max_mb: String,
    /// See [`super::Settings::reveals_per_day`].
    reveals_per_day: String,
    /// See [`super::Settings::taken_numbers_per_day`].
    taken_numbers_per_day: String,
    /// Requests a minute of an account, 0 for no limit.
    rate_per_account: String,
    /// Changes a minute of an account, 0 for no limit.
    rate_writes_per_account: String,
    /// Requests a minute of an address, 0 for no limit.
    rate_per_address: String,
    /// See [`super::Settings::scanner`]: `tcp://HOST:PORT` or `unix:/PATH`.
    scanner_url: String,
    /// See [`super::Settings::second_factor`]: `managers` or `everybody`.
    second_factor_for: String,
    /// See [`super::Settings::cors_origins`]; with commas between.
    cors_origins: String,
    /// See [`super::Settings::metrics_token`].
    metrics_token: Secret,
    /// See [`super::Settings::token_keys`].
    token_key_dir: String,
    /// See [`super::Settings::seal_key_file`].
    seal_key_file: String,
    /// See [`super::Settings::password_cost`].
    password_memory_kib: String,
    /// See [`super::Settings::password_cost`].
    password_passes: String,
    /// See [`super::Settings::password_at_once`].
    password_at_once: String,
    /// See [`super::Settings::password_waiting`].
    password_waiting: String,
    /// See [`super::Settings::proxies`].
    trusted_proxies: String,
    /// See [`super::Settings::proxies`].
    proxy_header: String,
    /// See [`super::Settings::bulk_tolerance_bp`].
    bulk_tolerance_bp: String,
    /// See [`super::Settings::notice_days`].
    notice_days: String,
    /// See [`super::Settings::list_shrink_bp`].
    list_shrink_bp: String,
    /// See [`super::Settings::registry_shrink_bp`].
    registry_shrink_bp: String,
    /// See [`super::Settings::province`]: a folder or a ZIP.
    province_bundle: String,
    /// See [`super::Settings::log`].
    log: String,
}

#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
fn from_environment(name: &str) -> Option<String> {
    std::env::var(name.to_ascii_uppercase()).ok().filter(|value| !value.trim().is_empty())
}

impl Source {
    /// What a TOML file says.
    ///
    /// # Errors
    /// [`SettingsError::File`] when it is not there, not TOML, or names a setting we do not know.
    pub fn file(path: &Path) -> Result<Self, SettingsError> {
        let wrong = |cause: String| SettingsError::File { path: path.display().to_string(), cause };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))
    }
}
