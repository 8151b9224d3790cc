//! Chance that comes out the same in every run: each decision has dice of its own, seeded by what it is about, so that
//! neither the order of the tasks nor an interruption moves a figure.

use crate::clock::SeededEntropy;

/// Seed of the demonstration.
const SEED: u64 = 7;

/// Dice for one decision or a row of them.
pub struct Dice(SeededEntropy);

impl Dice {
    /// The demonstration's dice for what these words name.
    pub fn of(words: &[&str]) -> Self {
        Self::seeded(SEED, words)
    }

    /// Dice for what these words name (FNV-1a over them and the seed).
    pub fn seeded(seed: u64, words: &[&str]) -> Self {
        let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ seed;
        for byte in words.iter().flat_map(|word| word.bytes().chain([0])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        Self(SeededEntropy::new(hash))
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap_or(1).max(1);
        low + i64::try_from(self.0.below(span)).unwrap_or_default()
    }

    /// Sixty-four bits, to seed something else with.
    pub fn bits(&self) -> u64 {
        self.0.next()
    }

    /// True in so many of a thousand cases.
    pub fn in_thousand(&self, cases: i64) -> bool {
        self.between(0, 999) < cases
    }

    /// One of `choices`.
    pub fn pick<'a, T>(&self, choices: &'a [T]) -> Option<&'a T> {
        if choices.is_empty() { None } else { choices.get(self.index(choices.len())) }
    }

    /// A place in a list of this length, which must not be zero.
    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.between(0, i64::try_from(length).unwrap_or(1) - 1)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_throw_the_same() {
        let throw = |words: &[&str]| -> Vec<i64> {
            let dice = Dice::of(words);
            (0..5).map(|_| dice.between(1, 6)).collect()
        };
        assert_eq!(throw(&["a", "b"]), throw(&["a", "b"]));
        assert_ne!(throw(&["a", "b"]), throw(&["ab", ""]));
        assert!(throw(&["c"]).iter().all(|eyes| (1..=6).contains(eyes)));
    }
}
