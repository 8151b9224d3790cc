//! Reads the text of one setting each; what is wrong says what it should be.

use super::{SettingsError, hide_password};
use crate::{
    access::SecondFactor,
    http::{ForwardHeader, Proxies},
    province::Bundle,
    store::{Bucket, FilesAt, Scanner},
    vault::{MasterKey, Secret},
};
use std::{
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
};
use tracing_subscriber::EnvFilter;

/// The bundle at a path, else the one that is built in.
pub(super) fn province(path: Option<&str>) -> Result<Bundle, SettingsError> {
    let told = |error: &dyn Display| SettingsError::Province(error.to_string());
    match path {
        Some(path) => Bundle::read(Path::new(path)).map_err(|error| told(&error)),
        None => Bundle::built_in().map_err(|error| told(&error)),
    }
}

pub(super) fn basis_points(
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

/// A filter of the log that can be read.
pub(super) fn log_filter(text: Option<String>) -> Result<String, SettingsError> {
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
pub(super) struct S3 {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub key_id: Option<String>,
    pub key: Option<Secret>,
}

/// A folder, or `s3://BUCKET/PREFIX`.
pub(super) fn files_at(url: String, s3: S3) -> Result<FilesAt, SettingsError> {
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
pub(super) fn master_key(name: &'static str, text: Option<&Secret>) -> Result<Option<MasterKey>, SettingsError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = SettingsError::Value { name, value: "***".to_owned(), wanted: "32 bytes in hex or base64".into() };
    MasterKey::parse(text).map(Some).ok_or(wrong)
}

/// A whole number up to a million, or `default` where there is none.
pub(super) fn count(name: &'static str, text: Option<String>, default: u64) -> Result<u64, SettingsError> {
    let Some(text) = text else { return Ok(default) };
    let read = text.trim().parse().ok().filter(|count| *count <= 1_000_000);
    read.ok_or(SettingsError::Value { name, value: text, wanted: "a whole number from 0 to 1000000".into() })
}

/// What stands between commas, each read by `read`; none where there is no text.
pub(super) fn list<T>(
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
pub(super) fn origin(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    (!rest.is_empty() && rest.bytes().all(fits)).then(|| text.to_owned())
}

/// A number that may be absent.
pub(super) fn number<T>(
    name: &'static str,
    given: Option<String>,
    range: RangeInclusive<T>,
) -> Result<Option<T>, SettingsError>
where
    T: FromStr + PartialOrd + Display,
{
    let Some(value) = given else { return Ok(None) };
    let wanted = || format!("a number from {} to {}", range.start(), range.end()).into();
    let read = value.trim().parse().ok().filter(|number| range.contains(number));
    read.map(Some).ok_or_else(|| SettingsError::Value { name, value, wanted: wanted() })
}

/// Who is asked about files.
pub(super) fn scanner(text: Option<String>) -> Result<Option<Scanner>, SettingsError> {
    let Some(value) = text else { return Ok(None) };
    let wanted = "tcp://HOST:PORT or unix:/PATH of a ClamAV service".into();
    Scanner::parse(&value).map(Some).ok_or(SettingsError::Value { name: "SCANNER_URL", value, wanted })
}

/// For whom a second factor is compulsory.
pub(super) fn second_factor(text: Option<&str>) -> Result<SecondFactor, SettingsError> {
    match text.map(str::trim) {
        None | Some("managers") => Ok(SecondFactor::Compulsory),
        Some("everybody") => Ok(SecondFactor::Everybody),
        Some(other) => {
            let wanted = "managers (administrators and officers who manage) or everybody".into();
            Err(SettingsError::Value { name: "SECOND_FACTOR_FOR", value: other.to_owned(), wanted })
        }
    }
}

pub(super) fn proxies(list: Option<String>, header: Option<&str>) -> Result<Proxies, SettingsError> {
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
