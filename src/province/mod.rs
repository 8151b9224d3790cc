//! The province's data as one bundle of files: divisions, county lists, the reporting tree, indicators, and what the
//! demonstration shows. Nothing else in the service knows which province it serves.
//!
//! Owns the bundle that is built in and reads another one from a folder or a ZIP. Refuses files it does not know, and
//! names file and line of whatever does not read.

mod file;
mod places;

pub use file::{File, FileError, digest_of};

use serde::Deserialize;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    io::Read,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use thiserror::Error;

/// The bundle that is built in.
macro_rules! built_in {
    ($($name:literal)+) => { [$(($name, include_str!(concat!("built_in/", $name)))),+] };
}
const BUILT_IN: [(&str, &str); 13] = built_in!(
    "manifest.toml" "divisions.csv" "division_changes.csv" "county_lists.csv" "county_list_members.csv"
    "reporting_units.csv" "indicators.csv" "demo/schools.csv" "demo/suppliers.csv" "demo/households.csv"
    "demo/links.csv" "demo/offers.csv" "demo/accounts.csv"
);
/// Files a bundle must have.
const NEEDED: [&str; 7] = [
    "manifest.toml",
    "divisions.csv",
    "division_changes.csv",
    "county_lists.csv",
    "county_list_members.csv",
    "reporting_units.csv",
    "indicators.csv",
];
/// Files a bundle may have: a demonstration, all of it or none, and a catalogue instead of the built-in one.
const DEMO: [&str; 6] = [
    "demo/schools.csv",
    "demo/suppliers.csv",
    "demo/households.csv",
    "demo/links.csv",
    "demo/offers.csv",
    "demo/accounts.csv",
];
const CATALOGUE: [&str; 4] =
    ["catalogue/categories.csv", "catalogue/units.csv", "catalogue/products.csv", "catalogue/product_units.csv"];
/// Bytes a file may have.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Code of the province: its division and the top of its reporting tree.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Provinces whose goods the simulation's distributors bring in.
    #[serde(default)]
    pub neighbours: Vec<String>,
}

/// The files of a province.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// What it says of itself.
    pub manifest: Manifest,
    files: BTreeMap<&'static str, Cow<'static, str>>,
    places: OnceLock<HashSet<String>>,
}

/// Why a bundle is refused.
#[derive(Debug, Error)]
pub enum BundleError {
    /// It cannot be read.
    #[error("the province bundle {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The folder, the ZIP or the file in it.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// A file is not as it should be.
    #[error("the province bundle {}: {error}", path.display())]
    File {
        /// The folder or ZIP.
        path: PathBuf,
        /// Which file, which line, and what is wrong.
        error: FileError,
    },
}

impl PartialEq for Bundle {
    fn eq(&self, other: &Self) -> bool {
        self.manifest == other.manifest && self.files == other.files
    }
}

impl Bundle {
    /// The one that is built in.
    ///
    /// # Errors
    /// Never, as a test holds.
    pub fn built_in() -> Result<Self, FileError> {
        Self::of(BUILT_IN.into_iter().map(|(name, text)| (name, Cow::Borrowed(text))).collect())
    }

    /// Reads a bundle from a folder, or from a ZIP with the same files.
    ///
    /// # Errors
    /// [`BundleError`] when it cannot be read, lacks a file, holds one that is unknown or too large, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, BundleError> {
        let refuse = |error| BundleError::File { path: path.to_owned(), error };
        let bytes = if path.is_dir() { folder(path)? } else { archive(path)? };
        let mut files = BTreeMap::new();
        for (name, bytes) in bytes {
            let Some(known) = NEEDED.iter().chain(&DEMO).chain(&CATALOGUE).find(|known| **known == name) else {
                return Err(refuse(FileError { file: name, line: 1, problem: "no bundle has this file".to_owned() }));
            };
            if bytes.len() as u64 > MOST_BYTES {
                return Err(refuse(FileError::of(known, 1, "it is larger than 16 MB")));
            }
            let text = String::from_utf8(bytes).map_err(|error| {
                let read = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
                let line = 1 + read.filter(|byte| **byte == b'\n').count() as u64;
                refuse(FileError::of(known, line, "it is not UTF-8"))
            })?;
            // A byte order mark, as spreadsheets write it, is no part of the first column's name.
            files.insert(*known, Cow::Owned(text.trim_start_matches('\u{feff}').to_owned()));
        }
        Self::of(files).map_err(refuse)
    }

    fn of(files: BTreeMap<&'static str, Cow<'static, str>>) -> Result<Self, FileError> {
        if let Some(missing) = NEEDED.iter().find(|name| !files.contains_key(*name)) {
            return Err(FileError::of(missing, 1, "the bundle does not have it"));
        }
        for set in [&DEMO[..], &CATALOGUE[..]] {
            let missing = set.iter().find(|name| !files.contains_key(*name));
            if let Some(missing) = missing.filter(|_| set.iter().any(|name| files.contains_key(name))) {
                return Err(FileError::of(missing, 1, "the bundle has others of its folder and not this one"));
            }
        }
        let text = files.get("manifest.toml").map_or("", |text| text);
        let manifest = toml::from_str(text).map_err(|error| {
            let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
            FileError::of("manifest.toml", 1 + before.matches('\n').count() as u64, error.message().to_owned())
        })?;
        Ok(Self { manifest, files, places: OnceLock::new() })
    }

    /// The text of a file; `None` where the bundle does not have it.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(|text| &**text)
    }

    /// A file with the columns it must have.
    #[must_use]
    pub fn file(&self, name: &'static str, columns: &'static [&'static str]) -> File<'_> {
        File { name, text: self.text(name).unwrap_or_default(), columns }
    }

    /// What its places are called when they are typed, in lower case: no password is put together from these.
    #[must_use]
    pub fn place_words(&self) -> &HashSet<String> {
        self.places.get_or_init(|| places::words(self))
    }

    /// Whether it brings a demonstration along.
    #[must_use]
    pub fn has_demonstration(&self) -> bool {
        self.files.contains_key(DEMO[0])
    }

    /// Whether it brings a catalogue of its own.
    #[must_use]
    pub fn has_catalogue(&self) -> bool {
        self.files.contains_key(CATALOGUE[0])
    }
}

type Contents = Vec<(String, Vec<u8>)>;

/// The files of a folder and of the folders directly in it; texts that explain are passed over.
fn folder(path: &Path) -> Result<Contents, BundleError> {
    let unreadable = |path: &Path, error: &std::io::Error| BundleError::Unreadable {
        path: path.to_owned(),
        cause: error.to_string(),
    };
    let mut found = Vec::new();
    let mut folders = vec![(path.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?.path();
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() && prefix.is_empty() {
                folders.push((entry, format!("{name}/")));
            } else if is_data(&name) {
                let file = std::fs::File::open(&entry).map_err(|error| unreadable(&entry, &error))?;
                let mut bytes = Vec::new();
                file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&entry, &error))?;
                found.push((format!("{prefix}{name}"), bytes));
            }
        }
    }
    Ok(found)
}

fn archive(path: &Path) -> Result<Contents, BundleError> {
    let unreadable = |cause: String| BundleError::Unreadable { path: path.to_owned(), cause };
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| unreadable(error.to_string()))?;
    let mut found = Vec::new();
    // More entries than a bundle has files are not worth unpacking.
    for index in 0..archive.len().min(100) {
        let entry = archive.by_index(index).map_err(|error| unreadable(error.to_string()))?;
        let name = entry.name().map_err(|error| unreadable(error.to_string()))?.into_owned();
        if entry.is_dir() || !is_data(&name) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
        found.push((name, bytes));
    }
    Ok(found)
}

fn is_data(name: &str) -> bool {
    !name.starts_with('.') && Path::new(name).extension().is_none_or(|end| end != "md" && end != "txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_bundle_is_whole() {
        let bundle = Bundle::built_in().expect("reads");
        assert!(bundle.has_demonstration() && !bundle.has_catalogue());
        assert!(bundle.text("divisions.csv").is_some_and(|text| text.contains(&bundle.manifest.code)));
    }

    #[test]
    fn what_a_bundle_lacks_is_named() {
        let files = |change: fn(&mut BTreeMap<&'static str, Cow<'static, str>>)| {
            let mut files = BUILT_IN.into_iter().map(|(name, text)| (name, Cow::Borrowed(text))).collect();
            change(&mut files);
            Bundle::of(files).expect_err("refused").to_string()
        };
        let told = files(|files| drop(files.remove("indicators.csv")));
        assert_eq!(told, "indicators.csv, line 1: the bundle does not have it");
        let told = files(|files| drop(files.remove("demo/links.csv")));
        assert!(told.starts_with("demo/links.csv, line 1: the bundle has others"), "{told}");
        let told = files(|files| drop(files.insert("manifest.toml", "code = '1'\nnme = 'x'\n".into())));
        assert!(told.starts_with("manifest.toml, line 2: unknown field `nme`"), "{told}");
    }
}
