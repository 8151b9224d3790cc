//! What every handler shares: database, clock, ids, caches, tokens, settings.

use crate::{
    access::{Guard, Seal, Tokens},
    cache::{Allowances, Counters, Pages, Recent},
    clock::{Clock, Ids},
    config::Settings,
    metrics::Metrics,
    store::{Files, Store},
    vault::Vault,
};
use std::{ops::Deref, sync::Arc};

/// Cheap to clone, for every layer of a request holds one: a single count, which the threads fight over less than over
/// one count a part.
#[derive(Clone)]
pub struct Ctx(Arc<Parts>);

/// What a [`Ctx`] holds.
#[derive(Clone)]
pub struct Parts {
    /// Both databases' pools.
    pub store: Store,
    /// Content of documents, by hash.
    pub files: Arc<Files>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids and random bytes.
    pub ids: Ids,
    /// Counters that may be lost (Redis, or in-process).
    pub counters: Counters,
    /// What accounts and addresses may still ask this minute.
    pub allowances: Allowances,
    /// Answers kept for a moment.
    pub pages: Arc<Pages>,
    /// Small tables kept for a moment.
    pub recent: Arc<Recent>,
    /// Issues and checks access tokens.
    pub tokens: Arc<Tokens>,
    /// Seals and opens personal data.
    pub vault: Arc<Vault>,
    /// Seals what must be read back and must not lie open.
    pub seal: Arc<Seal>,
    /// Verified callers, kept for a moment.
    pub guard: Arc<Guard>,
    /// Typed settings.
    pub settings: Arc<Settings>,
    /// Figures for `/metrics`.
    pub metrics: Arc<Metrics>,
}

impl Deref for Ctx {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<Parts> for Ctx {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Ctx {
    /// The same with another time, and ids that carry it: for playing past days.
    #[must_use]
    pub fn at(&self, clock: Arc<dyn Clock>) -> Self {
        let ids = self.ids.at(Arc::clone(&clock));
        Parts { clock, ids, ..Parts::clone(&self.0) }.into()
    }
}
