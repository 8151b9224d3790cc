//! Passwords: argon2id, checked a few at a time by threads that step back for everybody else, so that a storm of log-ins
//! leaves the other calls their processor; and the rules for new ones (NIST SP 800-63B): length and a list, no composition.

use super::{background, common, totp::same};
use crate::http::{ApiError, Check, Text};
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization;

/// Characters a password needs at least (NIST SP 800-63B with no second factor).
pub const MIN_LENGTH: usize = 12;
const MAX_LENGTH: usize = 128;
/// Memory of [`Cost::Strong`] in KiB.
pub const STRONG_KIB: u32 = 12 * 1024;
/// Passes of [`Cost::Strong`].
pub const STRONG_PASSES: u32 = 3;
/// Checks that wait at most where nothing else is set.
const MOST_WAITING: usize = 64;

/// Cost of a hash. A stored hash of another cost is made again at the next log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// 12 MiB, three passes: of the costs that OWASP's cheat sheet holds for equal, one that leaves a small server its
    /// memory and the processor's caches to the other calls.
    Strong,
    /// What the settings ask for, never less than [`Cost::Strong`].
    Tuned {
        /// Memory in KiB.
        kib: u32,
        /// Passes over it.
        passes: u32,
    },
    /// As little as the algorithm allows: for tests and the demonstration's published passwords only.
    Light,
}

fn params(cost: Cost) -> Params {
    let params = match cost {
        Cost::Strong => Params::new(STRONG_KIB, STRONG_PASSES, 1, None),
        Cost::Tuned { kib, passes } => Params::new(kib, passes, 1, None),
        Cost::Light => Params::new(8, 1, 1, None),
    };
    params.unwrap_or_default()
}

fn hasher(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What a hash is computed in. Taking and giving back a dozen MiB holds up every thread of the process, so one check
/// hands it to the next while anybody waits.
type Memory = Vec<Block>;

/// Blocks of memory the allocator is asked for at least: 33 MiB. glibc maps what is above 32 MiB by itself and gives it
/// back to the system when it is freed; less would stay with the process for good after the first few log-ins. What a hash
/// does not touch of it costs nothing.
const LEAST_RESERVED: usize = 33 * 1024;

/// The hash itself. What `memory` held before has no part in it.
fn digest(params: Params, password: &str, salt: &[u8], memory: &mut Memory) -> argon2::Result<Output> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.reserve_exact(blocks.max(LEAST_RESERVED) - memory.len());
        memory.resize(blocks, Block::default());
    }
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    hasher(params).hash_password_into_with_memory(password.as_bytes(), salt, &mut out, &mut memory[..blocks])?;
    Output::new(&out).map_err(|_| argon2::Error::OutputTooShort)
}

fn stored(params: Params, password: &str, salt: &[u8; SALT_BYTES], memory: &mut Memory) -> Result<String, ApiError> {
    let text = |error: &dyn std::fmt::Display| ApiError::internal(error.to_string());
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| text(&error))?,
        salt: Some(Salt::new(salt).map_err(|error| text(&error))?),
        hash: Some(digest(params, password, salt, memory).map_err(|error| text(&error))?),
    };
    Ok(hash.to_string())
}

/// Whether `password` is behind this PHC string; the comparison takes as long wherever the two differ.
fn fits(password: &str, stored: &str, memory: &mut Memory) -> bool {
    let Ok(hash) = PasswordHash::new(stored) else { return false };
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return false };
    let of_ours =
        hash.algorithm == Algorithm::Argon2id.ident() && expected.as_bytes().len() == Params::DEFAULT_OUTPUT_LEN;
    let Ok(params) = Params::try_from(&hash) else { return false };
    of_ours
        && digest(params, password, salt, memory).is_ok_and(|computed| same(computed.as_bytes(), expected.as_bytes()))
}

const SALT_BYTES: usize = 16;

/// Lets a few in at once and few more wait.
struct Gate {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    /// Memory of a check that is done, for those who wait.
    spare: Mutex<Vec<Memory>>,
}

impl Gate {
    fn new(at_once: usize, most_waiting: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(at_once)),
            waiting: AtomicUsize::new(0),
            most_waiting,
            spare: Mutex::default(),
        }
    }

    fn memory(&self) -> Memory {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn anybody_waits(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Keeps `memory` for those who wait; with nobody waiting, all that is kept goes back to the system.
    fn give_back(&self, memory: Memory) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if self.anybody_waits() {
            spare.push(memory);
        } else {
            spare.clear();
        }
    }

    /// # Errors
    /// 503 when too many wait already.
    async fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= self.most_waiting {
            return Err(ApiError::Unavailable);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(ApiError::internal);
        drop(waiting);
        permit
    }
}

/// Leaves the queue when dropped, also when the caller goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

static GATE: OnceLock<Gate> = OnceLock::new();

/// Half of the processors: the other half is for those who are logged in.
fn present_default() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1))
}

fn gate() -> &'static Gate {
    GATE.get_or_init(|| Gate::new(present_default(), MOST_WAITING))
}

/// Sets how many checks run at once (half of the processors unless given) and how many wait for them; beyond that the
/// answer is 503 with `Retry-After`. The first word in a process holds.
pub fn limit(at_once: Option<usize>, waiting: Option<usize>) {
    GATE.get_or_init(|| Gate::new(at_once.unwrap_or_else(present_default), waiting.unwrap_or(MOST_WAITING)));
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce(&mut Memory) -> T + Send + 'static) -> Result<T, ApiError> {
    let gate = gate();
    let permit = gate.enter().await?;
    // The permit goes along: work whose caller has gone still counts while it runs.
    let work = move || {
        let mut memory = gate.memory();
        let done = work(&mut memory);
        gate.give_back(memory);
        done
    };
    // In a storm two moments of three are for those who are logged in: also a thread that steps back delays them, for a
    // processor that computes is slower to wake than one that rests.
    let then = move |took| {
        if gate.anybody_waits() {
            std::thread::sleep(took * 2);
        }
        drop(permit);
    };
    background::run(work, then).await
}

/// The same text however it was typed: keyboards write 。 and ． or é in more than one way.
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// The PHC string of a password.
///
/// # Errors
/// 500 when hashing fails; 503 when too many wait.
pub async fn hash(password: String, cost: Cost) -> Result<String, ApiError> {
    let mut salt = [0; SALT_BYTES];
    SystemRandom::new().fill(&mut salt).map_err(|_| ApiError::internal("no randomness for a salt"))?;
    off_thread(move |memory| stored(params(cost), &normal(&password), &salt, memory)).await?
}

/// Whether `password` is the one behind `stored`. Without a stored hash the same work is done for nothing, so that an
/// unknown name takes as long as a wrong password.
///
/// # Errors
/// 500 when the check cannot run; 503 when too many wait.
pub async fn verify(password: String, stored: Option<String>, cost: Cost) -> Result<bool, ApiError> {
    off_thread(move |memory| {
        let password = normal(&password);
        let Some(stored) = stored else {
            let _ = digest(params(cost), &password, &[0; SALT_BYTES], memory);
            return false;
        };
        fits(&password, &stored, memory)
    })
    .await
}

/// Whether `stored` was made at another cost than `cost`.
#[must_use]
pub fn is_outdated(stored: &str, cost: Cost) -> bool {
    let wanted = params(cost);
    let as_wanted = |hash: &PasswordHash| {
        hash.algorithm.as_str() == "argon2id"
            && Params::try_from(hash).is_ok_and(|has| {
                (has.m_cost(), has.t_cost(), has.p_cost()) == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
            })
    };
    !PasswordHash::new(stored).is_ok_and(|hash| as_wanted(&hash))
}

/// Notes what is wrong with a new password, `places` being the names of places it may not be put together from.
pub fn check(check: &mut Check, pointer: &str, password: &str, username: &str, places: &HashSet<String>) {
    let password = normal(password);
    let length = password.chars().count();
    let fits = (MIN_LENGTH..=MAX_LENGTH).contains(&length);
    check.that(
        fits,
        pointer,
        "password_length",
        Text::new(
            format!("口令须为 {MIN_LENGTH} 至 {MAX_LENGTH} 个字符。"),
            format!("A password has {MIN_LENGTH} to {MAX_LENGTH} characters."),
        ),
    );
    let lower = password.to_lowercase();
    check.that(
        username.is_empty() || !lower.contains(&username.to_lowercase()),
        pointer,
        "password_contains_name",
        Text::new("口令不能包含用户名。", "A password must not contain the user name."),
    );
    check.that(
        !fits || !common::is_common(&lower, places),
        pointer,
        "password_common",
        Text::new(
            "口令由常见的词、重复或连续的字符拼成，容易被猜到；请换一个，例如几个不相干的词。",
            "The password is put together from common words, repeats or sequences and easily guessed; take another, such \
             as some words that have nothing to do with one another.",
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_of_another_cost_is_outdated() {
        let stored = hash("苗岭梯田里的稻花香二十里".to_owned(), Cost::Light).await.expect("hashes");
        assert!(!is_outdated(&stored, Cost::Light));
        assert!(is_outdated(&stored, Cost::Strong));
        assert!(is_outdated(&stored, Cost::Tuned { kib: 8, passes: 2 }));
        assert!(!is_outdated(&stored, Cost::Tuned { kib: 8, passes: 1 }));
        assert!(is_outdated(&stored.replace("argon2id", "argon2i"), Cost::Light));
        assert!(is_outdated("", Cost::Light));
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_it_is_typed() {
        let stored = hash("ｌａｔｅｒ，café".to_owned(), Cost::Light).await.expect("hashes");
        for typed in ["later,cafe\u{301}", "ｌａｔｅｒ,café"] {
            assert!(verify(typed.to_owned(), Some(stored.clone()), Cost::Light).await.expect("runs"), "{typed}");
        }
        assert!(!verify("later,cafe".to_owned(), Some(stored), Cost::Light).await.expect("runs"));
    }

    #[tokio::test]
    async fn beyond_the_queue_nobody_waits() {
        let gate = Arc::new(Gate::new(1, 2));
        let inside = gate.enter().await.expect("is let in");
        let wait = || {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.enter().await.map(drop) })
        };
        let (first, second) = (wait(), wait());
        while gate.waiting.load(Ordering::Acquire) < 2 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(gate.enter().await, Err(ApiError::Unavailable)), "the queue is full");
        // Who goes away makes room.
        second.abort();
        assert!(second.await.is_err());
        let third = wait();
        drop(inside);
        assert!(first.await.expect("ends").is_ok() && third.await.expect("ends").is_ok());
        assert_eq!(gate.waiting.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn memory_is_handed_on_while_somebody_waits_and_then_goes() {
        let gate = Arc::new(Gate::new(1, 2));
        let inside = gate.enter().await.expect("is let in");
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter().await.map(drop) }
        });
        while gate.waiting.load(Ordering::Acquire) < 1 {
            tokio::task::yield_now().await;
        }
        let mut memory = gate.memory();
        let first =
            digest(params(Cost::Light), "correct-horse-battery", &[1; SALT_BYTES], &mut memory).expect("hashes");
        let place = memory.as_ptr();
        gate.give_back(memory);
        drop(inside);
        assert!(waiting.await.expect("ends").is_ok());
        let mut memory = gate.memory();
        assert_eq!(memory.as_ptr(), place);
        let again =
            digest(params(Cost::Light), "correct-horse-battery", &[1; SALT_BYTES], &mut memory).expect("hashes");
        assert_eq!(first, again, "what was there before has no part in a hash");
        gate.give_back(memory);
        assert!(gate.spare.lock().expect("locks").is_empty());
    }

    #[test]
    fn a_password_is_long_and_not_a_common_one() {
        let faults = |password: &str| {
            let mut found = Check::default();
            check(&mut found, "/new", password, "li.lan", &HashSet::new());
            found.into_errors().into_iter().map(|error| error.code).collect::<Vec<_>>()
        };
        for good in ["苗岭梯田里的稻花香二十里", "correct-horse-battery", "tr0ubadour plays at nine"] {
            assert!(faults(good).is_empty(), "{good}: {:?}", faults(good));
        }
        assert_eq!(faults("short"), ["password_length"]);
        assert_eq!(faults(&"x7".repeat(65)), ["password_length"]);
        assert_eq!(faults("this is LI.LAN speaking"), ["password_contains_name"]);
        for common in ["password1234", "woaini1314520", "Xiaonong@2026", "校农校农校农校农校农校农", "1qaz2wsx3edc4rfv"]
        {
            assert_eq!(faults(common), ["password_common"], "{common}");
        }
    }
}
