//! The master key: 32 bytes from a file only its owner reads, or from the environment. It wraps the data keys and
//! nothing else.

use super::Secret;
use crate::http::{hex, unhex};
use data_encoding::BASE64;
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};
use thiserror::Error;

/// Why there is no master key.
#[derive(Debug, Error)]
pub enum MasterError {
    /// The file cannot be read or written.
    #[error("the vault key file {path} cannot be used: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// What is there is no key.
    #[error("{0} does not hold a vault key: 32 bytes in hex or base64 are needed")]
    NotAKey(String),
    /// The data is there and its key is not.
    #[error("the vault key file {0} is missing, and without it the stored personal data cannot be read: put it back")]
    Missing(PathBuf),
    /// There is nothing to change over to.
    #[error("VAULT_KEY_NEXT must hold the new vault key: the present one comes from the environment, not from a file")]
    NoNext,
}

/// A master key. Prints as `***`.
#[derive(Clone)]
pub struct MasterKey(Arc<LessSafeKey>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl MasterKey {
    /// Reads 32 bytes in hex or base64.
    #[must_use]
    pub fn parse(text: &Secret) -> Option<Self> {
        let text = text.expose().trim();
        let bytes = if text.len() == 64 { unhex(text)? } else { BASE64.decode(text.as_bytes()).ok()? };
        Self::from_bytes(&bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, bytes).ok().map(|key| Self(Arc::new(LessSafeKey::new(key))))
    }

    pub(super) fn aead(&self) -> &LessSafeKey {
        &self.0
    }
}

/// Where the master key comes from.
#[derive(Clone, Debug)]
pub enum MasterSource {
    /// A file, and while the key is being changed, a second one beside it ending in `.next`.
    File(PathBuf),
    /// Keys handed in by the environment.
    Given {
        /// The present key.
        current: MasterKey,
        /// The key to change over to.
        next: Option<MasterKey>,
    },
}

impl MasterSource {
    /// The keys to try, the present one first. Files are read anew each time: another process may have changed them.
    pub(super) fn candidates(&self) -> Result<Vec<MasterKey>, MasterError> {
        match self {
            Self::Given { current, next } => {
                Ok([Some(current), next.as_ref()].into_iter().flatten().cloned().collect())
            }
            Self::File(path) => {
                let found = [read(path)?, read(&next_of(path))?].into_iter().flatten().collect::<Vec<_>>();
                if found.is_empty() { Err(MasterError::Missing(path.clone())) } else { Ok(found) }
            }
        }
    }

    /// The key to wrap a first data key with; a file is made, from `fresh`, where there is none yet.
    pub(super) fn first(&self, fresh: [u8; 32]) -> Result<MasterKey, MasterError> {
        match self {
            Self::Given { current, .. } => Ok(current.clone()),
            Self::File(path) => read_or_make(path, fresh),
        }
    }

    /// The key to change over to; kept beside the present one until [`Self::settle`].
    pub(super) fn next(&self, fresh: [u8; 32]) -> Result<MasterKey, MasterError> {
        match self {
            Self::Given { next, .. } => next.clone().ok_or(MasterError::NoNext),
            Self::File(path) => read_or_make(&next_of(path), fresh),
        }
    }

    /// Puts the next key's file in the place of the present one: after all data keys are wrapped by it.
    pub(super) fn settle(&self) -> Result<(), MasterError> {
        match self {
            Self::Given { .. } => Ok(()),
            Self::File(path) => {
                std::fs::rename(next_of(path), path).map_err(|cause| MasterError::File { path: path.clone(), cause })
            }
        }
    }
}

fn next_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

fn read(path: &Path) -> Result<Option<MasterKey>, MasterError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let key = MasterKey::parse(&Secret::new(text));
            key.map(Some).ok_or_else(|| MasterError::NotAKey(path.display().to_string()))
        }
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(MasterError::File { path: path.to_owned(), cause }),
    }
}

fn read_or_make(path: &Path, fresh: [u8; 32]) -> Result<MasterKey, MasterError> {
    let made = super::file::read_or_make(path, || Some(format!("{}\n", hex(&fresh)).into_bytes()));
    made.map_err(|cause| MasterError::File { path: path.to_owned(), cause })?;
    read(path)?.ok_or_else(|| MasterError::Missing(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_in_hex_or_base64() {
        let parse = |text: &str| MasterKey::parse(&Secret::new(text.to_owned()));
        assert!(parse(&"0f".repeat(32)).is_some());
        assert!(parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").is_some());
        for wrong in ["", "0f0f", &"0g".repeat(32), "AAECAwQ="] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{:?}", parse(&"0f".repeat(32))), "Some(***)");
    }
}
