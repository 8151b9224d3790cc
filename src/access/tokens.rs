//! Access tokens: JWT signed with Ed25519, ten minutes long.
//!
//! The signing is ring's, which the TLS of the database connection brings along anyway; the two providers that ship with
//! `jsonwebtoken` would add an RSA implementation with a standing advisory, or a second C library.

use entity::id::{AccountId, SessionId};
use entity::time::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    signature::{Error as SignatureError, Signer, Verifier},
};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use thiserror::Error as ThisError;

/// Seconds an access token holds.
pub const ACCESS_SECONDS: i64 = 600;
const ISSUER: &str = "xiaonong";
const AUDIENCE: &str = "xiaonong-api";

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

/// Why there is no signing key.
#[derive(Debug, ThisError)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the token key file {path} cannot be used: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file holds something else.
    #[error("the token key file {path} does not hold an Ed25519 key in PKCS#8; remove it to have a new one made")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
}

/// Issues and reads access tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    key_id: String,
}

impl Tokens {
    /// Reads the signing key at `path`, making one readable by its owner only when there is none.
    ///
    /// # Errors
    /// [`KeyError`] when the file is unusable.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let file = |cause| KeyError::File { path: path.to_owned(), cause };
        if !path.exists() {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(file)?;
            }
            let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                .map_err(|_| KeyError::NotAKey { path: path.to_owned() })?;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(path) {
                Ok(mut handle) => handle.write_all(key.as_ref()).map_err(file)?,
                // Another process was faster; its key is read below.
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(file(cause)),
            }
        }
        let pkcs8 = std::fs::read(path).map_err(file)?;
        Self::from_pkcs8(&pkcs8).ok_or_else(|| KeyError::NotAKey { path: path.to_owned() })
    }

    /// Uses a key given as PKCS#8.
    #[must_use]
    pub fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        // Installed once for the process; a second call finds it there.
        let _ = PROVIDER.install_default();
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        let key_id = crate::http::hex(&digest::digest(&digest::SHA256, &public).as_ref()[..8]);
        Some(Self { encoding: EncodingKey::from_ed_der(pkcs8), decoding: DecodingKey::from_ed_der(&public), key_id })
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
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, &claims, &self.encoding)
    }

    /// Signs what is no token; answers the key's id and the signature in hex. The message must hold a character that
    /// no token has, so that neither can pass for the other.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<(String, String)> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(self.encoding.as_bytes()).ok()?;
        Some((self.key_id.clone(), crate::http::hex(pair.sign(message).as_ref())))
    }

    /// Whether the key `key_id` signed this; none when it is not one of ours.
    #[must_use]
    pub fn verify(&self, key_id: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        let key = self.decoding.try_get_as_bytes().ok().filter(|_| key_id == self.key_id)?;
        Some(UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok())
    }

    /// The claims of a token that is ours and not expired.
    #[must_use]
    pub fn read(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Expiry is checked below against our own clock.
        validation.validate_exp = false;
        let claims: Claims = jsonwebtoken::decode(token, &self.decoding, &validation).ok()?.claims;
        (claims.exp > now.0 / 1000).then_some(claims)
    }
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes())
                .map_err(|_| Error::from(ErrorKind::InvalidEddsaKey))?;
            Ok(Box::new(Ed25519Signer(pair)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::EdDSA => Ok(Box::new(Ed25519Verifier(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Ed25519Signer(Ed25519KeyPair);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Ed25519Verifier(Vec<u8>);

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn what_is_signed_holds_with_its_key_only() {
        let (ours, theirs) = (tokens(), tokens());
        let (key_id, signature) = ours.sign(b"a:b").expect("signs");
        let bytes: Vec<u8> = (0..signature.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).expect("hex"))
            .collect();
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
}
