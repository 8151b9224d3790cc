//! The keys that sign access tokens: files that all replicas share.
//!
//! The first key is the file `TOKEN_KEY_FILE`; each rotation adds one to the folder `TOKEN_KEY_DIR`. The newest signs, from
//! five minutes after it was made so that everyone has read it; all that are not retired verify.

use crate::{http::hex, vault};
use entity::time::Timestamp;
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use std::{
    io::{Error, ErrorKind},
    path::{Path, PathBuf},
};
use thiserror::Error as ThisError;

/// How long a new key is published before it signs: readers of the key set and other replicas have it by then.
pub const AHEAD_MILLIS: i64 = 300_000;

/// The first key has no beginning.
pub(super) const ALWAYS: Timestamp = Timestamp(i64::MIN);

/// Why there is no key.
#[derive(Debug, ThisError)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file {path} cannot be used: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: Error,
    },
    /// The file holds something else.
    #[error("the token key file {path} does not hold an Ed25519 key in PKCS#8; remove it to have a new one made")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("the seal's key file {path} does not hold 32 bytes; what was sealed needs the file it was sealed with")]
    NotASecret {
        /// The file.
        path: PathBuf,
    },
    /// No key goes by this id.
    #[error("there is no key {id}")]
    Unknown {
        /// The id.
        id: String,
    },
    /// Without it nothing could be signed.
    #[error("the key {id} signs at present: rotate first (with --at-once if it was stolen)")]
    InUse {
        /// The id.
        id: String,
    },
}

/// One key.
pub struct Key {
    /// First half of the SHA-256 of the public key, in hex: the `kid` of its tokens.
    pub id: String,
    /// From when on it signs; the first key always did.
    pub signs_from: Timestamp,
    /// The public key.
    pub public: Vec<u8>,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    path: PathBuf,
}

impl Key {
    pub(super) fn from_pkcs8(pkcs8: &[u8], signs_from: Timestamp, path: PathBuf) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        let id = hex(&digest::digest(&digest::SHA256, &public).as_ref()[..8]);
        let (encoding, decoding) = (EncodingKey::from_ed_der(pkcs8), DecodingKey::from_ed_der(&public));
        Some(Self { id, signs_from, public, encoding, decoding, path })
    }
}

/// The keys in use, in the order they sign; never empty.
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    pub(super) fn of(key: Key) -> Self {
        Self(vec![key])
    }

    /// All of them, in the order they sign.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// The one that signs now.
    #[must_use]
    pub fn signing(&self, now: Timestamp) -> &Key {
        let ready = self.0.iter().rev().find(|key| key.signs_from <= now);
        ready.unwrap_or(&self.0[0])
    }

    /// The one with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

/// Where the keys are.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    /// The first key.
    pub first: PathBuf,
    /// Folder of those that followed.
    pub folder: PathBuf,
}

impl KeyFiles {
    /// Whether any key is there already.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.first.exists() || self.folder.read_dir().is_ok_and(|mut files| files.next().is_some())
    }

    /// Reads the keys; where there is none at all, the first one is made, readable by its owner only.
    ///
    /// # Errors
    /// [`KeyError`] when a file is unusable.
    pub fn load(&self) -> Result<KeyRing, KeyError> {
        let mut keys = Vec::new();
        for path in self.with_ending("pk8")? {
            let from = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('-').next());
            let from = Timestamp(from.and_then(|from| from.parse().ok()).unwrap_or_default());
            match std::fs::read(&path) {
                Ok(pkcs8) => {
                    let key = Key::from_pkcs8(&pkcs8, from, path.clone());
                    keys.push(key.ok_or(KeyError::NotAKey { path })?);
                }
                // Retired since the folder was listed.
                Err(cause) if cause.kind() == ErrorKind::NotFound => {}
                Err(cause) => return Err(KeyError::File { path, cause }),
            }
        }
        if keys.is_empty() || self.first.exists() {
            let pkcs8 = read_or_make(&self.first, new_pkcs8)?;
            let key = Key::from_pkcs8(&pkcs8, ALWAYS, self.first.clone());
            keys.push(key.ok_or_else(|| KeyError::NotAKey { path: self.first.clone() })?);
        }
        keys.sort_by(|a, b| (a.signs_from, &a.id).cmp(&(b.signs_from, &b.id)));
        Ok(KeyRing(keys))
    }

    fn with_ending(&self, end: &str) -> Result<Vec<PathBuf>, KeyError> {
        let fault = |cause| KeyError::File { path: self.folder.clone(), cause };
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(fault(cause)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(fault)?.path();
            if path.extension().is_some_and(|is| is == end) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// A key that was taken out of use: what it signed for good, such as the days of the audit trail, is still checked.
    pub(super) fn retired(&self, id: &str) -> Option<Key> {
        let mut paths = self.with_ending("retired").unwrap_or_default();
        paths.push(self.first.with_extension("retired"));
        let keys = paths.into_iter().filter_map(|path| Key::from_pkcs8(&std::fs::read(&path).ok()?, ALWAYS, path));
        keys.into_iter().find(|key| key.id == id)
    }

    /// Adds a key; it signs after five minutes, or `at_once`. Answers its id.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be written.
    pub fn rotate(&self, now: Timestamp, at_once: bool) -> Result<String, KeyError> {
        // A key must be there first: the folder alone would make it the only one.
        self.load()?;
        let path = |id: &str| self.folder.join(id);
        let from = if at_once { now.0 } else { now.0 + AHEAD_MILLIS };
        let pkcs8 = new_pkcs8().ok_or_else(|| KeyError::NotAKey { path: self.folder.clone() })?;
        let key = Key::from_pkcs8(&pkcs8, Timestamp(from), path(""));
        let id = key.ok_or_else(|| KeyError::NotAKey { path: self.folder.clone() })?.id;
        read_or_make(&path(&format!("{from}-{id}.pk8")), || Some(pkcs8))?;
        Ok(id)
    }

    /// Takes a key out of use; its tokens are void. The file is kept under another name.
    ///
    /// # Errors
    /// [`KeyError`] when there is no such key, or it is the one that signs.
    pub fn retire(&self, id: &str, now: Timestamp) -> Result<(), KeyError> {
        let ring = self.load()?;
        let key = ring.find(id).ok_or_else(|| KeyError::Unknown { id: id.to_owned() })?;
        if ring.signing(now).id == id {
            return Err(KeyError::InUse { id: id.to_owned() });
        }
        let kept = key.path.with_extension("retired");
        std::fs::rename(&key.path, &kept).map_err(|cause| KeyError::File { path: kept, cause })
    }
}

fn new_pkcs8() -> Option<Vec<u8>> {
    Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok().map(|key| key.as_ref().to_vec())
}

/// A key file, made where there is none.
pub(super) fn read_or_make(path: &Path, make: impl FnOnce() -> Option<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
    vault::read_or_make(path, make).map_err(|cause| KeyError::File { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(name: &str) -> KeyFiles {
        let folder = std::env::temp_dir().join(format!("xiaonong-keys-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        KeyFiles { first: folder.join("token.key"), folder: folder.join("keys") }
    }

    #[test]
    fn a_new_key_signs_after_five_minutes_and_the_old_one_verifies_until_retired() {
        let (files, now) = (files("rotate"), Timestamp(1_000_000_000));
        let first = files.load().expect("made").signing(now).id.clone();
        let second = files.rotate(now, false).expect("rotates");
        let ring = files.load().expect("reads");
        let at = |millis: i64| ring.signing(Timestamp(now.0 + millis)).id.clone();
        assert_eq!((at(AHEAD_MILLIS - 1), at(AHEAD_MILLIS)), (first.clone(), second.clone()));
        assert!(matches!(files.retire(&first, now), Err(KeyError::InUse { .. })));
        let later = Timestamp(now.0 + AHEAD_MILLIS);
        files.retire(&first, later).expect("retires");
        let ring = files.load().expect("the first is not made again");
        assert!(ring.find(&first).is_none() && ring.find(&second).is_some());
        assert!(matches!(files.retire(&first, later), Err(KeyError::Unknown { .. })));
        assert!(matches!(files.retire(&second, later), Err(KeyError::InUse { .. })));
        let later = Timestamp(later.0 + 1);
        let third = files.rotate(later, true).expect("rotates");
        assert_eq!(files.load().expect("reads").signing(later).id, third, "at once");
        files.retire(&second, later).expect("retires");
        assert_eq!(files.load().expect("reads").keys().len(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn keys_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let files = files("mode");
        files.rotate(Timestamp(0), false).expect("rotates");
        for key in files.load().expect("reads").keys() {
            let mode = std::fs::metadata(&key.path).expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", key.path.display());
        }
        std::fs::write(&files.first, b"not a key").expect("writes");
        assert!(matches!(files.load(), Err(KeyError::NotAKey { .. })));
    }
}
