//! Time and randomness, passed in: the only place that asks the machine for either.

use entity::time::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use uuid::{Builder, Uuid};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one reading of the machine's clock")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands where it was put: for tests and for playing past days.
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock standing at `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Yields random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `into` with random bytes.
    fn fill(&self, into: &mut [u8]);
}

/// The operating system's random source.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, into: &mut [u8]) {
        SystemRandom::new().fill(into).expect("the operating system's random source answers");
    }
}

/// Repeatable bytes (SplitMix64) for the demonstration and tests: never for secrets.
pub struct SeededEntropy(Mutex<u64>);

impl SeededEntropy {
    /// The same seed yields the same bytes in the same order.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// The next 64 bits.
    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must not be zero.
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Makes UUIDv7 ids from a clock and a random source.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Ids {
    /// Ids that carry `clock`'s time.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The same randomness with another clock: for playing past days.
    #[must_use]
    pub fn at(&self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, entropy: Arc::clone(&self.entropy) }
    }

    /// A new id of any kind.
    #[must_use]
    pub fn next<T: From<Uuid>>(&self) -> T {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        let millis = u64::try_from(self.clock.now().0).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into()
    }

    /// Random bytes for secrets and one-time passwords.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}
