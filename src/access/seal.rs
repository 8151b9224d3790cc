//! What must be read back and must not lie open in the database: sealed by AES-256-GCM under a key kept outside it.
//!
//! The key file is 32 random bytes beside the token keys; replicas share it. From it two keys are drawn (HKDF), one to
//! seal and one for keyed hashes.

use super::keys::{self, KeyError};
use crate::http::{ApiError, hex};
use data_encoding::HEXLOWER;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
    rand::{SecureRandom, SystemRandom},
};
use std::{path::PathBuf, sync::OnceLock};

const SECRET_LENGTH: usize = 32;
/// Written before each sealed text, so that another way of sealing can follow.
const VERSION: &str = "v1.";

struct Keys {
    seal: LessSafeKey,
    tag: hmac::Key,
}

/// Seals, opens and tags. The key file is read, or made, when it is first needed.
pub struct Seal {
    path: PathBuf,
    keys: OnceLock<Keys>,
}

impl Seal {
    /// A seal whose key is in the file at `path`.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, keys: OnceLock::new() }
    }

    /// Reads or makes the key file now, so that a start fails early.
    ///
    /// # Errors
    /// [`KeyError`] when the file is unusable.
    pub fn ready(&self) -> Result<(), KeyError> {
        self.keys().map(drop)
    }

    fn keys(&self) -> Result<&Keys, KeyError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let unusable = || KeyError::NotASecret { path: self.path.clone() };
        let secret = keys::read_or_make(&self.path, || {
            let mut secret = vec![0; SECRET_LENGTH];
            SystemRandom::new().fill(&mut secret).ok().map(|()| secret)
        })?;
        if secret.len() != SECRET_LENGTH {
            return Err(unusable());
        }
        let drawn = hkdf::Salt::new(hkdf::HKDF_SHA256, b"xiaonong seal").extract(&secret);
        let seal = drawn.expand(&[b"seal"], &AES_256_GCM).map_err(|_| unusable())?;
        let tag = drawn.expand(&[b"tag"], hmac::HMAC_SHA256).map_err(|_| unusable())?;
        let keys = Keys { seal: LessSafeKey::new(UnboundKey::from(seal)), tag: hmac::Key::from(tag) };
        Ok(self.keys.get_or_init(|| keys))
    }

    /// `plain`, sealed for the place `context`; it opens nowhere else. `nonce` must be fresh random bytes.
    ///
    /// # Errors
    /// 500 when the key cannot be read.
    pub fn close(&self, plain: &[u8], context: &[u8], nonce: [u8; NONCE_LEN]) -> Result<String, ApiError> {
        let keys = self.keys().map_err(ApiError::internal)?;
        let mut bytes = plain.to_vec();
        keys.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut bytes)
            .map_err(|_| ApiError::internal("sealing failed"))?;
        Ok(format!("{VERSION}{}{}", hex(&nonce), hex(&bytes)))
    }

    /// What was sealed for the place `context`.
    ///
    /// # Errors
    /// 500 when it was sealed under another key or for another place, or was changed.
    pub fn open(&self, sealed: &str, context: &[u8]) -> Result<Vec<u8>, ApiError> {
        let keys = self.keys().map_err(ApiError::internal)?;
        let refused = || ApiError::internal("a sealed value does not open: was the seal's key file replaced?");
        let bytes =
            sealed.strip_prefix(VERSION).and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok()).ok_or_else(refused)?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(refused)?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = keys.seal.open_in_place(nonce, Aad::from(context), &mut rest).map_err(|_| refused())?;
        Ok(plain.to_vec())
    }

    /// A keyed hash in hex: worth nothing to who holds the database alone.
    ///
    /// # Errors
    /// 500 when the key cannot be read.
    pub fn tag(&self, parts: &[&[u8]]) -> Result<String, ApiError> {
        let keys = self.keys().map_err(ApiError::internal)?;
        let mut context = hmac::Context::with_key(&keys.tag);
        for part in parts {
            // The length keeps neighbours apart.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        Ok(hex(context.sign().as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(name: &str) -> Seal {
        let folder = std::env::temp_dir().join(format!("xiaonong-seal-{}", std::process::id()));
        Seal::at(folder.join(name))
    }

    #[test]
    fn what_is_sealed_opens_only_here_and_unchanged() {
        let ours = seal("ours");
        let sealed = ours.close(b"secret", b"li.lan", [7; NONCE_LEN]).expect("seals");
        assert!(!sealed.contains(&hex(b"secret")));
        assert_eq!(ours.open(&sealed, b"li.lan").expect("opens"), b"secret");
        assert_eq!(seal("ours").open(&sealed, b"li.lan").expect("the file is kept"), b"secret");
        assert!(ours.open(&sealed, b"wu.mei").is_err(), "another place");
        assert!(seal("theirs").open(&sealed, b"li.lan").is_err(), "another key");
        let last = if sealed.ends_with('0') { '1' } else { '0' };
        assert!(ours.open(&format!("{}{last}", &sealed[..sealed.len() - 1]), b"li.lan").is_err(), "changed");
        assert!(ours.open("v1.00", b"li.lan").is_err() && ours.open("öö", b"").is_err());
    }

    #[test]
    fn a_tag_depends_on_the_key_and_on_each_part() {
        let ours = seal("tags");
        let tag = ours.tag(&[b"ab", b"c"]).expect("tags");
        assert_eq!(tag, ours.tag(&[b"ab", b"c"]).expect("tags"));
        assert_ne!(tag, ours.tag(&[b"a", b"bc"]).expect("tags"));
        assert_ne!(tag, seal("other-tags").tag(&[b"ab", b"c"]).expect("tags"));
    }
}
