//! Passwords: argon2id, checked off the async threads and a few at a time, so that a storm of log-ins leaves the other
//! calls their processor.

use crate::http::{ApiError, Check, Text};
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// Checks that may run at once.
const AT_ONCE: usize = 2;
/// Characters a password needs at least (NIST SP 800-63B with no second factor).
pub const MIN_LENGTH: usize = 12;
const MAX_LENGTH: usize = 128;

/// Cost of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// 19 MiB, two passes: the default of OWASP's cheat sheet.
    Strong,
    /// As little as the algorithm allows: for tests and the demonstration's published passwords only.
    Light,
}

fn hasher(cost: Cost) -> Argon2<'static> {
    match cost {
        Cost::Strong => Argon2::default(),
        Cost::Light => {
            let params = Params::new(8, 1, 1, None).unwrap_or_default();
            Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        }
    }
}

fn permits() -> Arc<Semaphore> {
    static PERMITS: OnceLock<Arc<Semaphore>> = OnceLock::new();
    Arc::clone(PERMITS.get_or_init(|| Arc::new(Semaphore::new(AT_ONCE))))
}

/// The PHC string of a password.
///
/// # Errors
/// 500 when hashing fails.
pub async fn hash(password: String, cost: Cost) -> Result<String, ApiError> {
    let _permit = permits().acquire_owned().await.map_err(ApiError::internal)?;
    tokio::task::spawn_blocking(move || hasher(cost).hash_password(password.as_bytes()).map(|hash| hash.to_string()))
        .await
        .map_err(ApiError::internal)?
        .map_err(|error| ApiError::internal(error.to_string()))
}

/// Whether `password` is the one behind `stored`. Without a stored hash the same work is done for nothing, so that an
/// unknown name takes as long as a wrong password.
///
/// # Errors
/// 500 when the check cannot run.
pub async fn verify(password: String, stored: Option<String>, cost: Cost) -> Result<bool, ApiError> {
    let _permit = permits().acquire_owned().await.map_err(ApiError::internal)?;
    tokio::task::spawn_blocking(move || {
        let Some(stored) = stored else {
            let _ = hasher(cost).hash_password(password.as_bytes());
            return false;
        };
        PasswordHash::new(&stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
    .map_err(ApiError::internal)
}

/// Notes what is wrong with a new password.
pub fn check(check: &mut Check, pointer: &str, password: &str, username: &str) {
    let length = password.chars().count();
    check.that(
        (MIN_LENGTH..=MAX_LENGTH).contains(&length),
        pointer,
        "password_length",
        Text::new(
            format!("口令须为 {MIN_LENGTH} 至 {MAX_LENGTH} 个字符。"),
            format!("A password has {MIN_LENGTH} to {MAX_LENGTH} characters."),
        ),
    );
    check.that(
        username.is_empty() || !password.to_lowercase().contains(&username.to_lowercase()),
        pointer,
        "password_contains_name",
        Text::new("口令不能包含用户名。", "A password must not contain the user name."),
    );
}
