//! Access tokens: JWT signed with Ed25519, ten minutes long, under keys that can be rotated while serving.

use super::{
    keys::{ALWAYS, Key, KeyError, KeyFiles, KeyRing},
    signing,
};
use crate::http::hex;
use entity::{
    id::{AccountId, SessionId},
    time::Timestamp,
};
use jsonwebtoken::{Algorithm, Header, Validation, errors::Error};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

/// Seconds an access token holds.
pub const ACCESS_SECONDS: i64 = 600;
const ISSUER: &str = "xiaonong";
const AUDIENCE: &str = "xiaonong-api";
/// A token with an unknown key makes us look for new keys at most this often, whoever sends it.
const LOOK_AGAIN_MILLIS: i64 = 1_000;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// The account.
    pub sub: AccountId,
    /// The session it was issued in.
    pub sid: SessionId,
    iat: i64,
    /// Seconds since 1970 after which it is void.
    pub exp: i64,
}

/// Issues and reads access tokens.
pub struct Tokens {
    ring: RwLock<Arc<KeyRing>>,
    files: Option<KeyFiles>,
    looked_at: AtomicI64,
}

impl Tokens {
    /// Reads the keys, making the first one when there is none.
    ///
    /// # Errors
    /// [`KeyError`] when a file is unusable.
    pub fn from_files(files: KeyFiles) -> Result<Self, KeyError> {
        signing::install();
        let ring = RwLock::new(Arc::new(files.load()?));
        Ok(Self { ring, files: Some(files), looked_at: AtomicI64::new(i64::MIN) })
    }

    /// The same with the folder of later keys beside the first one.
    ///
    /// # Errors
    /// [`KeyError`] when a file is unusable.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let folder = path.parent().unwrap_or(Path::new(".")).join("keys");
        Self::from_files(KeyFiles { first: path.to_owned(), folder })
    }

    /// Uses one key given as PKCS#8; it cannot be rotated.
    #[must_use]
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        signing::install();
        let key = Key::from_pkcs8(pkcs8, ALWAYS, PathBuf::new())?;
        Some(Self { ring: RwLock::new(Arc::new(KeyRing::of(key))), files: None, looked_at: AtomicI64::new(i64::MIN) })
    }

    /// The keys as they were last read.
    #[must_use]
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys again; where that fails the present ones stay, and the log says so.
    pub fn reload(&self, now: Timestamp) {
        self.looked_at.store(now.0, Ordering::Relaxed);
        let Some(files) = &self.files else { return };
        match files.load() {
            Ok(ring) => *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring),
            Err(error) => tracing::error!(%error, "the token keys cannot be read again; the present ones stay"),
        }
    }

    /// A token for this account and session.
    ///
    /// # Errors
    /// When signing fails.
    pub fn issue(&self, account: AccountId, session: SessionId, now: Timestamp) -> Result<String, Error> {
        let iat = now.0 / 1000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account,
            sid: session,
            iat,
            exp: iat + ACCESS_SECONDS,
        };
        let ring = self.ring();
        let key = ring.signing(now);
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, &claims, &key.encoding)
    }

    /// Signs what is no token; answers the key's id and the signature in hex. The message must hold a character that
    /// no token has, so that neither can pass for the other.
    #[must_use]
    pub fn sign(&self, message: &[u8], now: Timestamp) -> Option<(String, String)> {
        let ring = self.ring();
        let key = ring.signing(now);
        Some((key.id.clone(), hex(&signing::sign(key.encoding.as_bytes(), message)?)))
    }

    /// Whether the key `key_id`, retired or not, signed this; none when it is not one of ours.
    #[must_use]
    pub fn verify(&self, key_id: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        if let Some(key) = self.ring().find(key_id) {
            return Some(signing::holds(&key.public, message, signature));
        }
        let key = self.files.as_ref()?.retired(key_id)?;
        Some(signing::holds(&key.public, message, signature))
    }

    /// The claims of a token that is ours and not expired.
    #[must_use]
    pub fn read(&self, token: &str, now: Timestamp) -> Option<Claims> {
        // Only our own algorithm, and the key by the name it signs under: the header decides nothing else.
        let header = jsonwebtoken::decode_header(token).ok()?;
        let id = header.kid.filter(|_| header.alg == Algorithm::EdDSA)?;
        let mut ring = self.ring();
        if ring.find(&id).is_none() && self.files.is_some() {
            let looked_at = self.looked_at.load(Ordering::Relaxed);
            if !(0..LOOK_AGAIN_MILLIS).contains(&now.0.saturating_sub(looked_at)) {
                self.reload(now);
                ring = self.ring();
            }
        }
        let key = ring.find(&id)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Expiry is checked below against our own clock.
        validation.validate_exp = false;
        let claims: Claims = jsonwebtoken::decode(token, &key.decoding, &validation).ok()?.claims;
        (claims.exp > now.0 / 1000).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::unhex;
    use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
    use uuid::Uuid;

    fn tokens() -> Tokens {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Tokens::from_pkcs8(key.as_ref()).expect("usable")
    }

    #[test]
    fn a_token_holds_ten_minutes_and_only_with_its_key() {
        let (ours, theirs) = (tokens(), tokens());
        let account = AccountId(Uuid::from_u128(7));
        let token = ours.issue(account, SessionId(Uuid::from_u128(8)), Timestamp(1_000_000)).expect("signs");
        let at = |seconds: i64| ours.read(&token, Timestamp(1_000_000 + seconds * 1000));
        assert_eq!(at(ACCESS_SECONDS - 1).map(|claims| claims.sub), Some(account));
        assert!(at(ACCESS_SECONDS).is_none());
        assert!(theirs.read(&token, Timestamp(1_000_000)).is_none());
    }

    #[test]
    fn a_retired_key_still_vouches_for_what_it_signed() {
        let folder = std::env::temp_dir().join(format!("xiaonong-retired-{}", std::process::id()));
        let tokens = Tokens::from_file(&folder.join("token.key")).expect("keys");
        let (now, later) = (Timestamp(1_000), Timestamp(2_000));
        let (old, signature) = tokens.sign(b"a:b", now).expect("signs");
        let files = KeyFiles { first: folder.join("token.key"), folder: folder.join("keys") };
        files.rotate(now, true).expect("rotates");
        files.retire(&old, later).expect("retires");
        tokens.reload(later);
        assert!(tokens.ring().find(&old).is_none());
        let bytes = unhex(&signature).expect("hex");
        assert_eq!(tokens.verify(&old, b"a:b", &bytes), Some(true));
        assert_eq!(tokens.verify(&old, b"a:c", &bytes), Some(false));
        std::fs::remove_dir_all(folder).expect("removes");
    }

    #[test]
    fn what_is_signed_holds_with_its_key_only() {
        let (ours, theirs) = (tokens(), tokens());
        let (key_id, signature) = ours.sign(b"a:b", Timestamp(0)).expect("signs");
        let bytes = unhex(&signature).expect("hex");
        assert_eq!(ours.verify(&key_id, b"a:b", &bytes), Some(true));
        assert_eq!(ours.verify(&key_id, b"a:c", &bytes), Some(false));
        assert_eq!(theirs.verify(&key_id, b"a:b", &bytes), None);
    }

    #[test]
    fn another_algorithm_is_refused() {
        let ours = tokens();
        // {"alg":"none"}.{"sub":…} and an HS256 header over the same claims: neither is read.
        let token = ours.issue(AccountId(Uuid::nil()), SessionId(Uuid::nil()), Timestamp(0)).expect("signs");
        let claims = token.split('.').nth(1).expect("three parts");
        for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9"] {
            assert!(ours.read(&format!("{header}.{claims}."), Timestamp(0)).is_none());
            assert!(ours.read(&format!("{header}.{claims}.AAAA"), Timestamp(0)).is_none());
        }
    }

    #[test]
    fn a_running_service_picks_a_rotation_up() {
        let folder = std::env::temp_dir().join(format!("xiaonong-tokens-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let files = KeyFiles { first: folder.join("token.key"), folder: folder.join("keys") };
        let (here, there) = (Tokens::from_file(&files.first), Tokens::from_file(&files.first));
        let (here, there) = (here.expect("made"), there.expect("read"));
        let (account, session) = (AccountId(Uuid::from_u128(7)), SessionId(Uuid::from_u128(8)));
        let now = Timestamp(1_000_000_000);
        let old = here.issue(account, session, now).expect("signs");
        files.rotate(now, true).expect("rotates");
        here.reload(now);
        let new = here.issue(account, session, now).expect("signs");
        let kid = |token: &str| jsonwebtoken::decode_header(token).expect("a header").kid;
        assert_ne!(kid(&old), kid(&new));
        // The other replica has not looked at the folder; the unknown key makes it look.
        assert!(there.read(&new, now).is_some() && there.read(&old, now).is_some());
        files.retire(&kid(&old).expect("an id"), now).expect("retires");
        there.reload(now);
        assert!(there.read(&old, now).is_none(), "a retired key's tokens are void");
        assert!(there.read(&new, now).is_some());
    }
}
