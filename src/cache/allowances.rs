//! How many requests an account or an address may still make in the present minute: counted in this process, and told to
//! Redis in lots, so that replicas count together without a round trip for each request.
//!
//! A process asks Redis once for every twentieth part of an allowance it has used up; between, it decides by what it
//! knows. Replicas together may let through as many lots too many as there are of them. With Redis gone each counts alone.

use super::counters::Remote;
use entity::{id::AccountId, time::Timestamp};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The length of a window.
pub const WINDOW: Duration = Duration::from_secs(60);
const WINDOW_MILLIS: i64 = 60_000;
/// Parts of an allowance after which Redis is told.
const LOTS: u64 = 20;
/// Budgets kept at most in one window. Above it new addresses share one: an attacker with many does not fill the memory.
const MOST_BUDGETS: usize = 50_000;

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Everything an account does.
    Account(AccountId),
    /// What an account changes.
    Writes(AccountId),
    /// Everything that comes from an address; of IPv6, from a /64.
    Address(IpAddr),
    /// All addresses for which there is no room.
    OtherAddresses,
}

impl Budget {
    /// The budget of an address.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
            IpAddr::V4(v4) => IpAddr::V4(v4),
        })
    }

    fn key(self, window: i64) -> String {
        match self {
            Self::Account(id) => format!("xiaonong:rate:account:{id}:{window}"),
            Self::Writes(id) => format!("xiaonong:rate:writes:{id}:{window}"),
            Self::Address(address) => format!("xiaonong:rate:address:{address}:{window}"),
            Self::OtherAddresses => format!("xiaonong:rate:addresses:{window}"),
        }
    }
}

/// What is left after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request is within the allowance.
    pub within: bool,
    /// Requests left in the window.
    pub left: u64,
    /// Seconds until the window ends, at least 1.
    pub resets_in: i64,
}

#[derive(Clone, Copy)]
struct Entry {
    window: i64,
    /// Requests let through by this process.
    own: u64,
    /// Those of them that Redis knows of.
    told: u64,
    /// Requests let through by other processes, as far as known.
    others: u64,
}

/// The allowances of one process. Cheap to clone.
#[derive(Clone)]
pub struct Allowances {
    remote: Option<Arc<Remote>>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    entries: HashMap<Budget, Entry>,
    /// The window in which what is past was last swept out: once is enough, for it costs a walk over all entries.
    swept: i64,
}

impl Allowances {
    pub(super) fn over(remote: Option<Arc<Remote>>) -> Self {
        Self { remote, kept: Arc::default() }
    }

    /// Counts a request against `budget`, of which there are `most` in a window.
    pub async fn spend(&self, budget: Budget, most: u64, now: Timestamp) -> Verdict {
        let window = now.0.div_euclid(WINDOW_MILLIS);
        let (budget, mut verdict, lot) = self.spend_here(budget, most, window);
        let resets_in = WINDOW_MILLIS - now.0.rem_euclid(WINDOW_MILLIS);
        verdict.resets_in = resets_in.div_euclid(1_000).max(1);
        if let (Some(remote), Some(lot)) = (&self.remote, lot)
            && let Some(total) = remote.add(&budget.key(window), lot, WINDOW * 2, now).await
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = kept.entries.get_mut(&budget).filter(|entry| entry.window == window) {
                entry.others = entry.others.max(total.saturating_sub(entry.told));
                verdict.left = verdict.left.min(most.saturating_sub(entry.own + entry.others));
            }
        }
        verdict
    }

    /// Counts here; answers also with what Redis is to be told.
    fn spend_here(&self, budget: Budget, most: u64, window: i64) -> (Budget, Verdict, Option<u64>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { entries, swept } = &mut *kept;
        let mut budget = budget;
        if entries.len() >= MOST_BUDGETS && !entries.contains_key(&budget) {
            if *swept != window {
                *swept = window;
                entries.retain(|_, entry| entry.window == window);
            }
            if entries.len() >= MOST_BUDGETS && matches!(budget, Budget::Address(_)) {
                budget = Budget::OtherAddresses;
            }
        }
        let fresh = Entry { window, own: 0, told: 0, others: 0 };
        let entry = entries.entry(budget).or_insert(fresh);
        if entry.window != window {
            *entry = fresh;
        }
        let used = entry.own + entry.others;
        if used >= most {
            return (budget, Verdict { within: false, left: 0, resets_in: 0 }, None);
        }
        entry.own += 1;
        let untold = entry.own - entry.told;
        let lot = (self.remote.is_some() && untold >= (most / LOTS).max(1)).then_some(untold);
        entry.told += lot.unwrap_or_default();
        (budget, Verdict { within: true, left: most - used - 1, resets_in: 0 }, lot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[tokio::test]
    async fn an_allowance_runs_out_and_comes_back_with_the_minute() {
        let allowances = Allowances::over(None);
        let budget = Budget::of_address(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)));
        let spend = async |at| allowances.spend(budget, 2, Timestamp(at)).await;
        assert_eq!(spend(60_000).await, Verdict { within: true, left: 1, resets_in: 60 });
        assert_eq!(spend(90_500).await, Verdict { within: true, left: 0, resets_in: 29 });
        assert_eq!(spend(119_999).await, Verdict { within: false, left: 0, resets_in: 1 });
        assert_eq!(spend(120_000).await, Verdict { within: true, left: 1, resets_in: 60 });
    }

    #[tokio::test]
    async fn one_network_is_one_address() {
        let allowances = Allowances::over(None);
        let spend = async |address: &str| {
            let address = address.parse().expect("an address");
            allowances.spend(Budget::of_address(address), 1, Timestamp(0)).await.within
        };
        assert!(spend("2001:db8::1").await && !spend("2001:db8::2").await && spend("2001:db8:0:1::1").await);
        assert!(spend("203.0.113.7").await && !spend("::ffff:203.0.113.7").await);
    }

    #[test]
    fn many_addresses_share_what_room_there_is() {
        let allowances = Allowances::over(None);
        let address = |number: u32| Budget::of_address(IpAddr::V4(Ipv4Addr::from_bits(number)));
        for number in 0..60_000 {
            allowances.spend_here(address(number), 1_000_000, 0);
        }
        assert!(allowances.kept.lock().expect("no panic").entries.len() <= MOST_BUDGETS + 1);
        assert_eq!(allowances.spend_here(address(59_999), 1_000_000, 0).0, Budget::OtherAddresses);
        assert_eq!(allowances.spend_here(address(59_999), 1_000_000, 1).0, address(59_999), "until the next minute");
    }
}
